# SPDX-License-Identifier: Apache-2.0
"""What files declare beside the main line: compiled as it stands, and every fault named where it stands."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from zhengtong.city.load import City, check, load
from zhengtong.errors import Fault
from zhengtong.services.definition import LifeEventFile, PublicServiceFile, RegimeFile
from zhengtong.services.published import assemble, compile_body, content_hash
from zhengtong.services.rules.plan import StepPlan

LICENCE, SIGN, FIRE = "services/food-licence.yaml", "services/shop-sign.yaml", "services/fire-check.yaml"
CARD, EVENT, REGIMES = "services/social-security-card.yaml", "life-events/restaurant.yaml", "standards/regimes.yaml"
ANSWERS = {"public_assembly": "is-assembly", "sign": "with-sign"}
SOURCE = "source: {zh: 依据, en: Basis}"
TOLERANCE = f"tolerance: {{days: 10, unsupplied: revoke, {SOURCE}}}"
COMMITMENT = f"commitment: {{text: {{zh: 我承诺, en: I commit}}, {SOURCE}}}"
PARTS = "parts: [{key: hot, name: {zh: 热食, en: Hot}}, {key: raw, name: {zh: 生食, en: Raw}}]"
VISIT = "inspections: [{key: visit, name: {zh: 勘验, en: Visit}, services: [food-licence, fire-check], lead: market}]"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(settings.ZHENGTONG_CITY, tmp_path / "city"))


def edit(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text("utf-8")
    assert old in text, (file, old)
    path.write_text(text.replace(old, new, 1), "utf-8")


def add(folder: Path, file: str, line: str) -> None:
    with (folder / file).open("a", encoding="utf-8") as out:
        out.write(line + "\n")


def deferrable(folder: Path, extra: str = TOLERANCE, necessity: str = "deferrable") -> None:
    """Rewrite the licence's floor plan."""
    old = "    necessity: required\n    origin: self\n  - key: hygiene-rules"
    edit(folder, LICENCE, old, old.replace("required", f"{necessity}\n    {extra}"))


def parted(folder: Path, parts: str = PARTS) -> None:
    edit(folder, LICENCE, "  kind: licence\n", f"  kind: licence\n  {parts}\n")


def everything(folder: Path) -> City:
    deferrable(folder)
    edit(folder, LICENCE, "    origin: self\noutput", f"    origin: self\n    {COMMITMENT}\noutput")
    parted(folder)
    add(folder, LICENCE, "transfer: {to: [urban], agree: false}")
    add(folder, EVENT, f"joint: true\n{VISIT}")
    joint = "  joint_extension: {days: 15, approver: leader}\n  inspection_pause: inspection\n"
    edit(folder, REGIMES, "  deliver: {days: 10", f"{joint}  deliver: {{days: 10")
    return load(folder)


def plan_of(city: City) -> dict[str, StepPlan]:
    return dict(compile_body(assemble(city, "restaurant")).plan(ANSWERS, {}).by_key)


def test_what_the_files_declare_is_what_the_plan_holds(folder: Path) -> None:
    city = everything(folder)
    step = plan_of(city)["food-licence"]
    assert (step.tolerable, step.strict, step.commitments) == ({"layout-plan"}, frozenset(), {"hygiene-rules"})
    assert (step.parts, step.transfers, step.transfer_agreed) == (("hot", "raw"), {"urban"}, False)
    assert (step.inspection, step.inspection_pause) == ("visit", "inspection")
    assert step.extension is not None
    assert (step.extension.days, step.extension.approver, step.extension.times) == (15, "leader", 1)


def test_joint_handling_takes_the_joint_limit_and_its_extension(folder: Path) -> None:
    event = compile_body(assemble(everything(folder), "restaurant"))
    terms = event.terms(event.services["food-licence"])
    limit = terms.statutory("decide")
    assert limit is not None and limit.extension is not None
    assert (limit.amount, limit.extension.days, limit.extension.approver) == (45, 15, "leader")


def test_departments_that_may_take_over_are_kept_with_the_version(folder: Path) -> None:
    body = assemble(everything(folder), "restaurant")
    assert "urban" in compile_body(body).departments
    add(folder, SIGN, "transfer: {to: [police]}")
    assert "police" in compile_body(assemble(load(folder), "restaurant")).departments


