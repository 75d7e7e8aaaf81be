# SPDX-License-Identifier: Apache-2.0
"""What files declare beside the main line: compiled as it stands, and every fault named where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.kiosk import EVENT, make_folder
from zhengtong.city.load import check, load
from zhengtong.services.definition import RegimeFile
from zhengtong.services.published import LifeEvent, assemble, compile_body
from zhengtong.services.rules.plan import StepPlan

Change = tuple[str, str]


def compiled(folder: Path, **changes: Change) -> LifeEvent:
    return compile_body(assemble(load(make_folder(folder / "city", **changes)), "kiosk"))


def plan_of(event: LifeEvent) -> dict[str, StepPlan]:
    return dict(event.plan({}, {}).by_key)


def test_what_the_files_declare_is_what_the_plan_holds(tmp_path: Path) -> None:
    steps = plan_of(compiled(tmp_path))
    step = steps["kiosk-licence"]
    assert (step.tolerable, step.strict, step.commitments) == ({"plan", "photo"}, {"plan"}, {"proof"})
    assert (step.parts, step.transfers, step.transfer_agreed) == (("hot", "raw"), {"urban"}, True)
    assert (step.inspection, step.inspection_pause) == ("visit", "inspection")
    assert step.extension is not None
    assert (step.extension.days, step.extension.approver, step.extension.times) == (10, "head", 1)
    fire, stand = steps["kiosk-fire"], steps["kiosk-stand"]
    assert (fire.inspection, fire.inspection_pause, fire.extension) == ("visit", "", None)
    assert (stand.inspection, stand.transfers, stand.parts) == ("", frozenset(), ())


def test_joint_handling_takes_the_joint_limit_and_its_extension(tmp_path: Path) -> None:
    event = compiled(
        tmp_path, kiosk=("lead: market\n", "lead: market\njoint: true\n"),
        kiosk_licence=("regime: kiosk\n", "regime: kiosk-together\n"),
    )  # fmt: skip
    limit = event.terms(event.services["kiosk-licence"]).statutory("decide")
    assert limit is not None and limit.extension is not None
    assert (limit.amount, limit.extension.days, limit.extension.approver) == (45, 15, "leader")
    extension = plan_of(event)["kiosk-licence"].extension
    assert extension is not None and extension.approver == "leader"


def test_departments_that_may_take_over_are_kept_with_the_version(tmp_path: Path) -> None:
    assert "police" in compiled(tmp_path, kiosk_licence=("to: [urban]", "to: [urban, police]")).departments


def test_another_law_that_sets_the_limit_brings_no_extension_of_the_regime(tmp_path: Path) -> None:
    own = "statutory: {days: 15, source: {zh: 依据, en: Basis}}\n"
    event = compiled(tmp_path, kiosk_licence=("promised:", f"{own}promised:"))
    assert plan_of(event)["kiosk-licence"].extension is None


def test_an_approver_named_only_in_words_informs_and_extends_nothing(tmp_path: Path) -> None:
    words = ("approver: head, times: 1", "approver: {zh: 负责人, en: the head}")
    extension = load(make_folder(tmp_path / "city", regimes=words)).get(RegimeFile, "kiosk").extension
    assert extension is not None and extension.approver_name is not None
    assert (extension.approver, extension.approver_name.zh, extension.compiled().approver) == (None, "负责人", "")


COMMITMENT = "commitment: {text: {zh: 我承诺, en: I commit}, source: {zh: 依据, en: Basis}}"
FAULTS: dict[str, tuple[str, str, str, str, str]] = {
    "an approver who cannot": ("regimes", "approver: head,", "approver: clerk,", "approver", "cannot approve"),
    "an approver nobody is": ("regimes", "approver: head,", "approver: heads,", "extension.approver", "no such entry"),
    "an extension of nothing": (
        "regimes", "  inspection_pause", "  joint_extension: {days: 1, approver: leader}\n  inspection_pause",
        "joint_extension", "no limit that this",
    ),
    "a pause on the wrong ground": (
        "regimes", "inspection_pause: inspection", "inspection_pause: not-needed", "inspection_pause", "no reason for"
    ),
    "tolerance of what is required": (
        "kiosk_licence", "necessity: deferrable", "necessity: required", "materials[0].tolerance", "only a deferrable"
    ),
    "tolerance without end": (
        "kiosk_licence", "tolerance: {days: 5", "tolerance: {days: 0", "materials[0].tolerance.days", "too small"
    ),
    "a commitment for what is optional": (
        "kiosk_licence", "necessity: required", "necessity: optional", "materials[2].commitment", "needs no commitment"
    ),
    "a commitment for another step's output": (
        "kiosk_stand", "output: kiosk-licence}", f"output: kiosk-licence, {COMMITMENT}}}",
        "materials[0].commitment", "nothing is promised",
    ),
    "one part": (
        "kiosk_licence", ", {key: raw, name: {zh: 生食, en: Raw food}}", "", "output.parts", "a single part"
    ),
    "a part twice": ("kiosk_licence", "key: raw", "key: hot", "output.parts[1].key", "stands twice"),
    "a transfer to itself": ("kiosk_licence", "to: [urban]", "to: [market]", "transfer.to[0]", "its own department"),
    "a transfer of what a system decides": (
        "kiosk_licence", "transfer:", "external: card-system\ntransfer:", "output.parts", "neither transferred"
    ),
    "a visit of a stranger": (
        "kiosk", "services: [kiosk-licence, kiosk-fire]", "services: [kiosk-licence, shop-sign]",
        "inspections[0].services[1]", "belongs to the life event",
    ),
    "a visit twice": (
        "kiosk", "services: [kiosk-licence, kiosk-fire]", "services: [kiosk-licence, kiosk-licence]",
        "inspections[0].services[1]", "to one visit",
    ),
    "a lead who stays away": (
        "kiosk", "kiosk-fire], lead: market", "kiosk-fire], lead: police", "inspections[0].lead", "takes no part"
    ),
    "a visit of steps that wait for each other": (
        "kiosk", "services: [kiosk-licence, kiosk-fire]", "services: [kiosk-licence, kiosk-stand]",
        "inspections[0].services", "cannot wait",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_named_where_it_stands(tmp_path: Path, name: str) -> None:
    file, old, new, field, words = FAULTS[name]
    faults = check(make_folder(tmp_path / "city", **{file: (old, new)}))
    assert any(fault.field.endswith(field) and words in fault.en for fault in faults), faults
    assert all(fault.zh and fault.line for fault in faults)


def test_notices_that_only_some_cities_issue_are_wanted_only_there(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "city")
    assert check(folder) == []
    (folder / "notices/inspect.typ").unlink()
    assert [fault.file for fault in check(folder)] == ["notices/inspect.typ"]
    (folder / "life-events/kiosk.yaml").write_text(EVENT[: EVENT.index("inspections:")].lstrip(), "utf-8")
    others = [path for path in (folder / "life-events").glob("*.yaml") if "inspections:" in path.read_text("utf-8")]
    assert bool(check(folder)) == bool(others)
