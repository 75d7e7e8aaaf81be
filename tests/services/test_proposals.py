# SPDX-License-Identifier: Apache-2.0
"""Repeated bad ratings and complaints propose a change, the bureau decides, the next version is measured."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import Any

import pytest

from people import PARENT, account, do, publish, submit
from services.record import DAY_US, MONDAY_US, attributes, events, written
from visits import errors_at, said, visitor
from zhengtong.acts import serving
from zhengtong.acts.actor import SYSTEM, Actor, Role
from zhengtong.city.load import load
from zhengtong.errors import BadInput, CityFaults, Conflict, Refused
from zhengtong.ledger.models import Event
from zhengtong.services.actions.decide_change import DecideChange
from zhengtong.services.actions.dispatch_ticket import DispatchTicket
from zhengtong.services.actions.file_ticket import FileTicket
from zhengtong.services.actions.not_accept_ticket import NotAcceptTicket
from zhengtong.services.actions.propose_change import ProposeChange
from zhengtong.services.actions.rate_case import RateCase
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.models import ChangeProposal, Ticket
from zhengtong.services.proposing import answering_version, effect, propose_changes

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
HOTLINE = Actor("a" * 32, frozenset({Role("hotline", "office")}))
BUREAU = Actor("b" * 32, frozenset({Role("data_bureau", "data")}))


def rated(version: str, level: int, *aspects: str, at_us: int = MONDAY_US) -> str:
    """A closed case with a rating; returns the rating's reference."""
    number = submit(version, at_us=at_us)
    do(WithdrawCase(number), PARENT, at_us=at_us + 1)
    return str(do(RateCase(number, level, aspects, "太慢"), PARENT, at_us=at_us + 2).result["rating"])


def test_the_third_bad_rating_of_a_concern_proposes_a_change_once() -> None:
    version = publish()
    behind = [rated(version, 1, "efficiency"), rated(version, 2, "efficiency", "guide")]
    rated(version, 5)
    assert propose_changes(MONDAY_US + DAY_US) == 0
    behind.append(rated(version, 1, "efficiency"))
    assert propose_changes(MONDAY_US + DAY_US) == 1
    assert propose_changes(MONDAY_US + DAY_US) == propose_changes(MONDAY_US + 2 * DAY_US) == 0
    row = ChangeProposal.objects.get()
    assert (row.life_event, row.department, row.aspect, row.definition) == ("newborn", "health", "efficiency", version)
    assert sorted(row.ratings) == sorted(behind)


def test_what_is_too_long_ago_proposes_nothing_and_what_was_answered_comes_up_only_anew() -> None:
    version = publish()
    for _n in range(3):
        rated(version, 1, "guide")
    assert propose_changes(MONDAY_US + 91 * DAY_US) == 0
    assert propose_changes(MONDAY_US + DAY_US) == 1
    do(DecideChange(ChangeProposal.objects.get().reference, False, "已另行说明"), BUREAU, at_us=MONDAY_US + DAY_US)
    rated(version, 1, "guide", at_us=MONDAY_US + DAY_US)
    assert propose_changes(MONDAY_US + 2 * DAY_US) == 0
    for _n in range(2):
        rated(version, 1, "guide", at_us=MONDAY_US + 2 * DAY_US)
    assert propose_changes(MONDAY_US + 3 * DAY_US) == 1


def test_the_act_names_the_ratings_and_none_of_their_words() -> None:
    version = publish()
    ratings = tuple(rated(version, 1) for _n in range(2))
    done = do(ProposeChange("newborn", "health", "", ratings), SYSTEM)
    ((type, objects, about),) = events(done)
    assert type == "change_proposed" and {f"rating:{one}" for one in ratings} <= set(objects)
    assert (about["ratings"], about["tickets"]) == (2, 0) and "太慢" not in str(about)
    with pytest.raises(Conflict, match="open already"):
        do(ProposeChange("newborn", "health", "", ratings), SYSTEM)
    with pytest.raises(Refused):
        do(ProposeChange("newborn", "health", "guide", ratings), BUREAU)


def test_the_bureau_decides_once_and_says_why() -> None:
    version = publish()
    done = do(ProposeChange("newborn", "health", "", (rated(version, 1),)), SYSTEM)
    reference = done.result["proposal"]
    before = written()
    with pytest.raises(BadInput, match="say why"):
        do(DecideChange(reference, True, "  "), BUREAU)
    with pytest.raises(Refused):
        do(DecideChange(reference, True, "好"), PARENT)
    assert written() == before
    decided = do(DecideChange(reference, True, "缩短承诺时限"), BUREAU)
    assert attributes(decided, "change_decided") == {"life_event": "newborn", "accepted": True}
    with pytest.raises(Conflict, match="decided already"):
        do(DecideChange(reference, False, "不"), BUREAU)


def test_the_version_that_answers_is_measured_against_the_one_complained_about(tmp_path: Path, settings: Any) -> None:
    old = publish()
    for _n in range(3):
        rated(old, 1, "efficiency")
    rated(old, 5)
    assert propose_changes(MONDAY_US + DAY_US) == 1
    row = ChangeProposal.objects.get()
    do(DecideChange(row.reference, True, "缩短"), BUREAU)
    row.refresh_from_db()
    assert answering_version(row) is None and effect(row) is None
    settings.ZHENGTONG_CITY = folder = Path(shutil.copytree(settings.ZHENGTONG_CITY, tmp_path / "city"))
    service = folder / "services/birth-registration.yaml"
    service.write_text(service.read_text("utf-8").replace("promised: {days: 5", "promised: {days: 3", 1), "utf-8")
    serving._loaded.cache_clear()
    new = publish()
    found = answering_version(row)
    assert found is not None and found.hash == new
    rated(new, 5)
    rated(new, 1, "guide")  # another concern
    before, after = effect(row) or pytest.fail("nothing was measured")
    assert (before.bad, before.all, after.bad, after.all) == (3, 4, 0, 2)


