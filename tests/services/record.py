# SPDX-License-Identifier: Apache-2.0
"""Looking at the record: what one act wrote, and cases brought to a state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from people import DEPARTMENT, PARENT, do, officer
from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.models import PerformedAct
from zhengtong.acts.perform import Done
from zhengtong.ledger.models import Event
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.ask_correction import AskCorrection
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.not_accept_step import NotAcceptStep
from zhengtong.services.actions.pause_step import PauseStep
from zhengtong.services.actions.record_external_answer import RecordExternalAcceptance
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.models import Case, Notice, Output, Step

BIRTH, VACCINATION, INSURANCE, CARD = DEPARTMENT
POLICE, CDC = officer("police"), officer("cdc")
MONDAY_US = 1_768_183_200_000_000  # 2026-01-12 10:00 in the city
DAY_US = 86_400_000_000
HOUR_US = DAY_US // 24


def events(done: Done) -> list[tuple[str, list[str], dict[str, Any]]]:
    """(type, objects as `type:id` with the state row starred, attributes without version and digest) of one act."""
    found = []
    for event in Event.objects.filter(act=done.act).order_by("id").prefetch_related("objects_touched"):
        objects = sorted(
            f"{o.object_type}:{o.object_id}{'*' if o.qualifier == 'state' else ''}" for o in event.objects_touched.all()
        )
        found.append(
            (event.type, objects, {k: v for k, v in event.attributes.items() if k not in {"version", "digest"}})
        )
    return found


def types(done: Done) -> list[str]:
    return [type for type, _, _ in events(done)]


def attributes(done: Done, type: str) -> dict[str, Any]:
    (found,) = (about for one, _, about in events(done) if one == type)
    return found


def step(number: str, key: str) -> Step:
    return Step.objects.get(case__number=number, key=key)


def states(number: str) -> dict[str, str]:
    return dict(Case.objects.get(number=number).steps.values_list("key", "state"))


def notices(number: str) -> list[tuple[str, str, str]]:
    """(kind, service or "", department) of a case's notices in order of issue."""
    rows = Notice.objects.filter(case__number=number).order_by("id").select_related("step")
    return [(row.kind, row.step.key if row.step else "", row.department) for row in rows]


def written() -> tuple[int, int, int, int]:
    """How much stands in the record: a refused act leaves all of it as it was."""
    return Event.objects.count(), PerformedAct.objects.count(), Notice.objects.count(), Output.objects.count()


Bring = Callable[[str], None]


def _accepted(number: str) -> None:
    do(AcceptStep(number, BIRTH), POLICE)


def _decided(granted: bool) -> Bring:
    def bring(number: str) -> None:
        _accepted(number)
        do(DecideStep(number, BIRTH, granted, "" if granted else "conditions-not-met"), POLICE)

    return bring


def _paused(number: str) -> None:
    _accepted(number)
    do(PauseStep(number, BIRTH, "hearing"), POLICE)


# How birth registration gets into each state from `pending`.
BRING: dict[str, Bring] = {
    "pending": lambda number: None,
    "correcting": lambda number: do(AskCorrection(number, BIRTH, ("child_name",), "请核对姓名"), POLICE) and None,
    "accepted": _accepted,
    "paused": _paused,
    "granted": _decided(True),
    "refused": _decided(False),
    "not_accepted": lambda number: do(NotAcceptStep(number, BIRTH, "not-needed"), POLICE) and None,
    "withdrawn": lambda number: do(WithdrawCase(number), PARENT) and None,
}


def reach_card(number: str, *, accepted: bool = True) -> None:
    """Grant birth registration, so that the external step begins; the system has accepted it."""
    BRING["granted"](number)
    if accepted:
        do(RecordExternalAcceptance(number, CARD), SYSTEM)
