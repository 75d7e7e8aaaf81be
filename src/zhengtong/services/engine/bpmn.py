# SPDX-License-Identifier: Apache-2.0
"""A life event as BPMN 2.0 (ISO/IEC 19510): its steps as tasks in the lanes of their departments.

Steps that wait for nothing run in parallel; a step that needs others' outputs waits for all of them; a step that only
some situations ask for stands between two exclusive gateways, and what waits for it goes on when it is left out. So a
token game on the diagram runs exactly the steps that the flow of a case runs, in orders that it allows: all of them but
in one place, where the way around a step that is left out passes what that step would have waited for, while the flow
waits for neither. The diagram describes, and is not executable.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from lxml import etree

from zhengtong.errors import BadInput
from zhengtong.services.engine.bpmn_layout import Edge, Layout, Node, NodeKind, lay_out

_NS: Final = {
    None: "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
CEL: Final = "https://github.com/google/cel-spec"
"""The language of conditions, as BPMN names languages: by an address."""
_GATEWAYS: Final = {
    "fork": "parallelGateway",
    "join": "parallelGateway",
    "split": "exclusiveGateway",
    "merge": "exclusiveGateway",
}


@dataclass(frozen=True)
class Condition:
    """When a step is asked for: `question` and `answer` for people, `formal` as the city file has it."""

    question: str
    answer: str
    formal: str


@dataclass(frozen=True)
class Task:
    """One department's step. `needs` are keys of steps before it; `external` names the system that decides it."""

    key: str
    name: str
    lane: str
    needs: frozenset[str] = frozenset()
    external: str = ""
    condition: Condition | None = None
    documentation: str = ""


@dataclass(frozen=True)
class Words:
    """What the diagram itself says, in the reader's language."""

    applicant: str
    applied: str
    closed: str
    otherwise: str


@dataclass(frozen=True)
class Diagram:
    """`lanes` are (key, name), the lead's first; `tasks` in an order in which each comes after those it needs."""

    key: str
    name: str
    documentation: str
    lanes: tuple[tuple[str, str], ...]
    tasks: tuple[Task, ...]
    words: Words


def to_bpmn(diagram: Diagram) -> bytes:
    """The diagram as a BPMN 2.0 file with its layout; the same diagram always gives the same bytes.

    Raises `BadInput` for tasks that are not in order or stand in no lane.
    """
    _check(diagram)
    nodes, edges = _graph(diagram)
    return _Writer(diagram, nodes, edges, lay_out(dict(diagram.lanes), nodes, edges)).write()


def _check(diagram: Diagram) -> None:
    seen: set[str] = set()
    lanes = {key for key, _ in diagram.lanes}
    for task in diagram.tasks:
        if task.key in seen or not task.needs <= seen or task.lane not in lanes:
            raise BadInput(
                f"环节“{task.key}”重复、先于所需环节，或没有泳道",
                f"step {task.key!r} stands twice, before what it needs, or in no lane",
                found=sorted(task.needs - seen) or task.lane,
            )
        seen.add(task.key)
    if not seen:
        raise BadInput("没有环节可画", "there is no step to draw", found=diagram.key)


def _graph(diagram: Diagram) -> tuple[list[Node], list[Edge]]:
    """Nodes in the order of the flow, each with the row it stands in: the lead's own, or its task's."""
    needed = {need for task in diagram.tasks for need in task.needs}
    roots = [task for task in diagram.tasks if not task.needs]
    ends = [task for task in diagram.tasks if task.key not in needed]
    lead = diagram.lanes[0][0]
    nodes = [Node("Start", "start", diagram.words.applied, lead, "")]
    edges: list[Edge] = []
    first = "Start"
    if len(roots) > 1:
        nodes.append(Node("Fork", "fork", "", lead, ""))
        edges.append(Edge("Start", "Fork"))
        first = "Fork"
    leaves: dict[str, str] = {}
    for task in diagram.tasks:
        followers = sum(task.key in other.needs for other in diagram.tasks)
        own, inner = _cluster(task, followers)
        sources = [leaves[need.key] for need in diagram.tasks if need.key in task.needs] or [first]
        edges += [Edge(source, own[0].id) for source in sources]
        nodes += own
        edges += inner
        leaves[task.key] = own[-1].id
    if len(ends) > 1:
        nodes.append(Node("Join", "join", "", lead, ""))
        edges += [Edge(leaves[task.key], "Join") for task in ends]
    nodes.append(Node("End", "end", diagram.words.closed, lead, ""))
    edges.append(Edge("Join" if len(ends) > 1 else leaves[ends[0].key], "End"))
    return nodes, [_worded(edge, diagram) for edge in edges]


