# SPDX-License-Identifier: Apache-2.0
"""Running cases moved to another version: looked at first, moved one act each, taken back while nothing happened."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from people import PARENT, do, grant, publish, submit
from services.record import (
    BIRTH,
    CARD,
    DAY_US,
    INSURANCE,
    MONDAY_US,
    POLICE,
    VACCINATION,
    events,
    states,
    types,
    written,
)
from zhengtong import ledger
from zhengtong.acts import serving
from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.models import OutboxMessage
from zhengtong.acts.perform import perform
from zhengtong.errors import BadInput, Conflict, NotFound, Refused
from zhengtong.ledger.audit import audit
from zhengtong.services import migrating
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.migrate_case import MigrateCase
from zhengtong.services.actions.revert_migration import RevertMigration
from zhengtong.services.migration_commands import add_to
from zhengtong.services.models import Case, CaseMigration, Step
from zhengtong.services.published import published
from zhengtong.services.replaying import replay

pytestmark = [pytest.mark.django_db, pytest.mark.database]
EVENT, SERVICE = "life-events/newborn.yaml", "services/birth-registration.yaml"
Place = tuple[str, str, str]
POSTED = (EVENT, "  - {element: postal_address, when: delivery_method == 'post'}\n", "")
WITHOUT_CARD = ((EVENT, "  - {service: social-security-card}\n", ""), POSTED)
WITHOUT_VACCINATION = ((EVENT, "  - {service: vaccination-record}\n", ""),)
ASKED = (SERVICE, "elements: [", "elements: [household_district, delivery_method, ")
"""So that a version without a service still asks what that service needs."""
SOONER = (SERVICE, "promised: {days: 5", "promised: {days: 3")
Edit = Callable[..., str]


@pytest.fixture
def edit(tmp_path: Path, settings: Any) -> Edit:
    """Changes a copy of the tests' city and publishes newborn from it; returns the new version's hash."""
    settings.ZHENGTONG_CITY = folder = Path(shutil.copytree(settings.ZHENGTONG_CITY, tmp_path / "city"))

    def change(*places: Place) -> str:
        for file, old, new in places:
            text = (folder / file).read_text("utf-8")
            assert old in text, (file, old)
            (folder / file).write_text(text.replace(old, new, 1), "utf-8")
        serving._loaded.cache_clear()
        return publish()

    return change


def test_a_step_nobody_has_begun_goes_and_the_limits_are_the_new_ones(edit: Edit) -> None:
    old = publish()
    number = submit(old, at_us=MONDAY_US)
    due = Step.objects.get(case__number=number, key=BIRTH).due_us
    new = edit(*WITHOUT_CARD, SOONER)
    done = do(MigrateCase(number, old, new), SYSTEM, at_us=MONDAY_US + DAY_US)
    assert types(done) == ["case_migrated", "step_removed", "migration_recorded"]
    (about,) = [about for type, _, about in events(done) if type == "case_migrated"]
    assert about == {"life_event": "newborn", "from": old, "to": new, "added": 0, "removed": 1}
    assert states(number) == {BIRTH: "pending", VACCINATION: "pending", INSURANCE: "waiting", CARD: "dropped"}
    assert Step.objects.get(case__number=number, key=BIRTH).due_us == due  # the promise runs from acceptance
    do(AcceptStep(number, BIRTH), POLICE, at_us=MONDAY_US + DAY_US)
    assert Step.objects.get(case__number=number, key=BIRTH).due_us < MONDAY_US + 5 * DAY_US


def test_a_step_under_way_gets_the_limits_of_the_new_version(edit: Edit) -> None:
    old = publish()
    number = submit(old, at_us=MONDAY_US)
    do(AcceptStep(number, BIRTH), POLICE, at_us=MONDAY_US)
    due = Step.objects.get(case__number=number, key=BIRTH).due_us
    done = do(MigrateCase(number, old, edit(SOONER)), SYSTEM, at_us=MONDAY_US + DAY_US)
    assert types(done) == ["case_migrated", "step_limits_changed", "migration_recorded"]
    assert Step.objects.get(case__number=number, key=BIRTH).due_us == due - 4 * DAY_US  # Thursday, not Monday


def test_a_moved_case_runs_to_its_end_on_the_new_version_and_the_record_agrees(edit: Edit, state: Path) -> None:
    old = publish()
    number = submit(old, at_us=MONDAY_US)
    new = edit(*WITHOUT_CARD)
    do(MigrateCase(number, old, new), SYSTEM)
    for step in (VACCINATION, BIRTH, INSURANCE):
        grant(number, step)
    case = Case.objects.get(number=number)
    assert (case.phase, case.definition) == ("completed", new)
    assert audit(ledger.log()).findings == []
    assert replay(compare=True).differs == ()


def test_an_added_step_begins_at_once_where_it_waits_for_nothing(edit: Edit) -> None:
    whole = publish()
    small = edit(*WITHOUT_VACCINATION, ASKED)
    number = submit(small, at_us=MONDAY_US)
    assert VACCINATION not in states(number)
    done = do(MigrateCase(number, small, whole), SYSTEM, at_us=MONDAY_US)
    assert [t for t in types(done) if t.startswith("step_")] == ["step_added", "step_received"]
    row = Step.objects.get(case__number=number, key=VACCINATION)
    received = [{"kind": "received", "at_us": MONDAY_US}]
    assert (row.state, row.department, row.facts) == ("pending", "cdc", received)


def test_a_decided_step_keeps_its_case_where_it_is_and_says_why(edit: Edit) -> None:
    old = publish()
    decided, open_ = submit(old), submit(old)
    grant(decided, VACCINATION)
    new = edit(*WITHOUT_VACCINATION)
    before = written()
    with pytest.raises(Conflict, match=r"decided would vanish \(vaccination-record\)"):
        do(MigrateCase(decided, old, new), SYSTEM)
    assert written() == before
    reports = {r.case: r for r in migrating.dry_run(published(old), published(new))}
    assert (reports[decided].outcome, reports[decided].refusals) == (
        "refused", (("decided_vanishes", (VACCINATION,)),),
    )  # fmt: skip
    assert (reports[open_].outcome, reports[open_].removed) == ("would_move", (VACCINATION,))
    assert written() == before


def test_what_the_new_version_asks_and_nobody_answered_keeps_the_case(edit: Edit) -> None:
    old = publish()
    number = submit(old)
    asked_of_all = (EVENT, "delivery_method == 'post'", "delivery_method == 'pickup'")
    question = "  - key: twins\n    question: {zh: 是否多胞胎？, en: Twins?}\n    options:\n"
    question += (
        "      - {key: one, name: {zh: 否, en: One}}\n      - {key: more, name: {zh: 是, en: More}}\nservices:\n"
    )
    new = edit(asked_of_all, (EVENT, "services:\n", question))
    (report,) = migrating.dry_run(published(old), published(new))
    assert dict(report.refusals) == {"answers_missing": ("twins",), "fields_missing": ("postal_address",)}
    assert report.case == number


def test_many_are_moved_at_once_and_a_second_run_goes_on_where_the_first_was_cut_off(
    edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "BATCH", 2)
    old = publish()
    numbers = [submit(old) for _ in range(5)]
    grant(numbers[1], VACCINATION)
    new = edit(*WITHOUT_VACCINATION)
    passed: list[int] = []
    perform_all = migrating._perform_all

    def cut_off(acts: Any, actor: Any) -> Any:
        if passed:
            raise KeyboardInterrupt
        passed.append(1)
        return perform_all(acts, actor)

    monkeypatch.setattr(migrating, "_perform_all", cut_off)
    with pytest.raises(KeyboardInterrupt):
        migrating.migrate(published(old), published(new), SYSTEM)
    assert Case.objects.filter(definition=new).count() == 2
    monkeypatch.setattr(migrating, "_perform_all", perform_all)
    reports = migrating.migrate(published(old), published(new), SYSTEM)
    assert sorted(r.outcome for r in reports) == ["moved", "moved", "refused"]
    assert Case.objects.filter(definition=new).count() == 4
    again = migrating.migrate(published(old), published(new), SYSTEM)
    assert [(r.case, r.outcome) for r in again] == [(numbers[1], "refused")]
    assert CaseMigration.objects.count() == 4


def test_one_that_changed_under_way_does_not_hold_up_the_others_of_its_batch(
    edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = publish()
    numbers = [submit(old) for _ in range(3)]
    new = edit(*WITHOUT_VACCINATION)
    looked = migrating.dry_run

    def then_decided(*arguments: Any) -> Any:
        reports = looked(*arguments)
        grant(numbers[1], VACCINATION)  # between the look and the act
        return reports

    monkeypatch.setattr(migrating, "dry_run", then_decided)
    reports = {r.case: r for r in migrating.migrate(published(old), published(new), SYSTEM)}
    assert [reports[n].outcome for n in numbers] == ["moved", "failed", "moved"]
    assert "would vanish" in reports[numbers[1]].error


def test_a_move_is_taken_back_while_nothing_new_has_happened(edit: Edit, state: Path) -> None:
    old = publish()
    still, went_on = submit(old, at_us=MONDAY_US), submit(old, at_us=MONDAY_US)
    stood = list(Step.objects.filter(case__number=still).order_by("key").values_list("key", "state", "facts", "due_us"))
    new = edit(*WITHOUT_CARD, SOONER)
    migrating.migrate(published(old), published(new), SYSTEM)
    do(AcceptStep(went_on, BIRTH), POLICE)
    reports = {r.case: r.outcome for r in migrating.revert(published(old), published(new), SYSTEM)}
    assert reports == {still: "reverted", went_on: "failed"}
    assert Case.objects.get(number=still).definition == old
    rows = Step.objects.filter(case__number=still).order_by("key").values_list("key", "state", "facts", "due_us")
    assert list(rows) == stood
    assert migrating.revert(published(old), published(new), SYSTEM)[0].case == went_on
    moved_again = migrating.migrate(published(old), published(new), SYSTEM)
    assert [(r.case, r.outcome) for r in moved_again] == [(still, "moved")]
    assert audit(ledger.log()).findings == []
    assert replay(compare=True).differs == ()


def test_taking_back_is_refused_twice_and_for_what_another_system_has(edit: Edit) -> None:
    whole = publish()
    small = edit(*WITHOUT_CARD, ASKED)
    number = submit(small)
    for step in (VACCINATION, BIRTH):
        grant(number, step)
    done = do(MigrateCase(number, small, whole), SYSTEM)
    assert OutboxMessage.objects.filter(topic="services.push", payload__step=CARD).count() == 1
    with pytest.raises(Conflict, match="sent to another system"):
        do(RevertMigration(number, done.result["migration"]), SYSTEM)
    other = submit(small)
    done = do(MigrateCase(other, small, whole), SYSTEM)
    do(RevertMigration(other, done.result["migration"]), SYSTEM)
    assert states(other)[CARD] == "dropped"
    with pytest.raises(Conflict, match="taken back already"):
        do(RevertMigration(other, done.result["migration"]), SYSTEM)
    with pytest.raises(NotFound):
        do(RevertMigration(other, "nothing"), SYSTEM)


def test_only_the_bureau_moves_cases_between_versions_of_one_life_event(edit: Edit) -> None:
    old, restaurant = publish(), publish("restaurant")
    number = submit(old)
    new = edit(*WITHOUT_CARD)
    with pytest.raises(Refused):
        perform(MigrateCase(number, old, new), PARENT, "k")
    with pytest.raises(BadInput, match="two life events"):
        do(MigrateCase(number, old, restaurant), SYSTEM)
    with pytest.raises(BadInput, match="the same"):
        migrating.dry_run(published(old), published(old))
    do(MigrateCase(number, old, new), SYSTEM)
    with pytest.raises(Conflict, match="no longer on this version"):
        do(MigrateCase(number, old, new), SYSTEM)
    assert migrating.version(old[:10]).hash == old
    for name in ("", old[:7], "0" * 12):
        with pytest.raises(NotFound):
            migrating.version(name)


def test_the_commands_look_move_report_and_take_back(
    edit: Edit, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHENGTONG_LANGUAGE", "en")

    app = typer.Typer()
    add_to(app)

    def run(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.stdout

    old = publish()
    number, decided = submit(old), submit(old)
    grant(decided, VACCINATION)
    new = edit(*WITHOUT_VACCINATION)
    in_use = {one["hash"]: one for one in json.loads(run("versions", "--json"))}
    assert (in_use[old]["running"], in_use[new]["running"], in_use[new]["newest"]) == (2, 0, True)
    pair = ("--from", old[:12], "--to", new[:12])
    told = run("migrate", *pair, "--dry-run", "--report", str(tmp_path / "r.csv"), code=1)
    assert "would be moved: 1" in told and "may not be moved: 1" in told and VACCINATION in told
    rows = list(csv.DictReader((tmp_path / "r.csv").open(encoding="utf-8-sig")))
    assert {r["case"]: r["outcome"] for r in rows} == {number: "would_move", decided: "refused"}
    assert Case.objects.get(number=number).definition == old
    assert "moved: 1" in run("migrate", *pair, "--report", str(tmp_path / "r.json"), code=1)
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))[0]["removed"] == [VACCINATION]
    assert "taken back: 1" in run("revert", *pair)
    assert "no such case" in run("revert", *pair)
