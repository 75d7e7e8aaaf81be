# SPDX-License-Identifier: Apache-2.0
"""SpiffWorkflow: cases of eight tasks, the serialised workflow saved after each. Run by `benchmarks.engines`, apart.

`python spiff_case.py DATABASE CASES` prints the CPU seconds of a task as JSON.
"""

from __future__ import annotations

import json
import resource
import sqlite3
import sys

from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

STEPS = 8


def bpmn() -> bytes:
    flows = "".join(
        f'<sequenceFlow id="f{n}" sourceRef="{"start" if n == 0 else f"t{n - 1}"}" '
        f'targetRef="{"end" if n == STEPS else f"t{n}"}"/>'
        for n in range(STEPS + 1)
    )
    tasks = "".join(f'<manualTask id="t{n}" name="t{n}"/>' for n in range(STEPS))
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">'
        f'<process id="case" isExecutable="true"><startEvent id="start"/>{tasks}<endEvent id="end"/>{flows}</process>'
        "</definitions>"
    ).encode()


def main(path: str, cases: int) -> None:
    from lxml import etree

    parser = BpmnParser()
    parser.add_bpmn_xml(etree.fromstring(bpmn()))
    spec, serializer = parser.get_spec("case"), BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure())
    database = sqlite3.connect(path, isolation_level=None, timeout=20)
    database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                           "CREATE TABLE instance (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")  # fmt: skip

    def run(case: int) -> None:
        workflow = BpmnWorkflow(spec)
        workflow.do_engine_steps()
        for number in range(STEPS):
            task = workflow.get_next_task(state=TaskState.READY, manual=True)
            task.run()
            workflow.do_engine_steps()
            body = serializer.serialize_json(workflow)
            database.execute("BEGIN IMMEDIATE")
            if number:
                database.execute("UPDATE instance SET body = ? WHERE id = ?", (body, case))
            else:
                database.execute("INSERT INTO instance VALUES (?, ?)", (case, body))
            database.execute("COMMIT")
        if not workflow.is_completed():
            raise SystemExit("the case did not come to its end")

    for case in range(5):
        run(-case - 1)
    before = resource.getrusage(resource.RUSAGE_SELF)
    for case in range(1, cases + 1):
        run(case)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    kept = database.execute("SELECT COUNT(*) FROM instance").fetchone()[0]
    mode = database.execute("PRAGMA synchronous").fetchone()[0]
    print(json.dumps({"cpu_us": cpu / cases / STEPS * 1e6, "kept": kept, "synchronous": mode}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
