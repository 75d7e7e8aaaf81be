# SPDX-License-Identifier: Apache-2.0
"""BPMN of a life event: valid by the standard's schema, meaning what the flow of a case allows, and readable."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from typer.testing import CliRunner

from people import publish
from services.bpmn_reading import BPMN, XSD, Box, Read, play, read
from zhengtong.acts import serving
from zhengtong.city.conditions import evaluate
from zhengtong.errors import BadInput, FormFaults, WrongUse
from zhengtong.services.engine.bpmn import Condition, Diagram, Task, Words, to_bpmn
from zhengtong.services.flowchart import diagram_of, life_event_bpmn, system_names
from zhengtong.services.published import LifeEvent, assemble, compile_body

WORDS = Words("申请人", "收到申请", "全部办结", "否则")
quick = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
names = st.text(st.sampled_from("出生登记 abc<&>\"'（）"), min_size=1, max_size=30).filter(str.strip)


@st.composite
def diagrams(draw: st.DrawFn) -> Diagram:
    lanes = draw(st.lists(st.sampled_from("pqrst"), min_size=1, max_size=4, unique=True))
    tasks: list[Task] = []
    for number in range(draw(st.integers(1, 7))):
        needs = draw(st.sets(st.sampled_from([task.key for task in tasks]), max_size=3)) if tasks else set()
        asked = Condition(draw(names), draw(names), f"c{number}") if draw(st.booleans()) else None
        external = draw(st.sampled_from(["", "", "系统 X", "Y"]))
        lane = draw(st.sampled_from(lanes))
        tasks.append(Task(f"t{number}", draw(names), lane, frozenset(needs), external, asked))
    named = tuple((lane, draw(names)) for lane in lanes)
    return Diagram("made-up", draw(names), "documented", named, tuple(tasks), WORDS)


@quick
@given(diagram=diagrams(), answers=st.lists(st.booleans(), min_size=7, max_size=7), seed=st.integers(0, 2**32))
def test_a_token_game_runs_what_is_asked_for_and_only_after_what_it_needs(
    diagram: Diagram, answers: list[bool], seed: int
) -> None:
    process = read(to_bpmn(diagram))
    order = list(play(process, lambda formal: answers[int(formal[1:])], random.Random(seed).choice))
    asked = [task.key for task in diagram.tasks if task.condition is None or answers[int(task.key[1:])]]
    assert sorted(order) == sorted(asked)
    for task in diagram.tasks:
        if task.key in order:
            assert all(order.index(need) < order.index(task.key) for need in task.needs if need in order)


def test_every_order_the_needs_allow_can_be_played() -> None:
    """Parallel means parallel: nothing waits for what it does not need."""
    tasks = (Task("a", "A", "l"), Task("b", "B", "l"), Task("c", "C", "l", frozenset({"a"})))
    process = read(to_bpmn(Diagram("d", "D", "", (("l", "L"),), tasks, WORDS)))
    played = {tuple(play(process, lambda _: True, random.Random(seed).choice)) for seed in range(300)}
    allowed = {order for order in itertools.permutations("abc") if order.index("a") < order.index("c")}
    assert played == allowed


@quick
@given(diagram=diagrams())
def test_the_file_is_valid_by_the_schema_of_the_standard_and_always_the_same(diagram: Diagram) -> None:
    if not XSD.is_file():
        pytest.skip("the schema comes with bpmn-js: run `npm ci --ignore-scripts`")
    body = to_bpmn(diagram)
    assert to_bpmn(diagram) == body
    schema = _schema()
    assert schema.validate(etree.fromstring(body)), schema.error_log


def _schema() -> etree.XMLSchema:
    if not hasattr(_schema, "held"):
        _schema.held = etree.XMLSchema(etree.parse(XSD))  # type: ignore[attr-defined]
    return _schema.held  # type: ignore[attr-defined,no-any-return]


@quick
@given(diagram=diagrams())
def test_every_reference_leads_somewhere_and_every_node_knows_its_flows(diagram: Diagram) -> None:
    process = read(to_bpmn(diagram))
    ids = [one.get("id") for one in process.root.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    assert set(process.lanes) == set(process.kinds)
    for node in process.kinds:
        element = process.root.find(f".//*[@id='{node}']")
        assert [one.text for one in element.iter(f"{BPMN}incoming")] == process.into(node)
        assert [one.text for one in element.iter(f"{BPMN}outgoing")] == process.out(node)
    known = set(ids)
    for message in process.root.iter(f"{BPMN}messageFlow"):
        assert {message.get("sourceRef"), message.get("targetRef")} <= known
    outside = [task for task in diagram.tasks if task.external]
    assert sum(kind == "serviceTask" for kind in process.kinds.values()) == len(outside)
    assert len(list(process.root.iter(f"{BPMN}messageFlow"))) == 2 + 2 * len(outside)
    drawn = {*process.boxes, *process.ways}
    assert drawn >= {*process.kinds, *process.flows} | {
        one.get("id") for one in process.root.iter(f"{BPMN}messageFlow")
    }


def _apart(one: Box, other: Box, space: int = 0) -> bool:
    return (
        one[0] + one[2] + space <= other[0]
        or other[0] + other[2] + space <= one[0]
        or one[1] + one[3] + space <= other[1]
        or other[1] + other[3] + space <= one[1]
    )


def _within(inner: Box, outer: Box) -> bool:
    return (
        outer[0] <= inner[0]
        and outer[1] <= inner[1]
        and inner[0] + inner[2] <= outer[0] + outer[2]
        and inner[1] + inner[3] <= outer[1] + outer[3]
    )


def _pieces(way: list[tuple[int, int]]) -> Iterator[Box]:
    """The straight pieces of a way as boxes without width."""
    for (x, y), (to_x, to_y) in itertools.pairwise(way):
        yield min(x, to_x), min(y, to_y), abs(to_x - x), abs(to_y - y)


@quick
@given(diagram=diagrams())
def test_nothing_lies_on_anything_and_no_way_crosses_a_box(diagram: Diagram) -> None:
    process = read(to_bpmn(diagram))
    boxes = {node: process.boxes[node] for node in process.kinds}
    for one, other in itertools.combinations(boxes, 2):
        assert _apart(boxes[one], boxes[other], 10), (one, other)
    for node, box in boxes.items():
        assert _within(box, process.boxes[process.lanes[node]]), node
    for one, other in itertools.combinations(process.labels, 2):
        assert _apart(process.labels[one], process.labels[other]), (one, other)
    for labelled, label in process.labels.items():
        assert all(_apart(label, box) for box in boxes.values()), labelled
        assert _within(label, process.boxes["City"]), labelled
    _ways_are_clear(process, boxes)


def _ways_are_clear(process: Read, boxes: Mapping[str, Box]) -> None:
    ends = dict(process.flows)
    ends |= {
        one.get("id"): (one.get("sourceRef"), one.get("targetRef")) for one in process.root.iter(f"{BPMN}messageFlow")
    }
    for flow, way in process.ways.items():
        for piece in _pieces(way):
            assert piece[2] == 0 or piece[3] == 0, f"{flow} runs aslant"
            for node, box in boxes.items():
                inside = (box[0] + 1, box[1] + 1, box[2] - 2, box[3] - 2)
                assert _apart((piece[0], piece[1], piece[2] or 1, piece[3] or 1), inside), (flow, node)
        for node, (x, y) in zip(ends[flow], (way[0], way[-1]), strict=True):
            left, top, width, height = process.boxes[node]
            assert left <= x <= left + width, (flow, node)
            assert top <= y <= top + height, (flow, node)
            assert x in (left, left + width) or y in (top, top + height), f"{flow} ends inside {node}"


@quick
@given(diagram=diagrams())
def test_pools_and_lanes_stand_one_under_the_other(diagram: Diagram) -> None:
    process = read(to_bpmn(diagram))
    pools = [process.boxes[one.get("id")] for one in process.root.iter(f"{BPMN}participant")]
    for one, other in itertools.combinations(pools, 2):
        assert _apart(one, other, 20)
    lanes = [process.boxes[f"Lane_{key}"] for key, _ in diagram.lanes]
    for one, other in itertools.pairwise(lanes):
        assert one[1] + one[3] == other[1]
    assert lanes[0][1] == process.boxes["City"][1]
    assert lanes[-1][1] + lanes[-1][3] == sum(process.boxes["City"][1::2])


@pytest.mark.parametrize(
    "tasks",
    [
        (),
        (Task("a", "A", "l"), Task("a", "A", "l")),
        (Task("a", "A", "l", frozenset({"b"})), Task("b", "B", "l")),
        (Task("a", "A", "nowhere"),),
    ],
)
def test_tasks_that_cannot_be_drawn_are_refused(tasks: tuple[Task, ...]) -> None:
    with pytest.raises(BadInput):
        to_bpmn(Diagram("d", "D", "", (("l", "L"),), tasks, WORDS))


def event(key: str) -> LifeEvent:
    return compile_body(assemble(serving.city(), key))


ALL = sorted(serving.city().keys("life-event"))


def situations(of: LifeEvent) -> Iterator[dict[str, str]]:
    options = [[(one.key, option.key) for option in one.options] for one in of.event.situations]
    for picked in itertools.product(*options):
        yield dict(picked)


@pytest.mark.parametrize("key", ALL)
def test_the_whole_diagram_runs_in_every_situation_what_the_case_would(key: str) -> None:
    of = event(key)
    whole = read(life_event_bpmn(of, "zh"))
    for answers in situations(of):
        plan = of.plan(answers, {})
        done = list(play(whole, lambda formal, given=answers: _known(of, formal, given), random.Random(1).choice))
        assert sorted(done) == sorted(step.key for step in plan.steps)
        for step in plan.steps:
            assert all(done.index(need) < done.index(step.key) for need in step.needs)
            assert whole.lanes[f"Step_{step.key}"] == f"Lane_{step.department}"


def _known(of: LifeEvent, formal: str, answers: Mapping[str, str]) -> bool:
    """What a case without values yet takes a condition for."""
    try:
        return evaluate(formal, of.variables, answers)
    except BadInput:
        return False


@pytest.mark.parametrize("key", ALL)
def test_one_situation_shows_its_steps_and_only_questions_the_form_will_answer(key: str) -> None:
    of = event(key)
    for answers in situations(of):
        drawn = diagram_of(of, "en", answers)
        certain = {task.key for task in drawn.tasks if task.condition is None}
        assert certain == {step.key for step in of.plan(answers, {}).steps}
        for task in drawn.tasks:
            if task.condition:
                with pytest.raises(BadInput):
                    evaluate(task.condition.formal, of.variables, answers)


def test_a_situation_that_leaves_a_step_out_leaves_it_out_of_the_diagram() -> None:
    of = event("restaurant")
    small = {"public_assembly": "not-assembly", "sign": "without-sign"}
    options = {one.key: [option.key for option in one.options] for one in of.event.situations}
    answers = {
        key: small.get(key, given[0]) if small.get(key) in given else given[-1] for key, given in options.items()
    }
    whole, one = read(life_event_bpmn(of, "zh")), read(life_event_bpmn(of, "zh", answers))
    assert set(one.kinds) < set(whole.kinds)
    assert "exclusiveGateway" not in one.kinds.values()
    with pytest.raises(FormFaults):
        life_event_bpmn(of, "zh", {"sign": "maybe"})


def test_a_condition_that_the_form_decides_stays_open_in_a_situation() -> None:
    body = assemble(serving.city(), "newborn")
    uses = {use["service"]: use for use in body["event"]["services"]}
    uses["resident-insurance"]["when"] = "insurance_tier == 'basic' && parents == 'married'"
    of = compile_body(body)
    answers = {"birth_place": "institution", "parents": "married"}
    open_ = {task.key: task.condition for task in diagram_of(of, "zh", answers).tasks if task.condition}
    assert list(open_) == ["resident-insurance"]
    assert open_["resident-insurance"].answer == uses["resident-insurance"]["when"]
    # where the answers alone already say no, nothing stays open
    unmarried = diagram_of(of, "zh", {**answers, "parents": "unmarried"})
    assert "resident-insurance" not in {task.key for task in unmarried.tasks}


def test_conditions_read_as_question_and_answer_and_keep_their_formal_text() -> None:
    of = event("restaurant")
    process = read(life_event_bpmn(of, "en"))
    flow = next(flow for flow, text in process.conditions.items() if text == "sign == 'with-sign'")
    question = next(one for one in of.event.situations if one.key == "sign")
    assert process.names[process.flows[flow][0]] == question.question.en
    assert process.names[flow] == next(one.name.en for one in question.options if one.key == "with-sign")
    assert process.names[process.defaults[process.flows[flow][0]]] == "otherwise"


def test_words_are_of_the_language_asked_for_and_the_version_is_named() -> None:
    of = event("newborn")
    chinese, english = (life_event_bpmn(of, language, None, system_names()).decode() for language in ("zh-hans", "en"))
    assert "收到申请" in chinese
    assert "Application received" not in chinese
    assert "Application received" in english
    assert "收到申请" not in english
    assert of.hash in chinese
    system = serving.city().get("system", "card-system")
    assert f'name="{system.name.zh}"' in chinese
    assert f'name="{system.name.en}"' in english


@pytest.mark.django_db
def test_anybody_may_download_the_diagram_of_what_is_published(client: Client) -> None:
    assert client.get("/life-events/newborn/bpmn").status_code == 404
    publish()
    answer = client.get("/life-events/newborn/bpmn")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/xml; charset=utf-8")
    assert answer["Content-Disposition"] == 'attachment; filename="newborn.bpmn"'
    assert "Step_birth-registration" in read(answer.content).kinds
    guide = client.get("/life-events/newborn/", {"birth_place": "institution", "parents": "married"})
    link = next(part for part in guide.content.decode().split('"') if "/newborn/bpmn" in part).replace("&amp;", "&")
    one = client.get(link)
    assert one.status_code == 200
    assert "孩子在哪里出生" in one.content.decode()
    assert client.get("/life-events/newborn/bpmn", {"parents": "perhaps"}).status_code == 422
    assert client.post("/life-events/newborn/bpmn").status_code in (403, 405)


@pytest.mark.django_db
def test_the_command_writes_the_same_file(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import typer

    from zhengtong.services import commands

    monkeypatch.setenv("ZHENGTONG_LANGUAGE", "en")
    publish("restaurant")
    app = typer.Typer()
    app.command("bpmn")(commands.bpmn)
    out = tmp_path / "out.bpmn"
    result = CliRunner().invoke(app, ["restaurant", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert out.read_bytes() == life_event_bpmn(event("restaurant"), "en", None, system_names())
    assert CliRunner().invoke(app, ["restaurant"]).stdout_bytes == out.read_bytes()
    result = CliRunner().invoke(app, ["restaurant", "--answer", "sign"])
    assert isinstance(result.exception, WrongUse)


def test_what_may_come_beside_the_main_line_is_told_at_its_task() -> None:
    """Joint inspections, documents that may come later and commitments, of every life event that has them."""
    told = 0
    for key in ALL:
        of = event(key)
        for task in diagram_of(of, "en").tasks:
            service = of.services[task.key]
            visits = [visit for visit in of.event.inspections if task.key in visit.services]
            assert task.documentation.count("Joint inspection before the decision") == len(visits)
            for visit in visits:
                assert all(of.services[other].name.en in task.documentation for other in visit.services)
            for material in service.materials:
                later, instead = f"May come later: {material.name.en}", f"stand for it: {material.name.en}"
                assert (later in task.documentation) == (material.tolerance is not None)
                assert (instead in task.documentation) == (material.commitment is not None)
                told += bool(material.tolerance) + bool(material.commitment)
            told += len(visits)
    assert told >= 3, "the city has at least one of each"
