# SPDX-License-Identifier: Apache-2.0
"""What time alone causes, recorded: limits missed and acceptance by silence, each at the instant it fell due, once.

The limits themselves are computed on read and never wait for this; the sweep only puts them into the record.
"""

from __future__ import annotations

from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.perform import perform
from zhengtong.errors import Conflict
from zhengtong.services.actions.answer_consent import RecordConsentExpiry
from zhengtong.services.actions.record_lapse import RecordDeemedAcceptance, RecordLapse, RecordMissedPromise
from zhengtong.services.applicants import applicants, end_of_term
from zhengtong.services.casework import open_case
from zhengtong.services.models import Consent, Message, Step
from zhengtong.services.published import published
from zhengtong.services.queries import OPEN_TO_DEPARTMENT
from zhengtong.services.rules.limits import Lapse
from zhengtong.services.telling import Telling, tell
from zhengtong.services.ticket_sweep import sweep_tickets


def sweep(now_us: int, *, limit: int = 500) -> int:
    """Record what fell due before `now_us`, the oldest first; returns how many acts were performed."""
    due = Step.objects.filter(lapse_us__lt=now_us).order_by("lapse_us").values_list("case__number", "key", "lapse_us")
    steps = sum(_sweep_step(number, key, since_us or 0, now_us) for number, key, since_us in due[:limit])
    return steps + sweep_tickets(now_us, limit)


def remind(now_us: int, *, limit: int = 200) -> int:
    """Tell departments of steps that are due within the city's term of reminding, each once; returns how many."""
    rules = applicants()
    if rules is None or rules.remind is None:
        return 0
    until = end_of_term(rules.remind, now_us)
    soon = Step.objects.filter(state__in=OPEN_TO_DEPARTMENT, external="", case__demo=False)
    rows = soon.filter(due_us__gte=now_us, due_us__lte=until).select_related("case").order_by("due_us")[:limit]
    near = [(f"near/{row.reference}/{row.due_us}", row) for row in rows]
    told = set(Message.objects.filter(key__in=[key for key, _row in near]).values_list("key", flat=True))
    return tell(
        Telling(f"department:{row.department}", key, "step_near", row.case.number, row.key)
        for key, row in near
        if key not in told
    )


def _sweep_step(number: str, key: str, since_us: int, now_us: int) -> int:
    work = open_case(number, key, lock=False)
    lapses = work.limits(key, now_us).lapses
    done = sum(int(_once(number, key, lapse)) for lapse in lapses if lapse.at_us >= since_us)
    status = work.status
    missed = {name: fact.due_us for name, fact in status.promised.items() if name not in status.promises_missed}
    return done + sum(int(_missed(number, key, name, at)) for name, at in missed.items() if at < now_us)


def _missed(number: str, key: str, material: str, due_us: int) -> bool:
    """Record a promise that was not kept; the document may have come meanwhile."""
    action = RecordMissedPromise(number, key, material)
    try:
        return not perform(action, SYSTEM, f"promise/{number}/{key}/{material}/{due_us}", at_us=due_us).replayed
    except Conflict:
        return False


def _once(number: str, key: str, lapse: Lapse) -> bool:
    """Record one lapse; the department may have acted meanwhile, and then there is nothing to record."""
    action: RecordLapse | RecordDeemedAcceptance
    if lapse.rule == "deemed":
        action = RecordDeemedAcceptance(number, key)
    else:
        action = RecordLapse(number, key, lapse.kind, lapse.rule, lapse.at_us)
    name = f"lapse/{number}/{key}/{lapse.kind}/{lapse.round}/{lapse.rule}/{lapse.at_us}"
    try:
        return not perform(action, SYSTEM, name, at_us=lapse.at_us).replayed
    except Conflict:
        return False


def sweep_consents(now_us: int, *, limit: int = 200) -> int:
    """Remind who has not answered, and record what nobody answered in time; returns how many."""
    rows = Consent.objects.filter(state="asked").select_related("case").order_by("expires_us")[:limit]
    done = 0
    for row in rows:
        file = next(one for one in published(row.case.definition).event.consents if one.key == row.key)
        if row.expires_us < now_us:
            action = RecordConsentExpiry(row.reference)
            done += int(not perform(action, SYSTEM, f"expired/{row.reference}", at_us=row.expires_us).replayed)
        elif file.expires.near and end_of_term(file.expires.model_copy(update={"days": file.expires.near}), now_us) >= (
            row.expires_us
        ):
            done += tell([Telling(row.holder, f"consent-near/{row.reference}", "consent_near", row.case.number)])
    return done
