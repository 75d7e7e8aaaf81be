# SPDX-License-Identifier: Apache-2.0
"""What may be done to a step now, each as a small form: drawn from the rules, so that nothing is offered that they
would refuse, and drawn again with what was typed where they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Subject, may
from zhengtong.acts.perform import now_us
from zhengtong.errors import Conflict, ZhengtongError
from zhengtong.services.actions.ask_correction import correctable
from zhengtong.services.casework import CaseWork, calendar, check_public_notice
from zhengtong.services.reasons import reasons_for
from zhengtong.services.rules.flow import DEAD, GIVEN, StepState
from zhengtong.services.rules.special import check_ripe
from zhengtong.ui.forms import Choice, Field, field_id

LONGEST = 2000
"""Characters of an explanation: it goes into a notice of a page or two."""


@dataclass(frozen=True)
class StepField(Field):
    """A field of one of several forms on a page: its id names the form too."""

    form: str = ""

    @property
    def id(self) -> str:
        return field_id(f"{self.form}-{self.name}")


@dataclass(frozen=True)
class StepForm:
    """One act: its button, what it asks, `danger` where it goes against the applicant."""

    act: str
    button: str
    fields: Sequence[StepField] = ()
    danger: bool = False
    title: str = ""
    note: str = ""
    hidden: Mapping[str, str] | None = None

    @property
    def wrong(self) -> bool:
        return any(field.error for field in self.fields)

    def again(self, posted: Mapping[str, Sequence[str]], faults: Mapping[str, ZhengtongError]) -> StepForm:
        """The same form with what was typed, and what was wrong with it."""
        fields = []
        for field in self.fields:
            typed = list(posted.get(field.name, ()))
            value: object = typed if field.kind == "checkboxes" else (typed[0] if typed else "")
            fields.append(replace(field, value=value, error=faults.get(field.name, "")))
        return replace(self, fields=fields)


def _form(act: str, button: str, *fields: Field, **more: object) -> StepForm:
    own = [StepField(**{**field.__dict__, "form": act}) for field in fields]
    return StepForm(act, button, own, **more)  # type: ignore[arg-type]  # title, note, danger, hidden


def _text(label: str, hint: str = "") -> Field:
    return Field("text", label, kind="textarea", hint=hint, attributes={"maxlength": LONGEST})


def _reason(work: CaseWork, *uses: str) -> Field:
    listed = [one for use in uses for one in reasons_for(work.definition, use)]
    choices = [Choice(one.key, one.name, one.basis or "") for one in listed]
    return Field("reason", _("Reason"), kind="select", choices=choices)


def step_forms(work: CaseWork, me: Actor) -> list[StepForm]:
    """Everything `me` may do to this step now, the main thing first."""
    if work.step.external:
        return []
    forms: list[StepForm] = []
    if may(me, "step.decide", work.subject):
        forms += _MAIN.get(work.step.state, _nothing)(work)
        forms += _visit(work, me)
        forms += _beside(work)
    if work.status.transfer_asked and may(me, "step.sign_transfer", _offered(work)):
        forms += [
            _form("sign_transfer", _("Sign for it")),
            _form("return_transfer", _("Return it"), _text(_("Why it is not your matter")), danger=True),
        ]
    forms += _heads(work, me)
    return forms


def _offered(work: CaseWork) -> Subject:
    asked = work.status.transfer_asked
    return replace(work.subject, departments=frozenset({asked.about} if asked else ()))


def _nothing(work: CaseWork) -> list[StepForm]:
    return []


def _pending(work: CaseWork) -> list[StepForm]:
    forms = [_form("accept", _("Accept"))]
    if not work.step.corrections.exists():
        forms.append(_correction(work))
    words = _text(_("Explanation for the applicant"))
    return [*forms, _form("not_accept", _("Do not accept"), _reason(work, "not_accept"), words, danger=True)]


def _correction(work: CaseWork) -> StepForm:
    definition, able = work.definition, correctable(work)
    names = {key: element.name for key, element in definition.elements.items()}
    names |= {material.key: material.name for material in definition.services[work.step.key].materials}
    items = Field(
        "items",
        _("What has to be corrected? Name everything now: it can be asked only once."),
        kind="checkboxes",
        choices=[Choice(key, name) for key, name in names.items() if key in able],
    )
    words = _text(_("Why, in words the applicant understands"))
    return _form("ask", _("Send the request"), items, words, title=_("Ask for a correction"))


def _accepted(work: CaseWork) -> list[StepForm]:
    forms = []
    service, parts = work.definition.services[work.step.key], work.planned.parts
    words = _text(_("Explanation for the applicant"))
    if not why_not(work, granted=True):
        forms.append(_form("grant", _("Grant: %(name)s") % {"name": _say(service.output.name)}))
        if parts:
            choices = [Choice(part.key, part.name) for part in service.output.parts]
            some = Field("parts", _("What is granted"), kind="checkboxes", choices=choices)
            why = _reason(work, "refuse")
            forms.append(
                _form("grant_in_part", _("Grant in part"), some, replace(why, label=_("Why not the rest")), words)
            )
    if not why_not(work, granted=False):
        forms.append(_form("refuse", _("Refuse"), _reason(work, "refuse"), words, danger=True))
    days = Field("days", _("Expected working days"), kind="number", required=False, attributes={"min": 0})
    pause = _form("pause", _("Pause"), _reason(work, "pause"), days, title=_("Pause the clock by law"))
    return [*forms, pause]


def _paused(work: CaseWork) -> list[StepForm]:
    return [_form("resume", _("Resume"))]


def _given(work: CaseWork) -> list[StepForm]:
    if work.status.count("delivered"):
        return []
    ways = [
        Choice("electronic", _("electronically")),
        Choice("in_person", _("in person")),
        Choice("post", _("by post")),
        Choice("left", _("left at the address")),
        Choice("public", _("by public notice")),
    ]
    return [_form("deliver", _("Result delivered"), Field("way", _("How"), kind="radio", choices=ways))]


_MAIN: dict[str, Callable[[CaseWork], list[StepForm]]] = {
    StepState.PENDING: _pending,
    StepState.ACCEPTED: _accepted,
    StepState.PAUSED: _paused,
    StepState.GRANTED: _given,
    StepState.GRANTED_IN_PART: _given,
}


def why_not(work: CaseWork, *, granted: bool) -> Conflict | None:
    """What has to come before this decision; None where nothing does."""
    try:
        check_ripe(work.planned, work.state, granted=granted)
        if granted:
            check_public_notice(work, now_us())
    except Conflict as conflict:
        return conflict
    return None


def _visit(work: CaseWork, me: Actor) -> list[StepForm]:
    """Arranging the joint inspection, for its lead; recording what was found, for everybody who takes part."""
    key, status = work.planned.inspection, work.status
    if not key or status.state not in {StepState.ACCEPTED, StepState.PAUSED}:
        return []
    if status.count("inspection_set"):
        found = Field(
            "passed",
            _("Conclusion of the inspection"),
            kind="radio",
            choices=[Choice("yes", _("passed")), Choice("no", _("not passed"))],
        )
        return [_form("inspect", _("Record the inspection"), found, _text(_("Description of what was seen")))]
    visit = next(one for one in work.definition.event.inspections if one.key == key)
    if visit.lead not in me.departments("officer"):
        return []
    fields = (
        Field("day", _("Day"), kind="date"),
        Field("hour", _("Time of day"), hint=_("such as 09:30"), attributes={"maxlength": 5}),
        Field("place", _("Place"), attributes={"maxlength": 200}),
    )
    return [_form("schedule", _("Arrange the joint inspection"), *fields)]


def _beside(work: CaseWork) -> list[StepForm]:
    """More time, another department, commitments to check."""
    status, planned, forms = work.status, work.planned, []
    cap = planned.extension
    extended = [fact.days for fact in status.facts if fact.kind == "extended"]
    may_extend = cap and cap.approver and (cap.times is None or len(extended) < cap.times)
    if cap and may_extend and status.state in {StepState.ACCEPTED, StepState.PAUSED} and not status.extension_asked:
        most = cap.days - sum(extended)
        days = Field("days", _("Days"), kind="number", attributes={"min": 1, "max": most})
        why = _text(_("Why more time is needed"), _("The applicant reads this in the notice."))
        forms.append(_form("ask_extension", _("Ask for more time"), days, why))
    states = {StepState.PENDING, StepState.ACCEPTED, StepState.PAUSED}
    if planned.transfers and status.state in states and not status.transfer_asked:
        others = sorted((planned.transfers | {planned.department}) - {work.step.department})
        choices = [Choice(key, work.definition.departments[key].name) for key in others]
        to = Field("to", _("To which department"), kind="select", choices=choices)
        forms.append(_form("transfer", _("Transfer to another department"), to, _text(_("Why it is their matter"))))
    names = {m.key: m.name for m in work.definition.services[work.step.key].materials}
    for key, how in status.commitments.items() if status.state not in DEAD | {StepState.WAITING} else ():
        if how == "open":
            kept = [Choice("yes", _("kept")), Choice("no", _("not kept"))]
            fields = (
                Field("kept", _("The commitment was"), kind="radio", choices=kept),
                _text(_("Description of what was seen")),
            )
            title = _("Check the commitment: %(name)s") % {"name": _say(names[key])}
            forms.append(_form("check", _("Record the check"), *fields, title=title, hidden={"material": key}))
    return forms


def _heads(work: CaseWork, me: Actor) -> list[StepForm]:
    """What the head of the department, or of the government, answers for."""
    forms, status = [], work.status
    cap, asked = work.planned.extension, status.extension_asked
    answers = cap is not None and me.holds(cap.approver) and bool(may(me, "step.extend", work.subject))
    if asked and answers and status.state in {StepState.ACCEPTED, StepState.PAUSED}:
        memo = work.step.memos.filter(kind="extension_asked", waiting=True).first()
        note = _("%(days)s days are asked for: %(why)s") % {"days": asked.days, "why": memo.text if memo else ""}
        forms += [
            _form("extend", _("Approve the extension"), note=note),
            _form("refuse_extension", _("Refuse the extension"), _text(_("Why not")), danger=True),
        ]
    if status.state in GIVEN and status.stands and may(me, "step.revoke", work.subject):
        why = _text(_("Explanation for the applicant"))
        forms.append(
            _form("revoke", _("Revoke or cancel the result"), _reason(work, "revoke", "cancel"), why, danger=True)
        )
    return forms


def _say(text: object) -> str:
    from zhengtong.ui.language import say

    return say(text)


def appointment(work: CaseWork, key: str) -> tuple[datetime, str] | None:
    """When and where the joint inspection `key` of this case is."""
    row = work.case.inspections.filter(key=key).first() if key else None
    return (datetime.fromtimestamp(row.when_us / 1e6, calendar().zone), row.place) if row else None
