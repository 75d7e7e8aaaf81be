# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, Result
from zhengtong.errors import Conflict, NotFound
from zhengtong.ledger.record import ObjectRef
from zhengtong.ledger.rules.canonical import Value
from zhengtong.services.models import Case, CaseMigration, Step
from zhengtong.services.rules.replay import state_said


@dataclass
class MigrationWork:
    """A move with its case, whose lock is held."""

    row: CaseMigration
    case: Case
    steps: dict[str, Step]

    @property
    def subject(self) -> Subject:
        departments = frozenset(step.department for step in self.steps.values())
        return Subject("case", self.case.number, frozenset({self.case.applicant}), departments)


@dataclass(frozen=True)
class RevertMigration(Action[MigrationWork]):
    """Put a case back on the version it was moved from, while nothing new has happened in it.

    Raises `Conflict` where something has, or where the move began a step of another authority's system.
    """

    verb: ClassVar[str] = "case.revert_migration"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("data_bureau", Relation.ANY),
        Allowed("system", Relation.ANY),
    )

    case: str
    migration: str

    def target(self, actor: Actor) -> MigrationWork:
        case = Case.objects.select_for_update().filter(number=self.case).first()
        row = CaseMigration.objects.filter(reference=self.migration, case=case).first() if case else None
        if case is None or row is None:
            raise NotFound("没有这次版本迁移", "there is no such migration", where=self.case, found=self.migration)
        return MigrationWork(row, case, {step.key: step for step in case.steps.all()})

    def run(self, act: Act, target: MigrationWork) -> Result:
        row, case, steps = target.row, target.case, target.steps
        self._still_as_moved(row, case, steps)
        about: dict[str, Value] = {"life_event": case.life_event, "from": row.to_hash, "to": row.from_hash}
        case.definition = row.from_hash
        case_ref = [ObjectRef("case", case.number)]
        act.record("case_migration_reverted", case, attributes=about)
        for key, step in steps.items():
            of: dict[str, Value] = {"life_event": case.life_event, "service": key}
            stood = row.before.get(key)
            if stood is None and step.state != "dropped":
                step.state, step.due_us, step.lapse_us = "dropped", None, None
                act.record("step_removed", step, case_ref, of)
            elif stood is not None and any(getattr(step, name) != value for name, value in stood.items()):
                for name, value in stood.items():
                    setattr(step, name, value)
                act.record("step_restored", step, case_ref, {**of, **state_said("step_restored", step.state)})
        row.reverted_us = act.now_us
        act.record("migration_reverted", row, case_ref)
        return {"case": case.number, "definition": case.definition}

    def _still_as_moved(self, row: CaseMigration, case: Case, steps: dict[str, Step]) -> None:
        if row.reverted_us is not None:
            raise Conflict("这次迁移已经撤回", "this migration was taken back already", where=self.case)
        found = {"": case.version} | {key: step.version for key, step in steps.items()}
        if found != row.after or case.phase != "open":
            raise Conflict(
                "迁移之后办件又有新的进展，不能撤回", "something has happened since the case was moved", where=self.case
            )
        pushed = [k for k, s in steps.items() if s.external and s.facts and not (row.before.get(k) or {}).get("facts")]
        if pushed:
            raise Conflict(
                "迁移后开始的环节已经推送给外部系统，不能撤回",
                "a step that began with the move was sent to another system", where=self.case, found=", ".join(pushed),
            )  # fmt: skip
