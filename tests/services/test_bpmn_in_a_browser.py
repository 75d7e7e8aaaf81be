# SPDX-License-Identifier: Apache-2.0
"""The exported diagrams open in bpmn-js, the modeller everybody has: no warning, everything on the canvas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from browser import ROOT, chromium, page, screenshot  # noqa: F401
from services.bpmn_reading import read
from services.test_bpmn import ALL, event
from zhengtong.services.engine.bpmn import Condition, Diagram, Task, Words, to_bpmn
from zhengtong.services.flowchart import life_event_bpmn, system_names

pytestmark = pytest.mark.browser

DIST = ROOT / "node_modules/bpmn-js/dist"
OPEN = """async xml => {
    const viewer = new BpmnJS({container: '#canvas'});
    const {warnings} = await viewer.importXML(xml);
    viewer.get('canvas').zoom('fit-viewport');
    const registry = viewer.get('elementRegistry');
    return {warnings: warnings.map(String), drawn: registry.getAll().map(element => element.id)};
}"""
ASKED = Condition("Is it a place of public assembly?", "opening_hours > 8 && seats >= 50", "seats > 50")
BUSY = Diagram(
    "busy",
    "Every kind of thing at once",
    "",
    (("a", "Bureau of Administrative Approval"), ("b", "Health"), ("c", "Housing")),
    (
        Task("one", "First", "b"),
        Task("two", "Decided outside", "c", external="Provincial system"),
        Task("three", "Third", "c", condition=ASKED),
        Task("four", "Fourth, outside and conditional", "c", frozenset({"one", "two"}), "Other system", ASKED),
        Task("five", "Fifth", "a", frozenset({"four", "three"})),
        Task("six", "Sixth", "b", frozenset({"one"})),
    ),
    Words("Applicant", "Application received", "All done", "otherwise"),
)


def opened(page: Any, body: bytes, name: str) -> Path:  # noqa: F811
    """Opens the file in bpmn-js and keeps a picture for people to look at."""
    if not DIST.is_dir():
        pytest.skip("node_modules/bpmn-js is missing: run `npm ci --ignore-scripts`")
    styles = "".join((DIST / "assets" / name).read_text("utf-8") for name in ("diagram-js.css", "bpmn-js.css"))
    page.set_content(f"<style>{styles}</style><div id=canvas style='width: 1240px; height: 860px'></div>")
    page.add_script_tag(content=(DIST / "bpmn-viewer.production.min.js").read_text("utf-8"))
    found = page.evaluate(OPEN, body.decode())
    assert found["warnings"] == []
    process = read(body)
    assert {*process.kinds, *process.flows, *process.boxes, *process.ways} <= set(found["drawn"])
    return screenshot(page, f"bpmn-{name}")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("key", ALL)
def test_every_life_event_of_the_demo_city_opens_in_bpmn_js(page: Any, key: str, language: str) -> None:  # noqa: F811
    opened(page, life_event_bpmn(event(key), language, None, system_names()), f"{key}-{language}")


def test_a_diagram_with_everything_in_it_opens_in_bpmn_js(page: Any) -> None:  # noqa: F811
    opened(page, to_bpmn(BUSY), "busy")


def test_no_text_on_the_canvas_lies_on_another(page: Any) -> None:  # noqa: F811
    """As the browser really draws it: what a label's text takes, not what the layout thinks it takes."""
    opened(page, to_bpmn(BUSY), "busy")
    boxes = page.evaluate(
        "() => [...document.querySelectorAll('.djs-label, .djs-visual > text')].map(text => {"
        " const box = text.getBoundingClientRect();"
        " return [text.textContent, box.left, box.top, box.right, box.bottom]; }).filter(box => box[0])"
    )
    assert len(boxes) > 15
    for number, (text, left, top, right, bottom) in enumerate(boxes):
        for other, other_left, other_top, other_right, other_bottom in boxes[number + 1 :]:
            apart = right <= other_left or other_right <= left or bottom <= other_top or other_bottom <= top
            assert apart, (text, other)
