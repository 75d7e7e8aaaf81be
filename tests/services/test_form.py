# SPDX-License-Identifier: Apache-2.0
"""The one form: each element once, services, fields and documents decided by the situation, nothing kept unasked.

Over every situation of the demo city, and over life events that hypothesis makes, against an oracle of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from people import ANSWERS, FORM
from zhengtong.acts.serving import city
from zhengtong.errors import FormFaults
from zhengtong.services.published import LifeEvent, assemble, compile_body

TODAY = date(2026, 3, 2)
POST = "明川市临江区通达路 8 号"


@pytest.fixture(scope="module")
def newborn() -> LifeEvent:
    return compile_body(assemble(city(), "newborn"))


def situations(event: LifeEvent) -> list[dict[str, str]]:
    keys = [one.key for one in event.event.situations]
    options = [[option.key for option in one.options] for one in event.event.situations]
    return [dict(zip(keys, chosen, strict=True)) for chosen in itertools.product(*options)]


@pytest.mark.parametrize("delivery", ["pickup", "post"])
def test_every_situation_of_the_demo_city_asks_each_element_once(newborn: LifeEvent, delivery: str) -> None:
    raw = {**FORM, "delivery_method": delivery, "postal_address": POST}
    assert len(situations(newborn)) == 4
    for answers in situations(newborn):
        values = newborn.read_form(answers, raw, today=TODAY)
        fields = newborn.fields(answers, values)
        keys = [field.element.key for field in fields]
        assert len(keys) == len(set(keys))
        needed = {key for service in newborn.uses(answers, values) for key in service.elements}
        assert set(keys) == needed
        for field in fields:
            named = [s.key for s in newborn.uses(answers, values) if field.element.key in s.elements]
            assert list(field.services) == named
        assert list(values) == [field.element.key for field in fields if field.asked]
        married = answers["parents"] == "married"
        assert ("father_id" in values) == ("father_name" in values) == married
        assert ("postal_address" in values) == (delivery == "post")
        uploads = {ask.material.key for ask in newborn.uploads(answers, values)}
        assert uploads == {"birth-certificate"} | ({"marriage-certificate"} if married else set()) | (
            {"parentage-statement"} if not married or answers["birth_place"] == "elsewhere" else set()
        )
        assert len(newborn.plan(answers, values).steps) == 4


def test_an_address_is_asked_only_for_delivery_by_post(newborn: LifeEvent) -> None:
    assert "postal_address" not in newborn.read_form(ANSWERS, {**FORM, "postal_address": "?"}, today=TODAY)
    with pytest.raises(FormFaults) as error:
        newborn.read_form(ANSWERS, {**FORM, "delivery_method": "post"}, today=TODAY)
    assert set(error.value.fields) == {"postal_address"}


def test_situation_questions_are_answered_with_one_of_their_options(newborn: LifeEvent) -> None:
    assert newborn.check_answers({**ANSWERS, "extra": "x"}) == ANSWERS
    with pytest.raises(FormFaults) as error:
        newborn.check_answers({"parents": "divorced"})
    assert set(error.value.fields) == {"birth_place", "parents"}


WRONG = {
    "child_name": "林1",
    "child_sex": "9",
    "birth_date": "2026-02-30",
    "birth_certificate_number": "999000001",
    "mother_name": "",
    "mother_id": "999900199003121008",
    "father_name": "\u200b",
    "father_id": "1",
    "household_address": "明" * 121,
    "household_district": "110101",
    "contact_mobile": "23800001000",
    "insurance_tier": "gold",
    "delivery_method": "drone",
}


def test_every_wrong_field_is_named_in_both_languages_all_at_once(newborn: LifeEvent) -> None:
    with pytest.raises(FormFaults) as error:
        newborn.read_form(ANSWERS, WRONG, today=TODAY)
    assert list(error.value.fields) == [f.element.key for f in newborn.fields(ANSWERS, {}) if f.element.key in WRONG]
    for key, fault in error.value.fields.items():
        zh, en = fault.say("zh"), fault.say("en")
        assert any("\u4e00" <= letter <= "\u9fff" for letter in fault.zh), key
        assert fault.en.isascii(), key
        assert fault.zh in zh
        assert fault.en in en
    said = error.value.say("en")
    assert all(f"{key}: " in said for key in WRONG)


@pytest.mark.parametrize("key", list(WRONG))
def test_one_wrong_field_is_the_only_one_named(newborn: LifeEvent, key: str) -> None:
    with pytest.raises(FormFaults) as error:
        newborn.read_form(ANSWERS, {**FORM, key: WRONG[key]}, today=TODAY)
    assert set(error.value.fields) == {key} | ({"postal_address"} & error.value.fields.keys())


def test_a_field_the_situation_does_not_ask_is_not_even_looked_at(newborn: LifeEvent) -> None:
    answers = {**ANSWERS, "parents": "unmarried"}
    values = newborn.read_form(answers, {**FORM, "father_id": "nonsense"}, today=TODAY)
    assert not {"father_id", "father_name"} & values.keys()


# --- life events made by hypothesis -------------------------------------------------------------------------------

ELEMENTS = [f"e{n}" for n in range(7)]
MATERIALS = [f"m{n}" for n in range(4)]
SITUATIONS = {"s0": ["p", "q"], "s1": ["p", "q", "r"]}
CODES = ["a", "b", "c"]


@dataclass(frozen=True)
class Test:
    """`name op value`, or two of them joined; three-valued where a name is not known."""

    __test__ = False
    parts: tuple[tuple[str, str, str], ...]
    joined: str

    def cel(self) -> str:
        return f" {self.joined} ".join(f"{name} {op} '{value}'" for name, op, value in self.parts)

    def holds(self, known: Mapping[str, str]) -> bool:
        truths = [
            None if name not in known else (known[name] == value) == (op == "==") for name, op, value in self.parts
        ]
        if self.joined == "&&":
            return False not in truths and None not in truths
        return True in truths


def _tests(names: dict[str, list[str]]) -> st.SearchStrategy[Test]:
    part = st.sampled_from(sorted(names)).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(["==", "!="]), st.sampled_from(names[name]))
    )
    return st.builds(Test, st.lists(part, min_size=1, max_size=2).map(tuple), st.sampled_from(["&&", "||"]))


@st.composite
def life_events(draw: st.DrawFn) -> dict[str, Any]:
    """Services with elements and documents, and conditions over situations and over elements that some service asks."""
    count = draw(st.integers(1, 4))
    services = []
    for n in range(count):
        elements = draw(st.lists(st.sampled_from(ELEMENTS), min_size=1, max_size=5, unique=True))
        materials = draw(st.lists(st.sampled_from(MATERIALS), max_size=2, unique=True))
        services.append((f"v{n}", elements, materials))
    used = sorted({key for _, elements, _ in services for key in elements})
    brought = sorted({key for _, _, materials in services for key in materials})
    names = {**SITUATIONS, **dict.fromkeys(used, CODES)}
    tests = _tests(names)
    return {
        "services": services,
        "when": draw(st.lists(st.none() | tests, min_size=count, max_size=count)),
        "elements": draw(st.lists(st.tuples(st.sampled_from(used), tests), max_size=5)),
        "materials": draw(st.lists(st.tuples(st.sampled_from(brought), tests), max_size=3)) if brought else [],
    }


@lru_cache(maxsize=1)
def _frame() -> dict[str, Any]:
    return assemble(city(), "newborn")


def compiled(made: dict[str, Any]) -> LifeEvent:
    """The made life event in the frame of the real one: its regimes, departments and other parts are kept."""
    frame = _frame()
    text = {"zh": "甲", "en": "A"}
    like = frame["services"][0]
    services = [
        {
            **like,
            "key": key,
            "regime": "registration",
            "elements": elements,
            "materials": [{"key": m, "name": text, "necessity": "required", "origin": "self"} for m in materials],
            "output": {"key": f"out-{key}", "name": text, "kind": "other"},
        }
        for key, elements, materials in made["services"]
    ]
    event = {
        **frame["event"],
        "situations": [
            {"key": key, "question": text, "options": [{"key": o, "name": text} for o in options]}
            for key, options in SITUATIONS.items()
        ],
        "services": [
            {"service": key} | ({"when": when.cel()} if when else {})
            for (key, _, _), when in zip(made["services"], made["when"], strict=True)
        ],
        "asks": [{"element": key, "when": test.cel()} for key, test in made["elements"]]
        + [{"material": key, "when": test.cel()} for key, test in made["materials"]],
        "before": [],
    }
    used = {key for _, elements, _ in made["services"] for key in elements}
    element = {"name": text, "type": "code", "code_list": "abc", "grade": 1, "personal": False}
    codes = {"key": "abc", "name": text, "source": "-", "codes": [{"code": c, "name": text} for c in CODES]}
    body = {**frame, "event": event, "services": services, "codes": [codes]}
    return compile_body({**body, "elements": [{"key": key, **element} for key in sorted(used)]})


def oracle(
    made: dict[str, Any], answers: Mapping[str, str], raw: Mapping[str, str]
) -> tuple[set[str], set[str], set[str]]:
    """(services, elements asked, documents asked): what is known grows until it asks for nothing more."""
    known: dict[str, str] = dict(answers)
    while True:
        services = [
            one for one, when in zip(made["services"], made["when"], strict=True) if when is None or when.holds(known)
        ]

        def asked(kind: str, key: str, known: Mapping[str, str] = known) -> bool:
            tests = [test for of, test in made[kind] if of == key]
            return not tests or any(test.holds(known) for test in tests)

        elements = {key for _, needed, _ in services for key in needed if asked("elements", key)}
        more = {**answers, **{key: raw[key] for key in elements if key in raw}}
        if more == known:
            materials = {key for _, _, needed in services for key in needed if asked("materials", key)}
            return {key for key, _, _ in services}, elements, materials
        known = more


@settings(deadline=None, max_examples=120)
@given(
    life_events(),
    st.fixed_dictionaries({key: st.sampled_from(options) for key, options in SITUATIONS.items()}),
    st.dictionaries(st.sampled_from(ELEMENTS), st.sampled_from(CODES)),
)
def test_any_life_event_asks_what_its_conditions_say_and_keeps_nothing_else(
    made: dict[str, Any], answers: dict[str, str], raw: dict[str, str]
) -> None:
    event = compiled(made)
    services, elements, materials = oracle(made, answers, raw)
    missing = elements - raw.keys()
    if missing:
        with pytest.raises(FormFaults) as error:
            event.read_form(answers, raw, today=TODAY)
        assert set(error.value.fields) == missing
        return
    values = event.read_form(answers, raw, today=TODAY)
    assert values == {key: raw[key] for key in elements}
    assert {service.key for service in event.uses(answers, values)} == services
    assert {step.key for step in event.plan(answers, values).steps} == services
    fields = event.fields(answers, values)
    assert len({field.element.key for field in fields}) == len(fields)
    assert {field.element.key for field in fields if field.asked} == elements
    assert {ask.material.key for ask in event.uploads(answers, values)} == materials
    assert event.read_form(answers, {k: str(v) for k, v in values.items()}, today=TODAY) == values
