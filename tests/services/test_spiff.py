# SPDX-License-Identifier: Apache-2.0
"""SpiffWorkflow as an oracle: what another engine makes of our BPMN is what the flow of a case does.

Both know when a step may begin, which steps run side by side, which are left out, and when all is done; decisions
against the applicant are not in the diagram. The engine is installed apart, into `build/spiff`, by its first test.
"""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import event as told
from hypothesis import given, settings
from hypothesis import strategies as st

from services.test_bpmn import ALL, WORDS, diagrams, event, situations
from zhengtong.city.conditions import evaluate
from zhengtong.errors import BadInput
from zhengtong.services.engine.bpmn import Condition, Diagram, Task, to_bpmn
from zhengtong.services.flowchart import life_event_bpmn
from zhengtong.services.rules import flow
from zhengtong.services.rules.plan import Plan, StepPlan, ordered

ROOT = Path(__file__).resolve().parents[2]
PLACE, RELEASE = ROOT / "build/spiff", "SpiffWorkflow==3.2.0"
Play = Callable[[bytes, Mapping[str, bool], Sequence[int]], dict[str, Any]]


def install() -> Path:
    """An interpreter that has the engine; skips where none can be had, and says why."""
    PLACE.parent.mkdir(exist_ok=True)
    with PLACE.with_suffix(".lock").open("w") as lock:  # tests run in several processes
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (PLACE / "ready").exists():
            _install()
    return PLACE / "bin/python"


def _install() -> None:
    pip = [str(PLACE / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in ([sys.executable, "-m", "venv", str(PLACE)], [*pip, RELEASE]):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        except (OSError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"{RELEASE} cannot be installed here: {error}")
        if done.returncode:
            pytest.skip(f"{RELEASE} cannot be installed here: {done.stderr.strip().splitlines()[-1:]}")
    (PLACE / "ready").touch()


@pytest.fixture(scope="module")
def spiff() -> Iterator[Play]:
    side = Path(__file__).with_name("spiff_side.py")
    with subprocess.Popen(
        [str(install()), str(side)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None

        def play(bpmn: bytes, holds: Mapping[str, bool], picks: Sequence[int]) -> dict[str, Any]:
            print(json.dumps({"bpmn": bpmn.decode(), "holds": holds, "picks": picks}), file=process.stdin, flush=True)
            answer: dict[str, Any] = json.loads(process.stdout.readline())
            return answer

        try:
            yield play
        finally:
            process.stdin.close()
            process.wait(30)


def ours(plan: Plan, picks: Sequence[int]) -> dict[str, Any]:
    """The same by the flow of a case, everything granted."""
    state, _ = flow.apply(plan, flow.start(plan), flow.Submit(0))
    moments: list[list[str]] = []
    while state.phase is flow.Phase.OPEN:
        ready = sorted(key for key, step in state.steps.items() if step.state is flow.StepState.PENDING)
        moments.append(ready)
        picked = ready[picks[len(moments) - 1] % len(ready)]
        system = plan.by_key[picked].external
        state, _ = flow.apply(plan, state, flow.Accept(picked, 0, system=system))
        state, _ = flow.apply(plan, state, flow.Decide(picked, 0, True, system=system))
    return {"ready": moments, "done": state.phase is flow.Phase.COMPLETED}


def plan_of(tasks: Sequence[Task], holds: Mapping[str, bool], *, drawn: bool = False) -> Plan:
    """The plan of these steps: what waits for a step that is left out does not wait for it. `drawn`: as the diagram has
    it, where the way around a step that is left out still passes what that step would have waited for."""
    left_out = {task.key: task for task in tasks if task.condition and not holds[task.condition.formal]}

    def needs(task: Task) -> frozenset[str]:
        behind = (needs(left_out[need]) if drawn and need in left_out else {need} for need in task.needs)
        return frozenset().union(*behind)

    asked = [task for task in tasks if task.key not in left_out]
    return ordered(StepPlan(task.key, task.lane, "", needs(task), external=task.external) for task in asked)


picks = st.lists(st.integers(0, 6), min_size=7, max_size=7)


@settings(deadline=None, max_examples=60)
@given(diagram=diagrams(), answers=st.lists(st.booleans(), min_size=7, max_size=7), picks=picks)
def test_made_up_diagrams_are_played_by_both_alike(
    spiff: Play, diagram: Diagram, answers: list[bool], picks: list[int]
) -> None:
    holds = {task.condition.formal: answers[int(task.key[1:])] for task in diagram.tasks if task.condition}
    plan = plan_of(diagram.tasks, holds)
    theirs = spiff(to_bpmn(diagram), holds, picks)
    if not plan.steps:  # a life event that asks for nothing is refused before it is a case
        assert theirs == {"ready": [], "done": True}
        return
    assert theirs == ours(plan_of(diagram.tasks, holds, drawn=True), picks)
    if plan == plan_of(diagram.tasks, holds, drawn=True):
        told("no left-out step between two others: the diagram is the flow")


def test_the_way_around_a_step_that_is_left_out_is_the_one_place_where_the_diagram_is_stricter(spiff: Play) -> None:
    """c rests on b, b on a. Where b is not asked for, c may begin at once; the diagram draws it behind a."""
    tasks = (Task("a", "A", "l"), Task("b", "B", "l", frozenset("a"), condition=Condition("?", "!", "c")))
    tasks = (*tasks, Task("c", "C", "l", frozenset("b")))
    body = to_bpmn(Diagram("d", "D", "", (("l", "L"),), tasks, WORDS))
    assert spiff(body, {"c": False}, [0, 0]) == {"ready": [["a"], ["c"]], "done": True}
    assert ours(plan_of(tasks, {"c": False}), [0, 0]) == {"ready": [["a", "c"], ["c"]], "done": True}
    assert spiff(body, {"c": True}, [0, 0, 0]) == ours(plan_of(tasks, {"c": True}), [0, 0, 0])


@pytest.mark.parametrize("key", ALL)
def test_every_life_event_in_every_situation_is_played_by_both_alike(spiff: Play, key: str) -> None:
    of, random = event(key), Random(key)
    whole = life_event_bpmn(of, "zh")
    conditions = {use.when for use in of.event.services if use.when}
    for answers in situations(of):
        holds = {formal: _holds(of, formal, answers) for formal in conditions}
        plan = of.plan(answers, {})
        picks = [random.randrange(60) for _ in plan.steps]
        assert spiff(whole, holds, picks) == ours(plan, picks), answers


def _holds(of: Any, formal: str, answers: Mapping[str, str]) -> bool:
    """What a case without values yet takes a condition for."""
    try:
        return bool(evaluate(formal, of.variables, answers))
    except BadInput:
        return False


def test_a_diagram_that_says_something_else_is_seen(spiff: Play) -> None:
    """The oracle itself: a step drawn without what it needs is ready too early, one left out never comes."""
    drawn = (Task("a", "A", "l"), Task("b", "B", "l", condition=Condition("?", "!", "c")))
    meant = (drawn[0], Task("b", "B", "l", frozenset({"a"}), condition=drawn[1].condition))
    body = to_bpmn(Diagram("d", "D", "", (("l", "L"),), drawn, WORDS))
    assert spiff(body, {"c": True}, [0, 0]) == {"ready": [["a", "b"], ["b"]], "done": True}
    assert ours(plan_of(meant, {"c": True}), [0, 0])["ready"] == [["a"], ["b"]]
    assert spiff(body, {"c": False}, [0]) == {"ready": [["a"]], "done": True} == ours(plan_of(drawn, {"c": False}), [0])
