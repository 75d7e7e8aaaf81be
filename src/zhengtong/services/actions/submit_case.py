# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result
from zhengtong.errors import Refused
from zhengtong.ledger.record import ObjectRef
from zhengtong.ledger.rules.canonical import Value
from zhengtong.organization.persons import Person, pseudonym_of
from zhengtong.services import consents, drafts
from zhengtong.services.casework import CaseWork, calendar, move, remember
from zhengtong.services.decisions import record_decisions
from zhengtong.services.engine.notices import NoticeKind
from zhengtong.services.models import Case, CaseForm, Material, Step
from zhengtong.services.notices import order_notice
from zhengtong.services.offers import stands_for
from zhengtong.services.own_outputs import reused
from zhengtong.services.published import LifeEvent, published
from zhengtong.services.rules.flow import Submit
from zhengtong.services.uploaded import UploadedMaterial as UploadedMaterial  # noqa: PLC0414  # read from here by others


@dataclass(frozen=True)
class SubmitCase(Action[On]):
    """File a case for a life event: by the applicant himself, by who holds a mandate of `principal` (a person's or
    firm's pseudonym), or at the counter for the person who stands there.

    Raises `FormFaults` naming every field and material that is wrong or missing, and `Overtaken` where the draft it was
    kept in (`draft`, as its window saw it) was changed or submitted by another window.
    """

    verb: ClassVar[str] = "case.submit"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("resident", Relation.OWN),
        Allowed("resident", Relation.AGENT),
        Allowed("clerk", Relation.ANY),
    )

    definition: str
    answers: Mapping[str, str]
    raw: Mapping[str, str]
    materials: tuple[UploadedMaterial, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)
    on_behalf_of: Person | None = None
    demo: bool = False
    principal: str = ""
    draft: str = ""
    draft_seen: int = 0
    draft_writer: str = ""
    promised: tuple[str, ...] = ()
    """Documents to be supplied later (容缺), where their services allow it."""
    committed: tuple[str, ...] = ()
    """Documents a commitment stands for (告知承诺): the applicant made the commitment in the words of the file."""
    consents: tuple[str, ...] = ()
    """Consents of others asked for instead of documents; the case waits for them."""

    def target(self, actor: Actor) -> On:
        if self.principal:
            matter = published(self.definition).key
            return On(Subject("case", principals=frozenset({self.principal}), matter=matter))
        owner = frozenset() if self.on_behalf_of else frozenset({actor.id})
        return On(Subject("case", owners=owner))

    def run(self, act: Act, target: On) -> Result:
        if self.principal and not act.under:  # a clerk may submit for whoever stands there, not for whoever he names
            raise Refused("没有代为申请的授权", "there is no mandate to apply for them", where=self.verb)
        if self.draft:
            drafts.consume(self.draft, act.actor.id, self.draft_seen, self.draft_writer)
        event = published(self.definition)
        answers = event.check_answers(self.answers)
        today = calendar().date_of(act.now_us)
        values = event.read_form(answers, self.raw, today=today)
        wanted = {ask.material.key for ask in event.uploads(answers, values)}
        materials = list({m.key: m for m in self.materials if m.key in wanted}.values())
        asked = consents.chosen(event, answers, values, set(self.consents))
        given = {m.key for m in materials} | {consent.instead_of for consent in asked}
        instead = stands_for(
            event, answers, values, given=given, promised=self.promised,
            committed=self.committed, now_us=act.now_us,
        )  # fmt: skip
        case = self._case(act, event, answers)
        own = reused(case.applicant, materials)
        work = CaseWork(case, {})
        origins = {key: self.origins.get(key, "typed") for key in values}
        about: dict[str, Value] = {
            "life_event": event.key,
            "definition": event.hash,
            "channel": case.channel,
            "fields_typed": sum(origin == "typed" for origin in origins.values()),
            "fields_reused": sum(origin != "typed" for origin in origins.values()),
            "materials_uploaded": len(materials) - len(own),
            "visits": 1 if case.channel == "counter" else 0,
        }
        act.record("case_submitted", case, attributes=about)
        form = CaseForm(case=case, reference=uuid.uuid4().hex, values=values, origins=origins)
        act.record("form_recorded", form, [work.case_ref])
        work.__dict__["form"] = form
        for material in materials:
            row = Material(case=case, reference=uuid.uuid4().hex, **material.__dict__)
            origin = {"reused": own[material.key]} if material.key in own else {}
            touched = [work.case_ref, *(ObjectRef("output", number) for number in origin.values())]
            act.record("material_recorded", row, touched, {"key": material.key, **origin})
        self._plan(act, work, waits=bool(asked))
        if asked:
            consents.ask(act, work, asked, instead)
        else:
            move(act, work, Submit(act.now_us, instead.tolerated, instead.committed))
        record_decisions(act, work)
        order_notice(act, work, NoticeKind.INTAKE)
        remember(work)
        return {"case": case.number}

    def _case(self, act: Act, event: LifeEvent, answers: Mapping[str, str]) -> Case:
        year = calendar().date_of(act.now_us).year
        serial = act.next_number(f"case/{year}")
        helped = self.on_behalf_of is not None
        return Case(
            number=f"M{year % 100:02d}-{serial:06d}",
            life_event=event.key,
            definition=event.hash,
            answers=dict(answers),
            applicant=pseudonym_of(self.on_behalf_of) if self.on_behalf_of else self.principal or act.actor.id,
            taken_by=act.actor.id if helped else "",
            channel="counter" if helped else "portal",
            phase="open",
            submitted_us=act.now_us,
            demo=self.demo,
        )

    def _plan(self, act: Act, work: CaseWork, *, waits: bool) -> None:
        """Plan every step; departments receive those that wait for nothing once the case may begin."""
        case = work.case
        work.steps = {
            step.key: Step(
                case=case,
                reference=f"{case.number}.{step.key}",
                key=step.key,
                department=step.department,
                external=step.external,
                state="waiting",
            )
            for step in work.plan.steps
        }
        for step in work.plan.steps:
            if step.needs or waits:
                about = {"life_event": case.life_event, "service": step.key}
                act.record("step_planned", work.steps[step.key], [work.case_ref], about)
