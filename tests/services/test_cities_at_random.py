# SPDX-License-Identifier: Apache-2.0
"""Made-up cities, loaded as any city and run through real acts: what their definitions allow can be done, nothing else.

`random_city.graph` lists every state a definition allows. Each is reached here by acts of officers and applicants, each
act in each state leads where it should, what is not allowed there is refused and leaves no trace, and from everywhere a
case can come to its end.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import hypothesis.strategies as st
import pytest
from django.conf import settings as django_settings
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, note, settings

from people import PARENT, do, key, officer, publish, uploaded
from services.random_city import Made, Move, Service, State, after, begun, cities, graph, moves, phase, seen, write
from services.record import MONDAY_US, written
from zhengtong.acts.actor import Actor, Role
from zhengtong.acts.perform import Action, perform
from zhengtong.city.load import load
from zhengtong.errors import BadInput, Conflict
from zhengtong.ledger import audit_rows
from zhengtong.ledger.models import RecordedRow
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.ask_correction import AskCorrection
from zhengtong.services.actions.check_commitment import CheckCommitment
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.not_accept_step import NotAcceptStep
from zhengtong.services.actions.pause_step import PauseStep
from zhengtong.services.actions.resume_step import ResumeStep
from zhengtong.services.actions.revoke_output import RevokeOutput
from zhengtong.services.actions.submit_case import SubmitCase
from zhengtong.services.actions.supply_correction import SupplyCorrection
from zhengtong.services.actions.supply_promised import SupplyPromised
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.casework import open_case

MOST = 120
"""Larger cities are left to the random walks: every state of these is visited, with a database behind each."""
profile = settings(
    deadline=None, max_examples=12, suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),  # no explaining: it runs hundreds more
)  # fmt: skip
_mobile = itertools.count(13_900_000_000)

ON_STEP: dict[str, Callable[[str, str], Action[Any]]] = {
    "accept": AcceptStep,
    "not accept": lambda n, s: NotAcceptStep(n, s, "not-needed"),
    "ask": lambda n, s: AskCorrection(n, s, ("contact_mobile",), "请核对"),
    "pause": lambda n, s: PauseStep(n, s, "hearing", 3),
    "resume": ResumeStep,
    "grant": lambda n, s: DecideStep(n, s, True),
    "grant in part": lambda n, s: DecideStep(n, s, True, "conditions-not-met", "", ("p",)),
    "refuse": lambda n, s: DecideStep(n, s, False, "conditions-not-met"),
    "kept": lambda n, s: CheckCommitment(n, s, f"{s}-word", True, "属实"),
    "broken": lambda n, s: CheckCommitment(n, s, f"{s}-word", False, "不实"),
    "revoke": lambda n, s: RevokeOutput(n, s, "obtained-by-deceit", "理由"),
}


class Run:
    """One case of a made-up city, moved by name."""

    def __init__(self, made: Made, version: str) -> None:
        self.made = made
        asked = any(one.only for one in made.services)
        filed = SubmitCase(
            version, {"kind": made.answer} if asked else {}, {"contact_mobile": "13800001000"},
            promised=tuple(f"{one.key}-paper" for one in made.asked() if one.paper),
            committed=tuple(f"{one.key}-word" for one in made.asked() if one.word),
        )  # fmt: skip
        self.number = do(filed, PARENT, at_us=MONDAY_US).result["case"]

    def state(self) -> State:
        """Where the rows say the case stands, in the words of the model."""
        work = open_case(self.number, lock=False)
        assert work.case.phase == work.state.phase.value
        assert set(work.state.steps) == {one.key for one in self.made.asked()}
        steps = []
        for one in self.made.asked():
            status = work.state.steps[one.key]
            word = status.commitments.get(f"{one.key}-word", "")
            steps.append(seen(status.state.value, status.count("correction_asked"), bool(status.promised), word))
        assert work.case.phase == phase(tuple(steps))
        return tuple(steps)

    def do(self, move: Move, state: State) -> None:
        name, step = move
        by_key = {one.key: one for one in self.made.services}
        who = PARENT
        action: Action[Any]
        match name:
            case "correct":
                action = SupplyCorrection(self.number, {"contact_mobile": str(next(_mobile))})
            case "supply":
                owed = [one.key for one, now in zip(self.made.asked(), state, strict=True) if now[2]]
                owed = owed or [one.key for one in self.made.asked()][:1]
                action = SupplyPromised(self.number, tuple(uploaded(f"{one}-paper") for one in owed))
            case "withdraw":
                action = WithdrawCase(self.number)
            case _:
                action = ON_STEP[name](self.number, step)
                who = head(by_key[step]) if name == "revoke" else officer(by_key[step].department)
        perform(action, who, key(), at_us=MONDAY_US)


def head(service: Service) -> Actor:
    return Actor("f" * 32, frozenset({Role("resident"), Role("head", service.department)}))


@contextmanager
def city(made: Made) -> Iterator[str]:
    """The made-up city, found sound by the loader and served; yields its published life event. Leaves nothing."""
    place = transaction.savepoint()
    with tempfile.TemporaryDirectory() as folder:
        before, django_settings.ZHENGTONG_CITY = django_settings.ZHENGTONG_CITY, write(made, Path(folder) / "city")
        try:
            load(django_settings.ZHENGTONG_CITY)
            yield publish("made-up")
        finally:
            django_settings.ZHENGTONG_CITY = before
            transaction.savepoint_rollback(place)


class Explorer:
    """Goes every way there is from where the case stands, and back."""

    def __init__(self, run: Run, random: Random) -> None:
        self.run, self.random = run, random
        self.reached: set[State] = set()

    def explore(self, way: tuple[Move, ...] = ()) -> None:
        state = self.run.state()
        if state in self.reached:
            return
        self.reached.add(state)
        allowed = {move: to for move in moves(self.run.made) if (to := after(self.run.made, state, move)) is not None}
        closed = sorted(set(moves(self.run.made)) - set(allowed))
        self.refused(state, self.random.sample(closed, min(3, len(closed))), way)
        for move, to in allowed.items():
            place = transaction.savepoint()
            try:
                self.run.do(move, state)
            except (Conflict, BadInput) as error:
                raise AssertionError(f"after {way}, {move} should have been possible: {error}") from error
            assert self.run.state() == to, f"after {way}, {move} led elsewhere"
            self.explore((*way, move))
            transaction.savepoint_rollback(place)

    def refused(self, state: State, closed: list[Move], way: tuple[Move, ...]) -> None:
        before = written()
        for move in closed:
            try:
                self.run.do(move, state)
            except (Conflict, BadInput):
                assert written() == before, f"after {way}, {move} was refused and left something behind"
            else:
                raise AssertionError(f"after {way}, {move} was done although the definition does not allow it")


def ends(known: dict[State, dict[Move, State]]) -> set[State]:
    """The states from which a case can come to its end."""
    done = {state for state in known if phase(state) != "open"}
    while True:
        more = {state for state, ways in known.items() if state not in done and done & set(ways.values())}
        if not more:
            return done
        done |= more


@pytest.mark.django_db
@profile
@given(made=cities().filter(lambda made: graph(made, MOST) is not None), seed=st.integers(0, 2**16))
def test_every_state_a_definition_allows_is_reached_and_no_other(made: Made, seed: int) -> None:
    known = graph(made, MOST)
    assert known is not None
    note(f"{made}: {len(known)} states, {sum(len(ways) for ways in known.values())} acts in them")
    assert ends(known) == set(known), "a case can get where it never ends"
    with city(made) as version:
        explorer = Explorer(Run(made, version), Random(seed))
        explorer.explore()
        assert explorer.reached == set(known)
        assert explorer.run.state() == begun(made)


@pytest.mark.django_db
@profile
@given(made=cities(), data=st.data())
def test_random_officers_bring_any_case_to_its_end_and_the_record_agrees(made: Made, data: st.DataObject) -> None:
    """However they act, at most so many acts: every one but pausing and resuming brings the case nearer to its end."""
    note(str(made))
    with city(made) as version:
        run = Run(made, version)
        state, paused = begun(made), 0
        while phase(state) == "open":
            ways = sorted(move for move in moves(made) if after(made, state, move) is not None)
            assert ways, f"nothing can be done in {state}"
            if paused == 2:
                ways = [move for move in ways if move[0] != "pause"]
            move = data.draw(st.sampled_from(ways))
            paused += move[0] == "pause"
            run.do(move, state)
            to = after(made, state, move)
            assert to is not None
            state = to
            assert run.state() == state
        assert not list(audit_rows.walk(RecordedRow.audited(), lambda done: None))


def test_the_model_knows_the_way_of_a_case_that_rests_on_another() -> None:
    """The model itself, by hand: the second service waits for the first, and is dropped when that is refused."""
    made = Made(("d0",), (Service("s0", "d0"), Service("s1", "d0", ("s0",), corrections=0)), "small")
    accepted = after(made, begun(made), ("accept", "s0"))
    assert accepted is not None
    assert [one[0] for one in accepted] == ["accepted", "waiting"]
    for name, states, outcome in (
        ("grant", ["granted", "pending"], "open"),
        ("refuse", ["refused", "dropped"], "refused"),
    ):
        state = after(made, accepted, (name, "s0"))
        assert state is not None and ([one[0] for one in state], phase(state)) == (states, outcome)
    assert after(made, begun(made), ("accept", "s1")) is None
    granted = after(made, accepted, ("grant", "s0"))
    assert granted is not None and after(made, granted, ("ask", "s1")) is None
    revoked = after(made, granted, ("revoke", "s0"))
    assert revoked is not None and [one[0] for one in revoked] == ["revoked", "pending"]
    stuck = after(made, revoked, ("accept", "s1"))
    assert stuck is not None and after(made, stuck, ("grant", "s1")) is None
