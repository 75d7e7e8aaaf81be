# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation
from zhengtong.acts.perform import Act, Action, Result
from zhengtong.errors import Conflict
from zhengtong.ledger.rules.canonical import Value
from zhengtong.services.casework import CaseWork, due_of, next_lapse, open_case
from zhengtong.services.decisions import record_decisions
from zhengtong.services.migrating import change_of, refusal_words, same_event
from zhengtong.services.models import CaseMigration, Step
from zhengtong.services.published import published
from zhengtong.services.rules import flow
from zhengtong.services.rules.migration import Change, moved
from zhengtong.services.rules.replay import state_said

STOOD = ("state", "facts", "due_us", "lapse_us", "department", "external", "decided_by", "reason_code")
"""What of a step's row a move may change, and taking it back restores."""


@dataclass(frozen=True)
class MigrateCase(Action[CaseWork]):
    """Move a running case from the version it is on to another published one.

    Raises `Conflict` with every reason why it may not be moved, or where the case is no longer on `from_hash`.
    """

    verb: ClassVar[str] = "case.migrate"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("data_bureau", Relation.ANY),
        Allowed("system", Relation.ANY),
    )

    case: str
    from_hash: str
    to_hash: str

    def target(self, actor: Actor) -> CaseWork:
        return open_case(self.case)

    def run(self, act: Act, target: CaseWork) -> Result:
        work, new = target, published(self.to_hash)
        same_event(published(self.from_hash), new)
        if work.case.definition != self.from_hash:
            raise Conflict(
                "办件已经不在这个版本上", "the case is no longer on this version", where=self.case,
                found=work.case.definition[:12], expected=self.from_hash[:12],
            )  # fmt: skip
        change = change_of(work, new, act.now_us)
        if change.refusals:
            raise Conflict(
                "；".join(refusal_words(change.refusals, "zh")), "; ".join(refusal_words(change.refusals, "en")),
                where=self.case,
            )  # fmt: skip
        # not before what happened already: another server's clock may stand a little ahead
        last = max((int(fact["at_us"]) for step in work.steps.values() for fact in step.facts), default=0)
        act.now_us = max(act.now_us, last)
        before = {key: {name: getattr(row, name) for name in STOOD} for key, row in work.steps.items()}
        reference = self._move(act, work, change)
        after = self._write(act, work, change, reference)
        row = CaseMigration(
            case=work.case,
            reference=reference,
            from_hash=self.from_hash,
            to_hash=self.to_hash,
            before=before,
            after=after,
            moved_us=act.now_us,
        )
        act.record("migration_recorded", row, [work.case_ref])
        return {"case": self.case, "migration": reference}

    def _move(self, act: Act, work: CaseWork, change: Change) -> str:
        """Put the case on the new version; its plan is the new one's from here on."""
        work.case.definition = self.to_hash
        about: dict[str, Value] = {
            "life_event": work.case.life_event,
            "from": self.from_hash,
            "to": self.to_hash,
            "added": len(change.added),
            "removed": len(change.removed),
        }
        act.record("case_migrated", work.case, attributes=about)
        return uuid.uuid4().hex

    def _write(self, act: Act, work: CaseWork, change: Change, reference: str) -> dict[str, int]:
        """Write every step that changes; returns the versions of the case's rows when all is done."""
        old_state, rows = work.state, {row.key: row for row in work.case.steps.all()}
        for name in ("definition", "plan"):
            work.__dict__.pop(name, None)
        plan = work.plan
        for key in change.removed:
            self._set(act, work, rows[key], "step_removed", state="dropped", due_us=None, lapse_us=None)
        work.steps = {step.key: rows.get(step.key) or _new_step(work, step.key) for step in plan.steps}
        for key in change.handed:
            planned = plan.by_key[key]
            self._set(
                act, work, work.steps[key], "step_handed", department=planned.department, external=planned.external
            )
        for key in change.added:
            planned = plan.by_key[key]
            fresh: dict[str, Any] = {"department": planned.department, "external": planned.external, "facts": []}
            self._set(act, work, work.steps[key], "step_added", state="waiting", **fresh)
        state, happened = flow.settle(plan, moved(plan, old_state), act.now_us)
        told = {what.step: what for what in happened if what.step}
        for key, row in work.steps.items():
            self._settled(act, work, row, state.steps[key], told.get(key))
        closed = next((what for what in happened if not what.step), None)
        if closed:
            work.case.phase, work.case.closed_us = state.phase.value, act.now_us
            act.record(
                "case_closed", work.case, attributes={"life_event": work.case.life_event, "outcome": closed.code}
            )
        record_decisions(act, work)
        return {"": work.case.version} | {key: row.version for key, row in {**rows, **work.steps}.items()}

    def _settled(
        self, act: Act, work: CaseWork, row: Step, status: flow.StepStatus, what: flow.Happened | None
    ) -> None:
        """A step as it stands under the new version: begun, waiting again, or only with other limits."""
        stands_otherwise = what is not None or row.state != status.state.value
        row.state = status.state.value
        if _received(what):
            row.facts = [*row.facts, {"kind": "received", "at_us": act.now_us}]
        open_ = row.facts and row.state not in flow.FINAL
        due = due_of(work, row.key, act.now_us) if open_ else row.due_us
        lapse = next_lapse(work, row.key, act.now_us) if open_ else row.lapse_us
        if stands_otherwise or (due, lapse) != (row.due_us, row.lapse_us):
            self._set(act, work, row, what.type if what else "step_limits_changed", due_us=due, lapse_us=lapse)
        if _received(what) and row.external:
            act.post("services.push", {"case": work.case.number, "step": row.key})

    def _set(self, act: Act, work: CaseWork, row: Step, type: str, **values: Any) -> None:
        for name, value in values.items():
            setattr(row, name, value)
        about: dict[str, Value] = {"life_event": work.case.life_event, "service": row.key}
        act.record(type, row, [work.case_ref], {**about, **state_said(type, row.state)})


def _received(what: flow.Happened | None) -> bool:
    return what is not None and what.type == "step_received"


def _new_step(work: CaseWork, key: str) -> Step:
    return Step(case=work.case, reference=f"{work.case.number}.{key}", key=key, state="waiting")
