# SPDX-License-Identifier: Apache-2.0
"""Decision tables of the demo city: faults named at their line, used by a life event, kept with the case."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from people import PARENT, do, publish, uploaded
from services.record import MONDAY_US, attributes, events
from zhengtong.acts.serving import city
from zhengtong.city.load import City, check, load
from zhengtong.services.actions.submit_case import SubmitCase
from zhengtong.services.casework import open_case
from zhengtong.services.decisions import shown_decisions
from zhengtong.services.models import DecisionOutcome
from zhengtong.services.published import LifeEvent, assemble, compile_body

TABLE = "decisions/food-category.yaml"
SHOP = {
    "business_name": "明川市莲塘街小面馆",
    "credit_code": "91999900MA00000006",
    "legal_person_name": "林晓梅",
    "legal_person_id": "999900199003121009",
    "premises_address": "明川市莲塘街 1 号",
    "contact_mobile": "13800001000",
    "premises_area": "40",
    "catering_form": "snack",
    "staff_count": "3",
}
ANSWERS = {"public_assembly": "not-assembly", "sign": "no-sign"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(settings.ZHENGTONG_CITY, tmp_path / "city"))


def change(folder: Path, file: str, old: str, new: str) -> int:
    """Change the one place; returns its line."""
    text = (folder / file).read_text("utf-8")
    assert text.count(old) == 1, (old, text.count(old))
    (folder / file).write_text(text.replace(old, new), "utf-8")
    return text[: text.index(old)].count("\n") + 1


FAULTS = {
    "a gap": ('"<= 50"', '"< 50"', "rules", "no row covers this example", "premises_area = 50"),
    "an overlap": ('"<= 50"', '"<= 60"', "rules[3]", "rows 3 and 4 both apply", "premises_area = 51"),
    "a choice nobody has": ("[restaurant, ", "[restaurnat, ", "rules[1].when[0]", "no such choice", "restaurnat"),
    "a result nobody has": (
        "[catering, true], why: {zh: 餐",
        "[cater, true], why: {zh: 餐",
        "rules[1].then[0]",
        "not of the output's type",
        "cater",
    ),
    "a cell too few": ('[canteen, "-"]', "[canteen]", "rules[0].when", "as many cells", "1"),
    "a row that never applies": ('[canteen, "-"]', '[canteen, "< 5"]', "rules[0]", "row 1 can never apply", ""),
    "an element nobody has": (
        "{element: premises_area}",
        "{element: premises_aera}",
        "inputs[1].element",
        "no such entry",
        "premises_aera",
    ),
    "options of no choice": (
        "type: boolean",
        "type: boolean\n    options: [{key: a, name: {zh: 甲, en: A}}]",
        "outputs[1]",
        "a choice has options",
        "boolean",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_a_table_is_named_where_it_stands(folder: Path, name: str) -> None:
    old, new, field, words, found = FAULTS[name]
    change(folder, TABLE, old, new)
    faults = [fault for fault in check(folder) if fault.file == TABLE]
    fitting = [f for f in faults if (f.field == field and words in f.en)]
    assert fitting and found in fitting[0].found, faults


def test_first_tables_name_the_rows_behind_others_and_collect_tables_list_choices_only(folder: Path) -> None:
    change(folder, TABLE, "hit: unique", "hit: first")
    change(folder, TABLE, '["snack, drinks", "<= 50"]', '["-", "-"]')
    (fault,) = check(folder)
    assert (fault.field, "row 4 is never reached" in fault.en) == ("rules[3]", True)
    change(folder, TABLE, "hit: first", "hit: collect")
    assert {f.field for f in check(folder) if f.file == TABLE} == {"outputs[1].type"}


USES = {
    "an input it does not ask": (
        TABLE,
        "{element: premises_area}",
        "{element: child_name}",
        "which this life event does not ask",
    ),
    "a condition on no option": (
        "life-events/restaurant.yaml",
        "food_category != 'small-catering'",
        "food_category != 'smal-catering'",
        "has no such option",
    ),
    "a name that is taken": (TABLE, "key: food_site_check", "key: staff_count", "is taken"),
    "a department nobody decides": (
        "life-events/restaurant.yaml",
        "{service: food-licence}",
        "{service: food-licence, department_from: food_category}",
        "no decision of this life event",
    ),
    "a table twice": (
        "life-events/restaurant.yaml",
        "[food-category]",
        "[food-category, food-category]",
        "stands twice",
    ),
}


@pytest.mark.parametrize("name", USES)
def test_a_life_event_that_cannot_use_a_table_is_told_so(folder: Path, name: str) -> None:
    file, old, new, words = USES[name]
    change(folder, file, old, new)
    assert any(words in fault.en for fault in check(folder)), check(folder)


def test_a_question_with_other_options_is_no_input(folder: Path) -> None:
    change(folder, TABLE, "  - {element: premises_area}", "  - question: {key: sign, options: [with-sign, none]}")
    assert any("has other options" in fault.en for fault in check(folder))


def compiled(of: City | None = None) -> LifeEvent:
    return compile_body(assemble(of or city(), "restaurant"))


def test_what_a_table_says_decides_what_is_asked() -> None:
    event = compiled()
    for area, form, asked in (("40", "snack", False), ("60", "snack", True), ("40", "restaurant", True)):
        values: dict[str, Any] = {"premises_area": int(area), "catering_form": form}
        uploads = {ask.material.key for ask in event.uploads(ANSWERS, values)}
        assert ("hygiene-rules" in uploads) == asked, (area, form)


def test_a_table_may_say_which_department_decides(folder: Path) -> None:
    place = (
        "  - key: food_site_check\n    name: {zh: 许可前现场核查, en: Inspection before the licence}\n    type: boolean"
    )
    change(
        folder,
        TABLE,
        place,
        "  - {key: food_decider, name: {zh: 许可部门, en: Licensing department}, type: department}",
    )
    text = (folder / TABLE).read_text("utf-8")
    text = (
        text.replace("[canteen, true]", "[canteen, health]")
        .replace(", true]", ", market]")
        .replace(", false]", ", market]")
    )
    (folder / TABLE).write_text(text, "utf-8")
    change(
        folder,
        "life-events/restaurant.yaml",
        "{service: food-licence}",
        "{service: food-licence, department_from: food_decider}",
    )
    event = compiled(load(folder))
    departments = {
        form: event.plan(ANSWERS, {"premises_area": 40, "catering_form": form}).by_key["food-licence"].department
        for form in ("canteen", "snack")
    }
    assert departments == {"canteen": "health", "snack": "market"}
    assert "health" in event.departments
    assert event.plan(ANSWERS, {}).by_key["food-licence"].department == "market"  # undecided: the service's own


@pytest.mark.django_db
def test_what_was_decided_is_kept_with_the_case_and_its_steps() -> None:
    materials = (uploaded("layout-plan"), uploaded("business-licence"))
    done = do(SubmitCase(publish("restaurant"), ANSWERS, SHOP, materials), PARENT, at_us=MONDAY_US)
    number = done.result["case"]
    row = DecisionOutcome.objects.get()
    assert (row.decision, row.rows, row.outputs) == (
        "food-category", [3], {"food_category": "small-catering", "food_site_check": False},
    )  # fmt: skip
    about = attributes(done, "decision_made")
    assert about == {"life_event": "restaurant", "decision": "food-category", "rows": "3"}
    (objects,) = [objects for type, objects, _ in events(done) if type == "decision_made"]
    assert {f"case:{number}", f"step:{number}.food-licence", f"decision:{row.reference}*"} <= set(objects)
    (shown,) = shown_decisions(open_case(number, lock=False))
    assert [(o.name.en, o.value.en) for o in shown.outputs] == [  # type: ignore[attr-defined]
        ("Category", "Small catering business"), ("Inspection before the licence", "no"),
    ]  # fmt: skip
    assert "50" in shown.why[0].zh
