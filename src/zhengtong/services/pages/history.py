# SPDX-License-Identifier: Apache-2.0
"""What happened to a case, from its events in the record: each line is an event and leads to its proof."""

from __future__ import annotations

from collections.abc import Mapping

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zhengtong.ledger.models import Event, EventObject
from zhengtong.organization.queries import names_of
from zhengtong.services.casework import CaseWork
from zhengtong.ui.parts import Moment

WORDS: dict[str, object] = {
    "case_submitted": _("Application received"),
    "step_received": _("Passed to the department"),
    "step_accepted": _("Accepted"),
    "step_not_accepted": _("Not accepted"),
    "correction_asked": _("Correction asked, once and for all"),
    "correction_supplied": _("Correction supplied"),
    "step_paused": _("Clock paused by law"),
    "step_resumed": _("Clock runs again"),
    "step_granted": _("Granted"),
    "step_refused": _("Refused"),
    "step_dropped": _("Not pursued"),
    "step_withdrawn": _("Withdrawn"),
    "extension_asked": _("More time asked for"),
    "extension_refused": _("More time refused"),
    "step_extended": _("Limit extended"),
    "transfer_asked": _("Another department asked to take it over"),
    "transfer_returned": _("Returned by the other department"),
    "step_transferred": _("Taken over by another department"),
    "inspection_scheduled": _("Joint inspection arranged"),
    "step_inspected": _("Inspection recorded"),
    "material_tolerated": _("Document promised for later"),
    "material_committed": _("Commitment made instead of a document"),
    "promised_supplied": _("Promised document supplied"),
    "promise_missed": _("Promised document did not come in time"),
    "commitment_kept": _("Commitment checked and kept"),
    "commitment_broken": _("Commitment checked and broken"),
    "result_delivered": _("Result delivered"),
    "step_revoked": _("Result revoked"),
    "output_cancelled": _("Result cancelled"),
    "need_lost": _("A result this rests on is no longer valid"),
    "case_outcome_changed": _("Outcome of the case changed"),
    "limit_missed": _("Limit missed"),
    "case_closed": _("Case closed"),
    "notice_served": _("Notice served"),
    "consent_asked": _("Consent asked of another person"),
    "consent_granted": _("Consent given"),
    "consent_refused": _("Consent not given"),
    "consent_withdrawn": _("Consent taken back"),
    "consent_expired": _("Consent not answered in time"),
    "consent_replaced": _("Document brought instead of a consent"),
    "case_rated": _("Rated by the applicant"),
    "rating_checked": _("Rating checked"),
    "rating_repaired": _("Put right after the rating"),
    "rating_called_back": _("Called back"),
}
"""What a person following the case wants to know."""

MORE: dict[str, object] = {
    "form_recorded": _("Form recorded"),
    "form_corrected": _("Form corrected"),
    "material_recorded": _("Document recorded"),
    "step_planned": _("Step planned"),
    "correction_worded": _("Correction put into words"),
    "notice_issued": _("Notice issued"),
    "notice_sealed": _("Notice signed"),
    "output_issued": _("Result issued"),
    "output_arrived": _("Result arrived from its issuer"),
    "output_not_issued": _("The issuer did not issue the result"),
    "output_ended": _("Result no longer valid"),
    "inspection_arranged": _("Appointment of the inspection recorded"),
    "memo_kept": _("Explanation recorded"),
    "memo_answered": _("Request answered"),
}
"""What the evidence shows besides."""


def history(work: CaseWork, *, by_name: bool = False) -> list[Moment]:
    """Newest first. Who acted is named by department; who acts for the applicant by name, to who may read the form."""
    found = Event.objects.filter(objects_touched__object_type="case", objects_touched__object_id=work.case.number)
    moments = []
    shown = found.filter(type__in=WORDS).select_related("leaf").order_by("-time_us", "-id").distinct()
    people = names_of({e.actor for e in shown if not e.department}) if by_name else {}
    under = _under_mandates(work) if by_name else frozenset()
    for event in shown:
        service = work.definition.services.get(event.attributes.get("service", ""))
        department = work.definition.departments.get(event.department)
        moments.append(
            Moment(
                event.time_us,
                WORDS[event.type],
                by=(department.short or department.name) if department else _person(event, work, people, under),
                note=service.name if service else "",
                proof_url=reverse("event_evidence", args=[event.id]),
                standing="sealed" if hasattr(event, "leaf") else "promised",
            )
        )
    return moments


def _under_mandates(work: CaseWork) -> frozenset[str]:
    """The events of the case that somebody caused in the applicant's name."""
    case = EventObject.objects.filter(object_type="case", object_id=work.case.number).values("event")
    acted = EventObject.objects.filter(object_type="mandate", qualifier="under", event__in=case)
    return frozenset(acted.values_list("event_id", flat=True))


def _person(event: Event, work: CaseWork, people: Mapping[str, str], under: frozenset[str]) -> str:
    """Who acted that is no department: the applicant, somebody in his name, or the counter."""
    name = people.get(event.actor, "")
    if not name:
        return ""
    if event.id in under:
        return gettext("%(name)s, acting for the applicant") % {"name": name}
    return gettext("%(name)s, at the counter") % {"name": name} if event.actor == work.case.taken_by else name