def _cluster(task: Task, followers: int) -> tuple[list[Node], list[Edge]]:
    """A task with the gateways around it, one after the other."""
    kinds: list[tuple[NodeKind, str]] = []
    if len(task.needs) > 1:
        kinds.append(("join", ""))
    if task.condition:
        kinds.append(("split", task.condition.question))
    kinds.append(("service" if task.external else "task", task.name))
    if task.condition:
        kinds.append(("merge", ""))
    if followers > 1:
        kinds.append(("fork", ""))
    prefix = {"join": "Join", "split": "When", "task": "Step", "service": "Step", "merge": "Then", "fork": "Fork"}
    nodes = [Node(f"{prefix[kind]}_{task.key}", kind, name, task.lane, task.key) for kind, name in kinds]
    edges = [Edge(one.id, other.id) for one, other in itertools.pairwise(nodes)]
    if task.condition:
        edges.append(Edge(f"When_{task.key}", f"Then_{task.key}", bypass=True))
    return nodes, edges


def _worded(edge: Edge, diagram: Diagram) -> Edge:
    if not edge.source.startswith("When_"):
        return edge
    if edge.bypass:
        return Edge(edge.source, edge.target, diagram.words.otherwise, bypass=True)
    condition = next(task.condition for task in diagram.tasks if f"When_{task.key}" == edge.source)
    return Edge(edge.source, edge.target, condition.answer if condition else "")


