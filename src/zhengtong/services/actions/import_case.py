# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, Result
from zhengtong.acts.serving import city
from zhengtong.errors import Conflict
from zhengtong.ledger.rules.canonical import Value
from zhengtong.services.casework import IMPORTED, CaseWork, calendar, move, open_case
from zhengtong.services.imported_versions import Limits, life_event_of, version_of
from zhengtong.services.models import Case, CaseForm, ImportedCase, PublishedVersion, Step
from zhengtong.services.rules import flow
from zhengtong.services.rules.imported import Moment, SourceCase, timeline


@dataclass
class ImportTarget:
    """What an import acts on: the case it brought before, if it did."""

    known: ImportedCase | None

    @property
    def subject(self) -> Subject:
        return Subject("case", self.known.case.number if self.known else "")


@dataclass(frozen=True)
class ImportCase(Action[ImportTarget]):
    """Bring one case of another system into the record, or on to where it stands there now.

    Every event carries the instant it happened in the source and is recorded now: it does not pretend to have been
    sealed then. Raises `Conflict` where the source says something else of what is in the record already.
    """

    verb: ClassVar[str] = "case.import"
    allowed: ClassVar[tuple[Allowed, ...]] = (Allowed("system", Relation.ANY),)

    source: str
    content: str
    unit: str
    told: SourceCase

    def target(self, actor: Actor) -> ImportTarget:
        known = ImportedCase.objects.select_for_update(of=("self",)).select_related("case")
        return ImportTarget(known.filter(source=self.source, source_number=self.told.number).first())

    def run(self, act: Act, target: ImportTarget) -> Result:
        recorded_us = act.now_us
        moments = timeline(self.told)
        row = target.known
        if row is not None and row.content == self.content:
            return {"case": row.case.number, "done": "unchanged"}
        if row is None:
            work, begun = self._begin(act, moments[0].at_us), 1
            row = ImportedCase(
                case=work.case,
                reference=uuid.uuid4().hex,
                source=self.source,
                source_number=self.told.number,
                service=self.told.service,
            )
        else:
            begun = self._continues(row, moments)
            work = open_case(row.case.number, self.told.service)
        for moment in moments[begun:]:
            self._apply(act, work, moment)
        row.content, row.imported_us = self.content, recorded_us
        row.moments = [asdict(moment) for moment in moments]
        row.late, row.source_on_time, row.result = self._late(work, recorded_us), self.told.on_time, self.told.result
        act.now_us = recorded_us  # the import itself happens now, whatever it tells of
        about: dict[str, Value] = {"source": self.source, "content": self.content, "moments": len(moments)}
        act.record("case_imported", row, [work.case_ref], about)
        return {"case": work.case.number, "done": "imported" if row.version == 1 else "continued", "late": row.late}

    def _continues(self, row: ImportedCase, moments: Sequence[Moment]) -> int:
        """How many moments are in the record already; they must be the first ones of what is told now."""
        had = [Moment(**moment) for moment in row.moments]
        if list(moments[: len(had)]) != had:
            raise Conflict(
                "来源改写了已经入账的经过，没有导入；请先与来源系统核对",
                "the source rewrote what is in the record already; not imported, settle it with the source first",
                where=f"{self.source} {self.told.number}",
                found=_shown(moments[: len(had)]),
                expected=_shown(had),
            )
        return len(had)

    def _begin(self, act: Act, at_us: int) -> CaseWork:
        """The case and its one step, received when it was applied for."""
        act.now_us = at_us
        version = self._published(act)
        year = calendar().date_of(at_us).year
        case = Case(
            number=f"I{year % 100:02d}-{act.next_number(f'import/{year}'):07d}",
            life_event=life_event_of(self.told.service),
            definition=version.hash,
            applicant="",
            channel=IMPORTED,
            phase="open",
            submitted_us=at_us,
        )
        service = version.body["services"][0]
        about = {"life_event": case.life_event, "definition": version.hash, "channel": IMPORTED, "source": self.source}
        act.department = service["department"]
        act.record("case_submitted", case, attributes=about)
        work = CaseWork(case, {}, self.told.service)
        form = CaseForm(case=case, reference=uuid.uuid4().hex)
        act.record("form_recorded", form, [work.case_ref])
        work.__dict__["form"] = form
        work.steps = {
            self.told.service: Step(
                case=case,
                reference=f"{case.number}.{self.told.service}",
                key=self.told.service,
                department=service["department"],
                external=self.source,
                state="waiting",
            )
        }
        move(act, work, flow.Submit(at_us))
        return work

    def _published(self, act: Act) -> PublishedVersion:
        limits = Limits(self.told.promised_days, self.told.statutory_days, self.unit)
        body, hash = version_of(city(), self.told.service, self.source, limits)
        row = PublishedVersion.objects.filter(hash=hash).first()
        if row is None:
            key = life_event_of(self.told.service)
            row = PublishedVersion(hash=hash, kind=IMPORTED, key=key, body=body, published_us=act.now_us)
            act.record("version_published", row, attributes={"kind": IMPORTED, "key": key})
        return row

    def _apply(self, act: Act, work: CaseWork, moment: Moment) -> None:
        act.now_us = moment.at_us
        act.department = work.step.department
        if moment.kind == "stage":
            about = {"stage": moment.code, "service": self.told.service, "source": self.source}
            act.emit("stage_recorded", [work.case_ref], about, time_us=moment.at_us)
            return
        make = _ACTS[moment.kind]
        move(act, work, make(self.told.service, moment), {"source": self.source})

    def _late(self, work: CaseWork, now_us: int) -> bool | None:
        """Whether the decision missed its promise (the statute, where nothing was promised), by our clock.

        None before anything can be said, and of what the applicant gave up: nobody decided that.
        """
        if self.told.outcome == "withdrawn":
            return None
        view = work.limits(self.told.service, now_us).limit("decide")
        mark = (view.promised or view.statutory) if view else None
        if view is None or mark is None:
            return None
        if mark.missed_us is None and view.ended_us is None:
            return None
        return mark.missed_us is not None


Make = Callable[[str, Moment], flow.FlowAct]
_ACTS: dict[str, Make] = {
    "correction_asked": lambda step, m: flow.AskCorrection(step, m.at_us, ("source",)),
    "corrected": lambda _, m: flow.SupplyCorrection(m.at_us),
    "accepted": lambda step, m: flow.Accept(step, m.at_us),
    "not_accepted": lambda step, m: flow.NotAccept(step, m.at_us, ""),
    "paused": lambda step, m: flow.Pause(step, m.at_us, m.code),
    "resumed": lambda step, m: flow.Resume(step, m.at_us),
    "granted": lambda step, m: flow.Decide(step, m.at_us, True),
    "refused": lambda step, m: flow.Decide(step, m.at_us, False),
    "withdrawn": lambda _, m: flow.Withdraw(m.at_us),
}


def _shown(moments: Sequence[Moment]) -> str:
    return " ".join(f"{moment.kind}@{moment.at_us}" for moment in moments)[:200]
