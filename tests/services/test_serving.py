# SPDX-License-Identifier: Apache-2.0
"""Service of notices: opened by who agreed to it, by the city's term, by hand; and the remedies that run from it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from people import CLERK, OTHER, account, actor, do, officer, publish, submit
from visits import links, post, said, visitor
from zhengtong import ledger
from zhengtong.errors import BadInput, Conflict, NotFound, Refused
from zhengtong.ledger.audit import audit
from zhengtong.ledger.models import Event
from zhengtong.services import serving
from zhengtong.services.actions.not_accept_step import NotAcceptStep
from zhengtong.services.actions.serve_notice import OpenNotice, ServeNotice
from zhengtong.services.actions.set_contact import SetContact
from zhengtong.services.casework import calendar, open_case
from zhengtong.services.models import Notice, NoticeService
from zhengtong.services.serving import deem_served, unserved, ways_open

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
MONDAY_US = 1_768_183_200_000_000  # 2026-01-12 10:00 in the city
DAY = 86_400_000_000


@pytest.fixture
def parent(state: Path, transactional_db: None) -> Any:
    return account("parent")


@pytest.fixture
def notice(parent: Any) -> Notice:
    """A refusal to accept, issued on a Monday."""
    case = submit(publish(), actor(parent), at_us=MONDAY_US)
    refusal = NotAcceptStep(case, "birth-registration", "not-needed", "说明")
    do(refusal, officer("police"), at_us=MONDAY_US)
    return Notice.objects.get(kind="not_accept")


def agree(parent: Any, at_us: int = MONDAY_US) -> None:
    do(SetContact(electronic=True), actor(parent), at_us=at_us)


class TestInThePortal:
    def test_opening_serves_who_agreed_once_and_records_it_without_a_name(self, parent: Any, notice: Notice) -> None:
        agree(parent)
        client = visitor(parent)
        assert "not served yet" in said(client.get(f"/my/{notice.case.number}/"))
        for _ in range(2):
            assert client.get(f"/documents/{notice.reference}/").status_code == 200
        row = NoticeService.objects.get(notice=notice)
        assert row.way == "portal"
        event = Event.objects.get(type="notice_served")
        assert {
            "way": "portal",
            "kind": "not_accept",
            "service": "birth-registration",
        }.items() <= event.attributes.items()
        assert "opened here" in said(client.get(f"/my/{notice.case.number}/"))
        assert audit(ledger.log()).findings == []

    def test_who_did_not_agree_or_is_an_official_serves_nobody_by_opening(self, parent: Any, notice: Notice) -> None:
        visitor(parent).get(f"/documents/{notice.reference}/")
        police = visitor(account("police", "officer", "police"))
        do(SetContact(electronic=True), actor(account("officer2", "officer", "police")))
        police.get(f"/documents/{notice.reference}/")
        assert not NoticeService.objects.exists()
        with pytest.raises(Conflict, match="agreed"):
            do(OpenNotice(notice.reference), actor(parent))
        with pytest.raises(Refused):
            do(OpenNotice(notice.reference), OTHER)

    def test_the_citys_term_serves_at_the_instant_it_ends_and_not_before(self, parent: Any, notice: Notice) -> None:
        agree(parent)
        end = calendar().end_of_day(date(2026, 1, 19))
        assert deem_served(end) == 0
        assert deem_served(end + 1) == 1
        assert deem_served(end + DAY) == 0
        row = NoticeService.objects.get(notice=notice)
        assert (row.way, row.served_us) == ("deemed", end)

    def test_an_agreement_given_later_counts_from_then_and_without_one_or_a_rule_no_term_runs(
        self, parent: Any, notice: Notice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        far = MONDAY_US + 300 * DAY
        assert deem_served(far) == 0
        agree(parent, MONDAY_US + 10 * DAY)
        assert deem_served(MONDAY_US + 15 * DAY) == 0
        monkeypatch.setattr(serving, "applicants", lambda: None)
        assert deem_served(far) == 0
        monkeypatch.undo()
        assert deem_served(far) == 1


class TestByHand:
    def test_its_department_or_the_counter_records_it_once(self, parent: Any, notice: Notice) -> None:
        with pytest.raises(Refused):
            do(ServeNotice(notice.reference, "in_person"), officer("cdc"))
        for wrong in (("pigeon", ""), ("post", ""), ("post", "单号")):
            with pytest.raises(BadInput):
                do(ServeNotice(notice.reference, *wrong), officer("police"))
        with pytest.raises(NotFound):
            do(ServeNotice("0" * 32, "left"), CLERK)
        assert notice in unserved(["police"]) and notice not in unserved(["cdc"])
        do(ServeNotice(notice.reference, "post", "EMS-123"), CLERK)
        assert notice not in unserved(None)
        with pytest.raises(Conflict):
            do(ServeNotice(notice.reference, "left"), officer("police"))

    def test_the_list_shows_what_waits_and_records_it(self, parent: Any, notice: Notice) -> None:
        police = visitor(account("police", "officer", "police"))
        page = police.get("/workbench/notices/")
        assert notice.number in said(page) and links(page, "/documents/")
        assert post(police, f"/workbench/notices/{notice.reference}/served/", way="in_person").status_code == 302
        assert "Every notice is served" in said(police.get("/workbench/notices/"))
        assert visitor(parent).get("/workbench/notices/").status_code == 403


class TestRemedies:
    def test_they_run_from_service_and_a_last_day_of_rest_moves_on(self, parent: Any, notice: Notice) -> None:
        definition = open_case(notice.case.number, lock=False).definition
        assert {way.last for way in ways_open(definition, notice, None)} == {None}
        lasts = {way.remedy.key: way.last for way in ways_open(definition, notice, MONDAY_US)}
        assert lasts == {"review": date(2026, 3, 13), "action": date(2026, 7, 13)}  # 12 July 2026 is a Sunday
        do(ServeNotice(notice.reference, "in_person"), officer("police"), at_us=MONDAY_US)
        shown = said(visitor(parent).get(f"/my/{notice.case.number}/"))
        assert "2026-03-13" in shown and "handed over against signature" in shown

    def test_none_run_from_a_notice_that_grants(self, parent: Any, notice: Notice) -> None:
        definition = open_case(notice.case.number, lock=False).definition
        notice.kind = "grant"
        assert ways_open(definition, notice, MONDAY_US) == []

    def test_a_month_without_that_day_ends_on_its_last(self, parent: Any, notice: Notice) -> None:
        definition = open_case(notice.case.number, lock=False).definition
        served = calendar().start_of_day(date(2026, 8, 31))
        lasts = {way.remedy.key: way.last for way in ways_open(definition, notice, served)}
        assert lasts["action"] == date(2027, 3, 1)  # 28 February 2027 is a Sunday
