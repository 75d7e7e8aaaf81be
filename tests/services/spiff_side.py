# SPDX-License-Identifier: Apache-2.0
"""A diagram played by SpiffWorkflow: run by an interpreter that has it (`build/spiff`), a job a line, an answer a line.

A job is `{"bpmn": text, "holds": {condition: bool}, "picks": [n, …]}`; the answer is `{"ready": [[step, …], …], "done":
bool}`: the steps that may be done at each moment, of which the n-th (modulo their number) is done next. What is changed
in the file first says what kind of file it is: it describes and is not executable, nobody sends its first message, and
its `Start` and `End` bear names that SpiffWorkflow keeps for itself.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn import BpmnWorkflow  # type: ignore[import-not-found]
from SpiffWorkflow.bpmn.parser import BpmnParser  # type: ignore[import-not-found]
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine  # type: ignore[import-not-found]
from SpiffWorkflow.util.task import TaskState  # type: ignore[import-not-found]

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
OPEN = TaskState.READY | TaskState.WAITING | TaskState.STARTED


class Known(PythonScriptEngine):  # type: ignore[misc]
    """Conditions are in the house's own language: what each comes to is part of the job."""

    def __init__(self, holds: dict[str, bool]) -> None:
        super().__init__()
        self.holds = holds

    def evaluate(self, task: Any, expression: str, external_context: Any = None) -> bool:
        return self.holds[expression]


def executable(text: str) -> etree._Element:
    root = etree.fromstring(text.encode())
    root.find(f"{BPMN}process").set("isExecutable", "true")
    for one in list(root.iter(f"{BPMN}messageEventDefinition")):
        one.getparent().remove(one)
    for one in root.iter():
        for name in ("id", "sourceRef", "targetRef"):
            if one.get(name) in ("Start", "End"):
                one.set(name, f"{one.get(name)}_event")
        if one.tag == f"{BPMN}flowNodeRef" and one.text in ("Start", "End"):
            one.text = f"{one.text}_event"
    return root


def play(job: dict[str, Any]) -> dict[str, Any]:
    parser = BpmnParser()
    parser.add_bpmn_xml(executable(job["bpmn"]))
    workflow = BpmnWorkflow(parser.get_spec("Process"), script_engine=Known(job["holds"]))
    moments: list[list[str]] = []
    while not workflow.completed:
        steps = [task for task in workflow.get_tasks(state=OPEN) if task.task_spec.name.startswith("Step_")]
        others = [task for task in workflow.get_tasks(state=TaskState.READY) if task not in steps]
        if others:  # gateways and events: nobody does them
            others[0].run()
            continue
        if not steps:
            break
        by_name = {task.task_spec.name.removeprefix("Step_"): task for task in steps}
        moments.append(sorted(by_name))
        picked = moments[-1][job["picks"][len(moments) - 1] % len(steps)]
        task = by_name[picked]
        task.run()
        if task.state == TaskState.STARTED:  # a service task waits for its system's answer: here it is
            task.complete()
    return {"ready": moments, "done": workflow.completed}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(play(json.loads(line))), flush=True)
