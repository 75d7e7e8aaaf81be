# SPDX-License-Identifier: Apache-2.0
"""The rules of quality: each shipped rule met and broken, nothing judged by what a list does not say."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from services.item_factory import items, write_csv, write_map
from zhengtong.acts.serving import city
from zhengtong.city.load import check
from zhengtong.services.engine.conforming import conform_snapshot, judge, quality_rule
from zhengtong.services.engine.itemimport import import_items
from zhengtong.services.engine.itemstore import iterate
from zhengtong.services.item_files import ConformanceFile, load_item_mapping
from zhengtong.services.itemlists import OWN, conform_own, layout, quality_rules
from zhengtong.services.rules.conformance import Judged, Tally, by_department, by_rule, presence
from zhengtong.services.rules.itemfields import FIELDS

EVERYTHING = frozenset(FIELDS)
GOOD: dict[str, Any] = {
    "statutory_days": 20, "statutory_unit": "working_days", "promised_days": 5, "promised_unit": "working_days",
    "legal_basis": "条例", "kind": "promised", "review": "accept_then_approve", "result_name": "许可证",
    "finish": "licence", "visits": 0, "online_depth": 4, "online": True, "postal": True, "fee": False,
    "online_pay": False, "consult_phone": "0750-3123456", "complaint_phone": "0750-3123457", "audience": ("自然人",),
    "topics": ("生育收养",), "item_type": "01", "faqs": 1, "steps": ("1", "2", "3", "4", "5"), "result_sample": True,
}  # fmt: skip
PAID = {"fee": True, "fee_item": "工本费", "fee_basis": "规定", "online_pay": True}

BROKEN: dict[str, list[dict[str, Any]]] = {
    "statutory-present": [{"statutory_days": None}],
    "promised-present": [{"promised_days": None}],
    "basis-present": [{"legal_basis": None}],
    "promise-within-statute": [{"promised_days": 21}],
    "immediate-is-at-once": [{"kind": "immediate"}, {"review": "at_once"}],
    "licence-ends-with-licence": [{"finish": "approval"}, {"finish": None}],
    "document-ends-with-document": [{"result_name": "公文", "finish": "licence"}],
    "approval-ends-with-approval": [{"result_name": "批复", "finish": "licence"}],
    "visit-has-reason": [{"visits": 1, "online_depth": 3}],
    "depth-four-needs-no-visit": [{"visits": 1, "visit_reason": "核验"}],
    "no-visit-needs-a-way": [{"online": False, "postal": False}, {"online": False, "postal": None}],
    "fee-is-explained": [{**PAID, "fee_basis": None}, {**PAID, "fee_item": None}, {**PAID, "online_pay": None}],
    "no-fee-no-payment": [{"online_pay": True}],
    "phones-differ": [{"complaint_phone": "0750-3123456"}],
    "phones-with-area-code": [{"consult_phone": "3123456"}],
    "audience-with-topics": [{"topics": ()}, {"audience": None}],
    "licence-has-faq": [{"faqs": 0}],
    "licence-has-five-steps": [{"steps": ("1", "2")}],
    "result-has-sample": [{"result_sample": False}, {"result_sample": None}],
}


def verdicts(row: dict[str, Any], known: frozenset[str] = EVERYTHING) -> dict[str, str | None]:
    return {rule.key: judge(rule, row, known) for rule in quality_rules(city())}


def test_every_rule_of_the_demo_city_is_tried_here() -> None:
    assert set(BROKEN) == set(city().keys("conformance"))


def test_a_good_item_breaks_no_rule() -> None:
    assert {key for key, verdict in verdicts(GOOD).items() if verdict not in {"pass", None}} == set()
    assert {key for key, verdict in verdicts({**GOOD, **PAID}).items() if verdict not in {"pass", None}} == set()


@pytest.mark.parametrize("key", BROKEN)
def test_what_breaks_a_rule_breaks_that_rule_and_no_other(key: str) -> None:
    for change in BROKEN[key]:
        assert {k for k, verdict in verdicts({**GOOD, **change}).items() if verdict == "fail"} == {key}, change


def test_what_a_list_does_not_carry_is_not_judged_and_what_is_empty_is() -> None:
    rule = quality_rule("r", None, "legal_basis != ''")
    assert judge(rule, {}, frozenset()) == "not_judged"
    assert judge(rule, {"legal_basis": None}, frozenset({"legal_basis"})) == "fail"
    of_some = quality_rule("r", "visits > 0", "visit_reason != ''")
    assert judge(of_some, {"visits": 0}, EVERYTHING) is None
    assert judge(of_some, {"visits": None}, EVERYTHING) == "not_judged"


def test_a_whole_list_is_judged_as_its_items_are_one_by_one(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "list.csv", list(items(300)))
    mapping = load_item_mapping(write_map(tmp_path / "map.yaml"))
    snapshot = import_items(file, layout(mapping), tmp_path / "shelf", "province", about={})
    rules = quality_rules(city())
    alone = Tally()
    for row in iterate(snapshot):
        for rule in rules:
            verdict = judge(rule, row, snapshot.known)
            if verdict is not None:
                alone.add(rule.key, row["department"], verdict, [row["key"]])
    together = conform_snapshot(snapshot, rules)
    assert together == alone.judged()
    present = next(one for one in by_rule(together) if one.key == "statutory-present")
    assert 0.8 < (present.rate or 0) < 0.97
    assert sum(one.failed for one in together) == sum(len(one.failing) for one in together)


def test_the_citys_own_services_are_judged_by_what_their_files_say() -> None:
    judged = conform_own(city())
    rules = {one.rule for one in judged if one.passed or one.failed}
    assert {"promised-present", "promise-within-statute", "depth-four-needs-no-visit"} <= rules
    assert {one.rule for one in judged if one.not_judged} >= {"licence-has-faq"}
    assert all(one.rate is None for one in judged if one.rule == "licence-has-faq")
    assert {one.department for one in judged} == {service.department for service in city().all("service")}
    assert set(FIELDS) >= OWN


def test_rates_leave_out_what_was_not_judged_and_the_worst_stand_first() -> None:
    judged = [Judged("a", "x", 3, 1), Judged("b", "x", 0, 0, 5), Judged("a", "y", 1, 1, 2)]
    assert [(s.key, s.rate) for s in by_department(judged)] == [("y", 0.5), ("x", 0.75)]
    assert [(s.key, s.rate) for s in by_rule(judged)] == [("a", 4 / 6), ("b", None)]
    assert presence({"a": 3, "b": 1}, 4) == [("b", 1, 0.25), ("a", 3, 0.75)]
    assert presence({"a": 0}, 0) == [("a", 0, None)]


RULES = "standards/conformance/items.yaml"
FAULTS = {
    "a field nobody has": ("holds: legal_basis != ''", "holds: legal_bases != ''", "there is no legal_bases"),
    "a choice nobody has": ("holds: finish == 'licence'", "holds: finish == 'license'", "has no such option"),
    "numbers against words": ("when: visits > 0", "when: visits > 'none'", "types do not fit"),
    "no answer": ("holds: has_promised_days", "holds: promised_days", "must yield true or false"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_rule_that_cannot_be_right_is_a_fault_of_the_city(tmp_path: Path, name: str) -> None:
    folder = Path(shutil.copytree(settings.ZHENGTONG_CITY, tmp_path / "city"))
    old, new, words = FAULTS[name]
    text = (folder / RULES).read_text("utf-8")
    assert old in text
    (folder / RULES).write_text(text.replace(old, new, 1), "utf-8")
    (fault,) = check(folder)
    assert fault.file == RULES and words in fault.en


def test_every_rule_names_where_it_comes_from() -> None:
    assert all(rule.source.zh and not rule.verified for rule in city().all(ConformanceFile))