class _Writer:
    def __init__(self, diagram: Diagram, nodes: Sequence[Node], edges: Sequence[Edge], layout: Layout) -> None:
        self.diagram, self.nodes, self.edges, self.layout = diagram, nodes, edges, layout
        self.tasks = {f"Step_{task.key}": task for task in diagram.tasks}
        self.root = etree.Element(self._tag("definitions"), nsmap=_NS)

    @staticmethod
    def _tag(name: str) -> str:
        prefix, _, local = name.rpartition(":")
        return f"{{{_NS[prefix or None]}}}{local}"

    def _add(self, parent: etree._Element, tag: str, text: str = "", **attributes: str) -> etree._Element:
        element = etree.SubElement(parent, self._tag(tag), {key: value for key, value in attributes.items() if value})
        if text:
            element.text = text
        return element

    def write(self) -> bytes:
        self.root.set("id", "Definitions")
        self.root.set("name", self.diagram.name)
        self.root.set("targetNamespace", f"urn:zhengtong:life-event:{self.diagram.key}")
        self.root.set("exporter", "Zhengtong")
        self._collaboration()
        self._process()
        self._drawing()
        etree.indent(self.root, "  ")
        written: bytes = etree.tostring(self.root, xml_declaration=True, encoding="UTF-8")
        return written + b"\n"

    def externals(self) -> Iterator[tuple[str, str, list[str]]]:
        """Each outside system: its pool, its name and the tasks it decides."""
        systems: dict[str, list[str]] = {}
        for id_, task in self.tasks.items():
            if task.external:
                systems.setdefault(task.external, []).append(id_)
        for number, (name, tasks) in enumerate(systems.items(), 1):
            yield f"System_{number}", name, tasks

    def messages(self) -> Iterator[tuple[str, str, str]]:
        yield "Message_application", "Applicant", "Start"
        yield "Message_results", "End", "Applicant"
        for pool, _, tasks in self.externals():
            for task in tasks:
                yield f"Message_to_{task}", task, pool
                yield f"Message_from_{task}", pool, task

    def _collaboration(self) -> None:
        made = self._add(self.root, "collaboration", id="Collaboration")
        self._add(made, "participant", id="Applicant", name=self.diagram.words.applicant)
        self._add(made, "participant", id="City", name=self.diagram.name, processRef="Process")
        for pool, name, _ in self.externals():
            self._add(made, "participant", id=pool, name=name)
        for id_, source, target in self.messages():
            self._add(made, "messageFlow", id=id_, sourceRef=source, targetRef=target)

    def _process(self) -> None:
        process = self._add(self.root, "process", id="Process", name=self.diagram.name, isExecutable="false")
        self._add(process, "documentation", self.diagram.documentation)
        lanes = self._add(process, "laneSet", id="Lanes")
        for key, name in self.diagram.lanes:
            lane = self._add(lanes, "lane", id=f"Lane_{key}", name=name)
            for node in self.nodes:
                if node.lane == key:
                    self._add(lane, "flowNodeRef", node.id)
        for node in self.nodes:
            self._node(process, node)
        for edge in self.edges:
            flow = self._add(
                process, "sequenceFlow", id=edge.id, name=edge.name, sourceRef=edge.source, targetRef=edge.target
            )
            task = self.tasks.get(edge.target)
            if edge.source.startswith("When_") and not edge.bypass and task and task.condition:
                formal = self._add(flow, "conditionExpression", task.condition.formal, language=CEL)
                formal.set(self._tag("xsi:type"), "tFormalExpression")

    def _node(self, process: etree._Element, node: Node) -> None:
        kinds: Mapping[str, str] = {
            "start": "startEvent", "end": "endEvent", "task": "userTask", "service": "serviceTask", **_GATEWAYS,
        }  # fmt: skip
        made = self._add(process, kinds[node.kind], id=node.id, name=node.name)
        if node.kind in _GATEWAYS:
            made.set("gatewayDirection", "Diverging" if node.kind in ("fork", "split") else "Converging")
        if node.kind == "split":
            made.set("default", next(edge.id for edge in self.edges if edge.source == node.id and edge.bypass))
        if (task := self.tasks.get(node.id)) and task.documentation:
            self._add(made, "documentation", task.documentation)
        for edge in self.edges:
            if edge.target == node.id:
                self._add(made, "incoming", edge.id)
        for edge in self.edges:
            if edge.source == node.id:
                self._add(made, "outgoing", edge.id)
        if node.kind in ("start", "end"):
            self._add(made, "messageEventDefinition", id=f"{node.id}_message")

    def _drawing(self) -> None:
        plane = self._add(
            self._add(self.root, "bpmndi:BPMNDiagram", id="Drawing", name=self.diagram.name),
            "bpmndi:BPMNPlane", id="Plane", bpmnElement="Collaboration",
        )  # fmt: skip
        pools = [("Applicant", self.layout.applicant), ("City", self.layout.city)]
        pools += [(pool, self.layout.system(n)) for n, (pool, _, _) in enumerate(self.externals())]
        for id_, box in pools:
            self._shape(plane, id_, box, isHorizontal="true")
        for key, _ in self.diagram.lanes:
            self._shape(plane, f"Lane_{key}", self.layout.lanes[key], isHorizontal="true")
        for node in self.nodes:
            marker = "true" if node.kind in ("split", "merge") else ""
            shape = self._shape(plane, node.id, self.layout.boxes[node.id], isMarkerVisible=marker)
            if label := self.layout.labels.get(node.id):
                self._bounds(self._add(shape, "bpmndi:BPMNLabel"), label)
        for edge in self.edges:
            drawn = self._edge(plane, edge.id, self.layout.routes[edge.id])
            if label := self.layout.labels.get(edge.id):
                self._bounds(self._add(drawn, "bpmndi:BPMNLabel"), label)
        numbers = {pool: number for number, (pool, _, _) in enumerate(self.externals())}
        for id_, source, target in self.messages():
            self._edge(plane, id_, self.layout.message(source, target, numbers))

    def _shape(self, plane: etree._Element, id_: str, box: Sequence[int], **attributes: str) -> etree._Element:
        shape = self._add(plane, "bpmndi:BPMNShape", id=f"{id_}_di", bpmnElement=id_, **attributes)
        self._bounds(shape, box)
        return shape

    def _bounds(self, parent: etree._Element, box: Sequence[int]) -> None:
        names: tuple[Literal["x", "y", "width", "height"], ...] = ("x", "y", "width", "height")
        self._add(parent, "dc:Bounds", **{name: str(value) for name, value in zip(names, box, strict=True)})

    def _edge(self, plane: etree._Element, id_: str, points: Sequence[tuple[int, int]]) -> etree._Element:
        edge = self._add(plane, "bpmndi:BPMNEdge", id=f"{id_}_di", bpmnElement=id_)
        for x, y in points:
            self._add(edge, "di:waypoint", x=str(x), y=str(y))
        return edge
