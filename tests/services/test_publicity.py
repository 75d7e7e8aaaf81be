# SPDX-License-Identifier: Apache-2.0
"""公示: a grant waits for the public notice its service asks for; a refusal does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from people import do
from services.kiosk import FIRE_OFFICER, FIRE_STEP, accept, file, make_folder, served
from zhengtong.acts.serving import city
from zhengtong.city.load import check
from zhengtong.errors import Conflict
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.casework import open_case
from zhengtong.services.rules.limits import Assessment
from zhengtong.services.rules.publicity import PublicNotice, check_notice, notice_until

FROM = "output: {key: kiosk-fire,"
ALONE = ("services: [kiosk-licence, kiosk-fire], lead", "services: [kiosk-licence], lead")
"""The fire check needs no joint visit."""
NOTICE = "publicity: {days: 20, source: {zh: 依据, en: Basis}}\n"


def at(day: str, hour: int = 10) -> int:
    return city().calendar.start_of_day(date.fromisoformat(day)) + hour * 3_600_000_000


def accepted(at_us: int | None, deemed_us: int | None = None) -> Assessment:
    return Assessment((), at_us, deemed_us, ())


@pytest.mark.parametrize(("begun", "last"), [("2026-03-02", "2026-03-23"), ("2026-03-04", "2026-03-24")])
def test_the_days_follow_the_acceptance_and_end_on_a_working_day(begun: str, last: str) -> None:
    """Twenty days after Monday 2 March end on a Sunday, and so on the Monday; those after the 4th on a Tuesday."""
    calendar, notice = city().calendar, PublicNotice(20)
    until = notice_until(notice, accepted(at(begun)), calendar)
    assert until == calendar.end_of_day(date.fromisoformat(last))
    with pytest.raises(Conflict) as fault:
        check_notice(notice, accepted(at(begun)), calendar, until)
    assert last in fault.value.zh
    check_notice(notice, accepted(at(begun)), calendar, until + 1)


def test_a_matter_accepted_by_silence_is_made_public_from_then_on() -> None:
    """Its clock counts from the receipt, but nobody has seen a notice before it was accepted."""
    silent = accepted(at("2026-03-02"), at("2026-03-09"))
    late = notice_until(PublicNotice(5, "working_days"), silent, city().calendar)
    assert late == city().calendar.end_of_day(date(2026, 3, 16))
    assert notice_until(PublicNotice(20), accepted(None), city().calendar) is None


@pytest.fixture
def number(tmp_path: Path, state: Path, transactional_db: None) -> Iterator[str]:
    folder = make_folder(tmp_path / "city", kiosk_fire=(FROM, NOTICE + FROM), kiosk=ALONE)
    with served(folder) as version:
        found = file(version, at_us=at("2026-03-04", 9))
        accept(found, FIRE_STEP, at_us=at("2026-03-04"))
        yield found


def test_nothing_is_granted_before_the_notice_is_over(number: str) -> None:
    with pytest.raises(Conflict) as fault:
        do(DecideStep(number, FIRE_STEP, True), FIRE_OFFICER, at_us=at("2026-03-24", 23))
    assert "2026-03-24" in fault.value.en
    assert open_case(number, FIRE_STEP, lock=False).step.state == "accepted"
    do(DecideStep(number, FIRE_STEP, True), FIRE_OFFICER, at_us=at("2026-03-25"))
    assert open_case(number, FIRE_STEP, lock=False).step.state == "granted"


def test_an_objection_may_end_it_early_with_a_refusal(number: str) -> None:
    do(DecideStep(number, FIRE_STEP, False, "conditions-not-met"), FIRE_OFFICER, at_us=at("2026-03-10"))
    assert open_case(number, FIRE_STEP, lock=False).step.state == "refused"


def test_what_another_system_decides_is_made_public_there(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "city", kiosk_fire=(FROM, "external: card-system\n" + NOTICE + FROM))
    assert [fault for fault in check(folder) if "what an external system decides is made public there" in fault.en]
