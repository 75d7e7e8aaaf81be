# SPDX-License-Identifier: Apache-2.0
"""Thirty-two clients writing at once: none fails, none is lost, and one key is one act whoever sends it."""

from __future__ import annotations

import pytest

from holds.together import assert_case_agrees, at_once, happened, sealed_and_clean
from people import FORM, PARENT, key, officer, submission
from zhengtong import ledger
from zhengtong.acts.actor import Actor, Role
from zhengtong.acts.models import OutboxMessage, PerformedAct
from zhengtong.acts.perform import Done, now_us, perform
from zhengtong.errors import Conflict, KeyReused
from zhengtong.ledger.models import Event
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.models import Case, Notice

pytestmark = pytest.mark.database
CLIENTS, EACH = 32, 2


def resident(place: int) -> Actor:
    return Actor(f"{place:032x}", frozenset({Role("resident")}))


def test_thirty_two_clients_write_and_none_fails_or_is_lost(version: str) -> None:
    police = officer("police")

    def client(place: int) -> list[str]:
        mine = []
        for _ in range(EACH):
            number = perform(submission(version), resident(place), key()).result["case"]
            perform(AcceptStep(number, "birth-registration"), police, key())
            perform(DecideStep(number, "birth-registration", granted=True), police, key())
            mine.append(number)
            if place % 8 == 0:
                ledger.log().seal(now_us=now_us())
        return mine

    numbers = [number for mine in at_once(CLIENTS, client) for number in mine]
    count = CLIENTS * EACH
    assert len(set(numbers)) == Case.objects.count() == count
    assert sorted(int(number[4:]) for number in numbers) == list(range(1, count + 1)), "numbers have gaps"
    assert PerformedAct.objects.filter(verb="step.decide").count() == count
    assert Event.objects.filter(type="step_granted").count() == count
    assert Event.objects.values("act").distinct().count() == PerformedAct.objects.count()
    for kind in ("intake", "accept", "grant"):
        written = Notice.objects.filter(kind=kind).values_list("number", flat=True)
        assert len(set(written)) == count
    assert OutboxMessage.objects.filter(topic="services.push").count() == count
    for number in numbers:
        assert_case_agrees(number)
    sealed_and_clean()


def test_the_same_key_from_many_clients_at_once_is_one_act(version: str) -> None:
    once = key()
    done = at_once(CLIENTS, lambda _: perform(submission(version), PARENT, once))
    assert Case.objects.count() == 1
    assert PerformedAct.objects.filter(key=once).count() == 1
    assert {one.act for one in done} == {PerformedAct.objects.get(key=once).act}
    assert {one.result["case"] for one in done} == {Case.objects.get().number}
    assert sum(not one.replayed for one in done) == 1
    assert Event.objects.filter(type="case_submitted").count() == 1
    sealed_and_clean()


def test_of_two_bodies_under_one_key_one_is_done_and_the_other_is_told(version: str) -> None:
    once = key()
    bodies = (submission(version), submission(version, raw={**FORM, "child_name": "林知秋"}))

    def client(place: int) -> tuple[int, Done | KeyReused]:
        try:
            return place % 2, perform(bodies[place % 2], PARENT, once)
        except KeyReused as reused:
            return place % 2, reused

    answers = at_once(CLIENTS, client)
    assert Case.objects.count() == 1
    winner = next(body for body, answer in answers if isinstance(answer, Done) and not answer.replayed)
    for body, answer in answers:
        assert isinstance(answer, Done if body == winner else KeyReused)
        assert answer.result == {"case": Case.objects.get().number}  # the 409 page links to what was done
    assert Case.objects.get().form.values["child_name"] == bodies[winner].raw["child_name"]


def test_of_many_who_decide_one_step_at_once_one_does_and_the_rest_are_refused(version: str) -> None:
    number = perform(submission(version), PARENT, key()).result["case"]
    perform(AcceptStep(number, "birth-registration"), officer("police"), key())

    def client(place: int) -> str:
        granted = place % 2 == 0
        action = DecideStep(number, "birth-registration", granted, "" if granted else "identity-differs")
        try:
            perform(action, officer("police"), key())
        except Conflict:
            return "too late"
        return "granted" if granted else "refused"

    outcomes = at_once(CLIENTS, client)
    assert outcomes.count("too late") == CLIENTS - 1
    (outcome,) = set(outcomes) - {"too late"}
    assert Case.objects.get().steps.get(key="birth-registration").state == outcome
    assert happened(number)[f"step_{outcome}", "birth-registration"] == 1
    assert_case_agrees(number)
    assert PerformedAct.objects.filter(verb="step.decide").count() == 1, "a lost race consumed its key"
    sealed_and_clean()
