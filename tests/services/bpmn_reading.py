# SPDX-License-Identifier: Apache-2.0
"""A BPMN file read back, and played with tokens: what a reader of the standard takes it to mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
WAYPOINT = "{http://www.omg.org/spec/DD/20100524/DI}waypoint"
ROOT = Path(__file__).resolve().parents[2]
XSD = ROOT / "node_modules/bpmn-moddle/resources/bpmn/xsd/BPMN20.xsd"
NODES = ("startEvent", "endEvent", "userTask", "serviceTask", "parallelGateway", "exclusiveGateway")

Box = tuple[int, int, int, int]


@dataclass
class Read:
    """The process of a file by ids. `flows` are (source, target); `lanes` each node's."""

    root: etree._Element
    kinds: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    flows: dict[str, tuple[str, str]] = field(default_factory=dict)
    conditions: dict[str, str] = field(default_factory=dict)
    lanes: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    boxes: dict[str, Box] = field(default_factory=dict)
    labels: dict[str, Box] = field(default_factory=dict)
    ways: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def out(self, node: str) -> list[str]:
        return [flow for flow, (source, _) in self.flows.items() if source == node]

    def into(self, node: str) -> list[str]:
        return [flow for flow, (_, target) in self.flows.items() if target == node]


def read(body: bytes) -> Read:
    root = etree.fromstring(body)
    found = Read(root)
    process = root.find(f"{BPMN}process")
    for one in process:
        tag = etree.QName(one).localname
        if tag in NODES:
            found.kinds[one.get("id")] = tag
            found.names[one.get("id")] = one.get("name", "")
            if one.get("default"):
                found.defaults[one.get("id")] = one.get("default")
        elif tag == "sequenceFlow":
            found.flows[one.get("id")] = one.get("sourceRef"), one.get("targetRef")
            found.names[one.get("id")] = one.get("name", "")
            if (condition := one.find(f"{BPMN}conditionExpression")) is not None:
                found.conditions[one.get("id")] = condition.text
    for lane in process.iter(f"{BPMN}lane"):
        for one in lane.iter(f"{BPMN}flowNodeRef"):
            assert one.text not in found.lanes
            found.lanes[one.text] = lane.get("id")

    def box(element: etree._Element) -> Box:
        return tuple(int(element.get(name)) for name in ("x", "y", "width", "height"))  # type: ignore[return-value]

    for shape in root.iter(f"{DI}BPMNShape", f"{DI}BPMNEdge"):
        id_ = shape.get("bpmnElement")
        if (bounds := shape.find(f"{DC}Bounds")) is not None:
            found.boxes[id_] = box(bounds)
        if points := [(int(one.get("x")), int(one.get("y"))) for one in shape.iter(WAYPOINT)]:
            found.ways[id_] = points
        if (label := shape.find(f"{DI}BPMNLabel/{DC}Bounds")) is not None:
            found.labels[id_] = box(label)
    return found


def play(process: Read, holds: Callable[[str], bool], choose: Callable[[list[str]], str]) -> Iterator[str]:
    """Keys of the steps in the order in which they are done, whichever way `choose` picks among those that may go.

    Fails where a token is left anywhere when the end is reached, or where nothing may go before that.
    """
    (start,) = [one for one, kind in process.kinds.items() if kind == "startEvent"]
    tokens = dict.fromkeys(process.out(start), 1)
    while True:
        ready = []
        for node, kind in process.kinds.items():
            waiting = [flow for flow in process.into(node) if tokens.get(flow)]
            if waiting and (kind != "parallelGateway" or len(waiting) == len(process.into(node))):
                ready.append(node)
        assert ready, f"stuck with tokens on {sorted(tokens)}"
        node = choose(sorted(ready))
        taken = (
            process.into(node)
            if process.kinds[node] == "parallelGateway"
            else [next(flow for flow in process.into(node) if tokens.get(flow))]
        )
        for flow in taken:
            tokens[flow] -= 1
            tokens = {one: count for one, count in tokens.items() if count}
        if process.kinds[node] == "endEvent":
            assert not tokens, f"the end leaves tokens on {sorted(tokens)}"
            return
        out = process.out(node)
        if process.kinds[node].endswith("Task"):
            yield node.removeprefix("Step_")
        if process.kinds[node] == "exclusiveGateway" and len(out) > 1:
            chosen = [flow for flow in out if flow in process.conditions and holds(process.conditions[flow])]
            out = chosen or [process.defaults[node]]
            assert len(out) == 1
        elif process.kinds[node] != "parallelGateway":
            assert len(out) == 1, f"{node} has {len(out)} ways out"
        for flow in out:
            assert not tokens.get(flow), f"two tokens on {flow}"
            tokens[flow] = 1