def test_files_of_before_mean_what_they_meant(folder: Path) -> None:
    step = plan_of(load(folder))["food-licence"]
    assert (step.transfers, step.inspection, step.tolerable, step.parts) == (frozenset(), "", frozenset(), ())
    before = content_hash(assemble(load(folder), "newborn"))
    deferrable(folder)
    add(folder, EVENT, "joint: true")
    assert content_hash(assemble(load(folder), "newborn")) == before


def test_an_approver_named_only_in_words_informs_and_extends_nothing(folder: Path) -> None:
    old = (folder / REGIMES).read_text("utf-8").split("approver: head, times: 1")
    (folder / REGIMES).write_text("approver: {zh: 负责人, en: the head}".join(old), "utf-8")
    extension = load(folder).get(RegimeFile, "licence").extension
    assert extension is not None and extension.approver_name is not None
    assert (extension.approver, extension.approver_name.zh, extension.compiled().approver) == (None, "负责人", "")


Change = Callable[[Path], None]
FAULTS: dict[str, tuple[Change, str, str]] = {
    "an approver who cannot": (
        lambda f: edit(f, REGIMES, "approver: head", "approver: clerk"), "extension.approver", "cannot approve"
    ),
    "an approver nobody is": (
        lambda f: edit(f, REGIMES, "approver: head", "approver: heads"), "extension.approver", "no such entry"
    ),
    "an extension of nothing": (
        lambda f: add(f, REGIMES, "  extension: {days: 1, approver: head}"), "extension", "no limit that this"
    ),
    "a pause on the wrong ground": (
        lambda f: add(f, REGIMES, "  inspection_pause: not-needed"), "inspection_pause", "no reason for a pause"
    ),
    "tolerance of what is required": (
        lambda f: deferrable(f, necessity="required"), "materials[1].tolerance", "only a deferrable"
    ),
    "tolerance without end": (
        lambda f: deferrable(f, TOLERANCE.replace("10", "0")), "materials[1].tolerance.days", "too small"
    ),
    "a commitment for what is optional": (
        lambda f: deferrable(f, COMMITMENT, "optional"), "materials[1].commitment", "needs no commitment"
    ),
    "a commitment for another step's output": (
        lambda f: edit(f, LICENCE, "    origin: output\n", f"    origin: output\n    {COMMITMENT}\n"),
        "materials[0].commitment", "nothing is promised",
    ),
    "one part": (
        lambda f: parted(f, "parts: [{key: hot, name: {zh: 热食, en: Hot}}]"), "output.parts", "a single part"
    ),
    "a part twice": (lambda f: parted(f, PARTS.replace("raw", "hot")), "output.parts[1].key", "stands twice"),
    "a transfer to itself": (
        lambda f: add(f, LICENCE, "transfer: {to: [market]}"), "transfer.to[0]", "its own department"
    ),
    "a transfer of what a system decides": (
        lambda f: add(f, CARD, "transfer: {to: [police]}"), "transfer", "neither transferred"
    ),
    "a visit of a stranger": (
        lambda f: add(f, EVENT, VISIT.replace("fire-check", "birth-registration")),
        "inspections[0].services[1]", "belongs to the life event",
    ),
    "a visit twice": (
        lambda f: add(f, EVENT, VISIT.replace("fire-check", "food-licence")),
        "inspections[0].services[1]", "to one visit",
    ),
    "a lead who stays away": (
        lambda f: add(f, EVENT, VISIT.replace("lead: market", "lead: police")), "inspections[0].lead", "takes no part"
    ),
    "a visit of steps that wait for each other": (
        lambda f: add(f, EVENT, VISIT.replace("fire-check", "business-licence-check")),
        "inspections[0].services", "cannot wait",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_named_where_it_stands(folder: Path, name: str) -> None:
    change, field, words = FAULTS[name]
    change(folder)
    faults: list[Fault] = check(folder)
    assert any(fault.field.endswith(field) and words in fault.en for fault in faults), faults
    assert all(fault.zh and fault.line for fault in faults)


def test_all_of_it_together_has_no_fault(folder: Path) -> None:
    everything(folder)
    assert check(folder) == []
    assert load(folder).get(LifeEventFile, "restaurant").joint
    assert load(folder).get(PublicServiceFile, "food-licence").transfer is not None