def test_the_page_shows_what_stands_behind_and_takes_the_decision(state: Path) -> None:
    version = publish()
    for _n in range(3):
        rated(version, 1, "efficiency")
    propose_changes(MONDAY_US + DAY_US)
    bureau, reader = visitor(account("bureau", "data_bureau", "data")), visitor(account("auditor", "auditor"))
    seen = said(bureau.get("/bureau/proposals/"))
    assert "3 bad ratings stand behind it" in seen and "Speed" in seen and "Take it up" in seen
    assert "Take it up" not in said(reader.get("/bureau/proposals/"))
    address = f"/bureau/proposals/{ChangeProposal.objects.get().reference}/decide/"
    form = {"act": "accept", "reason": "缩短时限", "act_key": uuid.uuid4().hex}
    assert reader.post(address, form).status_code == 403
    assert bureau.post(address, {**form, "act": "dance"}).status_code == 422
    assert bureau.post(address, form).status_code == 302
    assert "Waits for the next published version." in said(bureau.get("/bureau/proposals/"))


def complained(category: str = "complaint", life_event: str = "newborn", *, to: str = "police") -> str:
    """A ticket dispatched to a department; returns its number."""
    filing = FileTicket(category, "一直没有消息", "十天了。", life_event=life_event)
    ticket = str(do(filing, PARENT, at_us=MONDAY_US).result["ticket"])
    if to:
        do(DispatchTicket(ticket, to), HOTLINE, at_us=MONDAY_US + 1)
    return ticket


def test_complaints_about_a_life_event_propose_a_change_as_bad_ratings_do() -> None:
    """Together with ratings that name no aspect, of the same department; each stands behind one proposal."""
    version = publish()
    tickets = [complained(), complained()]
    complained(to="health")  # another department
    complained(to="")  # not yet anybody's
    complained("question")
    complained(life_event="")
    refused = complained(to="")
    do(NotAcceptTicket(refused, "concluded", "已办结"), HOTLINE, at_us=MONDAY_US + 1)
    assert propose_changes(MONDAY_US + DAY_US) == 0
    tickets.append(complained())
    assert propose_changes(MONDAY_US + DAY_US) == 1
    assert propose_changes(MONDAY_US + 2 * DAY_US) == 0
    row = ChangeProposal.objects.get()
    assert (row.life_event, row.department, row.aspect, row.definition) == ("newborn", "police", "", version)
    assert (row.ratings, sorted(row.tickets)) == ([], sorted(tickets))
    event = Event.objects.get(id=row.event_id)
    assert event.attributes["tickets"] == 3 and "十天" not in str(event.attributes)
    seen = said(visitor(account("bureau", "data_bureau", "data")).get("/bureau/proposals/"))
    assert "3 complaints stand behind it" in seen and tickets[0] in seen and "bad rating stands" not in seen


def test_ratings_and_complaints_add_up_and_a_city_says_which_count(tmp_path: Path, settings: Any) -> None:
    version = publish()
    rated(version, 1)  # of the lead department, no aspect named
    complained(to="health"), complained(to="health")
    settings.ZHENGTONG_CITY = folder = Path(shutil.copytree(settings.ZHENGTONG_CITY, tmp_path / "city"))
    file = folder / "standards/ratings.yaml"
    usual = file.read_text("utf-8")
    for change in ("ratings: false, tickets: [complaint]", "tickets: []"):
        file.write_text(usual.replace("tickets: [complaint]", change), "utf-8")
        serving._loaded.cache_clear()
        assert propose_changes(MONDAY_US + DAY_US) == 0, change
    file.write_text(usual, "utf-8")
    serving._loaded.cache_clear()
    assert propose_changes(MONDAY_US + DAY_US) == 1
    row = ChangeProposal.objects.get()
    assert (len(row.ratings), len(row.tickets)) == (1, 2)


def test_a_category_that_the_hotline_does_not_have_is_a_fault_of_the_city(tmp_path: Path, settings: Any) -> None:
    folder = Path(shutil.copytree(settings.ZHENGTONG_CITY, tmp_path / "city"))
    file = folder / "standards/ratings.yaml"
    file.write_text(file.read_text("utf-8").replace("tickets: [complaint]", "tickets: [complaint, rumour]"), "utf-8")
    with pytest.raises(CityFaults) as found:
        load(folder)
    (fault,) = found.value.faults
    assert (fault.file, fault.found) == ("standards/ratings.yaml", "rumour") and "complaint" in fault.expected


def test_who_complains_may_name_the_life_event_and_no_other_thing(state: Path) -> None:
    publish()
    citizen = visitor(account("citizen"))
    asked = citizen.get("/tickets/new/")
    assert "A child is born" in said(asked)
    form = {"category": "complaint", "title": "没有消息", "text": "十天了。", "act_key": uuid.uuid4().hex}
    assert "life_event" in errors_at(citizen.post("/tickets/new/", {**form, "life_event": "nothing"}))
    assert citizen.post("/tickets/new/", {**form, "life_event": "newborn"}).status_code == 302
    assert Ticket.objects.get().life_event == "newborn"
