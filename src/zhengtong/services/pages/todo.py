# SPDX-License-Identifier: Apache-2.0
"""What a person should do next, on the portal's first page: the most urgent first, each with where to do it."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from zhengtong.acts.actor import Actor
from zhengtong.services.casework import IMPORTED, calendar, status_of
from zhengtong.services.models import Case, Consent, Step
from zhengtong.services.pages.kept import drafts_shown
from zhengtong.services.published import published
from zhengtong.services.queries import cases_of
from zhengtong.services.rules.flow import Phase, StepState
from zhengtong.ui.language import say
from zhengtong.ui.parts import State, Task

SHOWN = 20
"""Of each kind; the page of my cases has all."""
TO_RATE = 3


def todo(me: Actor) -> list[Task]:
    """Corrections, promised documents, consents asked of me, drafts, and what was done and not rated yet."""
    return [*_of_open_cases(me), *_consents(me), *_drafts(me), *_done(me)]


def _name(case: Case) -> str:
    return say(published(case.definition).event.name)


def _of_open_cases(me: Actor) -> list[Task]:
    mine = cases_of(me).filter(phase=Phase.OPEN).exclude(channel=IMPORTED).order_by()
    steps = Step.objects.filter(case__in=mine.values("pk")).select_related("case").order_by("case__submitted_us", "id")
    correct: dict[str, Task] = {}
    supply: dict[str, Task] = {}
    for step in steps[: SHOWN * 10]:
        number = step.case.number
        address = reverse("my_case", args=[number])
        if step.state == StepState.CORRECTING and number not in correct:
            label = _("Correct: %(name)s") % {"name": _name(step.case)}
            correct[number] = Task(label, State("near", _("correction asked")), address, number)
        owed = status_of(step)
        if owed.promised and number not in supply:
            end = min(fact.due_us for fact in owed.promised.values())
            state = State("late", _("overdue")) if owed.promises_missed else State("near", _("to be supplied"))
            note = _("%(number)s, by %(day)s") % {"number": number, "day": f"{calendar().date_of(end):%Y-%m-%d}"}
            supply[number] = Task(_("Supply documents: %(name)s") % {"name": _name(step.case)}, state, address, note)
    return [*list(correct.values())[:SHOWN], *list(supply.values())[:SHOWN]]


def _consents(me: Actor) -> list[Task]:
    waiting = Consent.objects.filter(holder=me.id, state="asked").select_related("case").order_by("expires_us")
    return [
        Task(
            _("Answer whether you agree: %(name)s") % {"name": _name(row.case)},
            State("near", _("waits for an answer")),
            reverse("consents"),
            _("by %(day)s") % {"day": f"{calendar().date_of(row.expires_us):%Y-%m-%d}"},
        )
        for row in waiting[:SHOWN]
    ]


def _drafts(me: Actor) -> list[Task]:
    return [
        Task(
            _("Continue: %(name)s") % {"name": say(draft.name)},
            State("info", _("draft")),
            draft.url,
            _("for %(principal)s") % {"principal": draft.principal} if draft.principal else "",
        )
        for draft in drafts_shown(me)[:SHOWN]
    ]


def _done(me: Actor) -> list[Task]:
    """Only what is the person's own: whoever acts for another does not rate in his stead."""
    ended = Case.objects.filter(applicant=me.id, phase__in=[Phase.COMPLETED, Phase.PARTIAL], rating=None)
    ended = ended.exclude(channel=IMPORTED).order_by("-closed_us")
    return [
        Task(
            _("See the result and rate it: %(name)s") % {"name": _name(case)},
            State("ok", _("completed")),
            reverse("my_case", args=[case.number]),
            case.number,
        )
        for case in ended[:TO_RATE]
    ]
