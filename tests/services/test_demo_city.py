# SPDX-License-Identifier: Apache-2.0
"""The demo city as it is shipped: wide enough to be a city, whole, and honest about its sources."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing_city import DEMO_CITY
from zhengtong.city.conditions import evaluate
from zhengtong.city.load import City, load
from zhengtong.services.definition import LifeEventFile, PublicServiceFile, RegimeFile, needs
from zhengtong.services.published import LifeEvent, assemble, compile_body
from zhengtong.services.rules.itemcode import check_item_code
from zhengtong.services.stages import StageFile


@pytest.fixture(scope="module")
def city() -> City:
    return load(DEMO_CITY)


@pytest.fixture(scope="module")
def events(city: City) -> dict[str, LifeEvent]:
    return {event.key: compile_body(assemble(city, event.key)) for event in city.all(LifeEventFile)}


def situations(event: LifeEvent) -> Iterator[dict[str, str]]:
    keys = [one.key for one in event.event.situations]
    options = [[option.key for option in one.options] for one in event.event.situations]
    return (dict(zip(keys, chosen, strict=True)) for chosen in itertools.product(*options))


def test_it_is_as_wide_as_a_city(city: City, events: dict[str, LifeEvent]) -> None:
    used = {key for event in events.values() for key in event.services}
    assert used == set(city.keys(PublicServiceFile)), "a service that no life event offers is shelf-ware"
    assert len(used) >= 30
    assert len({city.get(PublicServiceFile, key).department for key in used}) >= 12
    assert {"newborn", "restaurant", "business-closing", "school-enrolment", "retirement"} <= set(events)
    assert 7 <= len(events["newborn"].services) <= 9
    assert len(events["restaurant"].services) == 5


def test_every_stage_of_life_has_something_to_offer(city: City) -> None:
    offered = {event.stage for event in city.all(LifeEventFile)}
    assert offered == set(city.keys(StageFile))
    assert [stage.key for stage in city.all(StageFile)][:2] == ["birth", "education"], "the list's order is the city's"


def test_item_codes_are_valid_of_their_department_and_no_two_alike(city: City) -> None:
    codes = {service.key: check_item_code(service.code or "") for service in city.all(PublicServiceFile)}
    assert len(set(codes.values())) == len(codes)
    authorities: dict[str, set[str]] = {}
    for service in city.all(PublicServiceFile):
        authorities.setdefault(service.department, set()).add(codes[service.key].credit_code)
        assert codes[service.key].division == city.meta.division[:2]
    assert all(len(held) == 1 for held in authorities.values()), "one department, one credit code"
    assert len(set.union(*authorities.values())) == len(authorities)


def test_licences_and_no_others_stand_under_the_licensing_law(city: City) -> None:
    """Deemed acceptance and 20 + 10 belong to 行政许可 (code type 01) only."""
    for service in city.all(PublicServiceFile):
        regime = city.get(RegimeFile, service.regime)
        assert regime.deemed == (check_item_code(service.code or "").type == "01"), service.key


def test_in_every_situation_something_is_done_and_nothing_waits_for_what_never_comes(
    events: dict[str, LifeEvent],
) -> None:
    """What a step needs of another is either issued in the same case or not asked for; every condition can hold."""
    for event in events.values():
        seen: set[str] = set()
        for answers in situations(event):
            uses = event.uses(answers)
            plan = event.plan(answers, {})
            assert plan.steps, (event.key, answers)
            waits = needs(uses)
            asked = {ask.material.key for ask in event.materials(answers, {}) if ask.asked}
            issued = {service.output.key for service in uses}
            for service in uses:
                for material in service.materials:
                    if material.origin == "output" and material.key in asked:
                        assert material.output in issued, (event.key, answers, service.key, material.key)
                    if material.origin == "output" and material.key not in asked:
                        assert not {s.key for s in uses if s.output.key == material.output} & waits[service.key]
            seen |= {service.key for service in uses}
        assert seen == set(event.services), f"{event.key}: some service is used in no situation"


def test_the_newborn_depends_on_outputs_as_the_published_guides_say(events: dict[str, LifeEvent]) -> None:
    event = events["newborn"]
    answers = {"birth_place": "institution", "parents": "married", "certificate": "to-issue", "expenses": "claim"}
    waits = {step.key: step.needs for step in event.plan(answers, {}).steps}
    assert waits["birth-registration"] == {"birth-certificate"}
    assert waits["resident-insurance"] == waits["social-security-card"] == {"birth-registration"}
    assert waits["insurance-payment"] == {"resident-insurance"}
    assert waits["childcare-guidance"] == frozenset()
    already = event.plan({**answers, "certificate": "issued"}, {})
    assert next(step for step in already.steps if step.key == "birth-registration").needs == frozenset()


def test_a_simple_closing_waits_for_its_public_notice_and_a_general_one_for_a_report(
    events: dict[str, LifeEvent],
) -> None:
    event = events["business-closing"]
    simple = {"procedure": "simple", "customs": "no-customs"}
    plan = {step.key: step.needs for step in event.plan(simple, {}).steps}
    assert plan["business-deregistration"] == {"simple-publicity", "tax-clearance", "social-insurance-closing"}
    assert "liquidation-report" not in {ask.material.key for ask in event.uploads(simple, {})}
    general = {"procedure": "general", "customs": "has-customs"}
    plan = {step.key: step.needs for step in event.plan(general, {}).steps}
    assert plan["business-deregistration"] == {"tax-clearance", "social-insurance-closing", "customs-closing"}
    assert "liquidation-report" in {ask.material.key for ask in event.uploads(general, {})}
    assert any(reason.key == "publicity" and reason.use == "pause" for reason in event.reasons.values())


def test_no_figure_claims_to_be_verified_that_nobody_verified(city: City) -> None:
    """Every figure from before a reform says where it is from; what is comparable is the demo's own."""
    befores = [before for event in city.all(LifeEventFile) for before in event.before]
    assert len(befores) >= 5
    for before in befores:
        assert not before.verified
        assert before.source.zh
        if before.comparable:
            assert "演示" in before.source.zh
    assert not any(service.verified for service in city.all(PublicServiceFile))


def test_every_file_says_its_licence_first() -> None:
    unlicensed = [
        str(file.relative_to(DEMO_CITY))
        for file in sorted(Path(DEMO_CITY).rglob("*.yaml"))
        if not file.read_text("utf-8").startswith("# SPDX-License-Identifier: Apache-2.0\n")
    ]
    assert unlicensed == []


def test_conditions_are_over_what_is_asked(events: dict[str, LifeEvent]) -> None:
    """Each condition holds in one situation and fails in another: else it would decide nothing."""
    for event in events.values():
        conditions = {use.when for use in event.event.services if use.when}
        questions = {one.key for one in event.event.situations}
        conditions |= {ask.when for ask in event.event.asks if any(ask.when.startswith(key) for key in questions)}
        for condition in conditions:
            outcomes = {evaluate(condition, event.variables, answers) for answers in situations(event)}
            assert outcomes == {True, False}, (event.key, condition)


def test_what_has_a_pattern_shows_an_example_of_it_so_that_nobody_has_to_guess(events: dict[str, LifeEvent]) -> None:
    for event in events.values():
        for element in event.elements.values():
            if element.pattern and not element.key.endswith("_name"):
                assert element.example or element.hint, (event.key, element.key)
