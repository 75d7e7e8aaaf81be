# SPDX-License-Identifier: Apache-2.0
"""Somebody is away: who may say so, what his substitute may meanwhile, and that everything he does says so."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from people import OTHER, account, actor, do, officer, publish, submit
from visits import errors_at, links, post, said, tree, visitor
from zhengtong import ledger
from zhengtong.acts.actor import SYSTEM, Role
from zhengtong.acts.perform import now_us
from zhengtong.acts.serving import city
from zhengtong.errors import Conflict, FormFaults, NotFound, Refused
from zhengtong.ledger.audit import audit
from zhengtong.ledger.models import Event, EventObject
from zhengtong.organization import queries
from zhengtong.organization.absences import substituted_roles
from zhengtong.organization.actions.end_absence import EndAbsence
from zhengtong.organization.actions.end_appointment import EndAppointment
from zhengtong.organization.actions.record_absence import RecordAbsence
from zhengtong.organization.models import Absence, Account
from zhengtong.services.actions.accept_step import AcceptStep

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
BIRTH = "birth-registration"
DAY = timedelta(days=1)


def today() -> date:
    return city().calendar.date_of(now_us())


@pytest.fixture
def version(state: Path, transactional_db: None) -> str:
    return publish()


@pytest.fixture
def absent(state: Path, transactional_db: None) -> Account:
    return account("absent", "officer", "police")


@pytest.fixture
def other(state: Path, transactional_db: None) -> Account:
    """An officer of another department."""
    return account("other", "officer", "cdc")


@pytest.fixture
def head(state: Path, transactional_db: None) -> Account:
    return account("head", "head", "police")


def post_of(person: Account) -> str:
    return str(person.appointments.get(ended_us=None).reference)


def record(
    by: Account, absent: Account, substitute: Account, first: date | None = None, last: date | None = None
) -> str:
    first = first or today()
    action = RecordAbsence(post_of(absent), post_of(substitute), first, last or first)
    return str(do(action, actor(by)).result["absence"])


class TestWhatItOpens:
    def test_the_substitute_acts_for_the_department_and_every_event_says_in_whose_place(
        self, version: str, absent: Account, other: Account
    ) -> None:
        number = submit(version)
        with pytest.raises(Refused):
            do(AcceptStep(number, BIRTH), actor(other))
        absence = record(absent, absent, other)
        act = do(AcceptStep(number, BIRTH), actor(other)).act
        events = list(Event.objects.filter(act=act))
        assert events and {(e.actor, e.department) for e in events} == {(other.pseudonym, "police")}
        under = EventObject.objects.filter(object_type="absence", object_id=absence, qualifier="under")
        assert set(under.values_list("event", flat=True)) == {e.id for e in events}
        assert audit(ledger.log()).findings == []

    def test_what_he_does_in_his_own_department_names_no_absence(
        self, version: str, absent: Account, other: Account
    ) -> None:
        number = submit(version)
        record(absent, absent, other)
        do(AcceptStep(number, "vaccination-record"), actor(other))
        assert not EventObject.objects.filter(object_type="absence", qualifier="under").exists()
        assert actor(other).department == "cdc", "he still belongs where he is appointed"

    def test_a_colleague_of_the_department_needs_no_more_than_he_has(self, absent: Account) -> None:
        colleague = account("colleague", "officer", "police")
        before = actor(colleague)
        record(absent, absent, colleague)
        assert actor(colleague) == before

    def test_it_opens_at_the_first_instant_of_the_first_day_and_closes_with_the_last(
        self, absent: Account, other: Account
    ) -> None:
        record(absent, absent, other, today() + DAY, today() + 2 * DAY)
        row = Absence.objects.get()
        assert actor(other).roles == {Role("resident"), Role("officer", "cdc")}, "not before it begins"
        role = {Role("officer", "police", row.reference)}
        for at_us, found in (
            (row.begun_us - 1, set()), (row.begun_us, role), (row.until_us, role), (row.until_us + 1, set()),
        ):  # fmt: skip
            assert substituted_roles(other.pseudonym, set(), at_us) == found
        assert row.until_us - row.begun_us == 2 * 86_400_000_000 - 1

    def test_it_ends_with_either_appointment_or_account(self, absent: Account, other: Account) -> None:
        record(absent, absent, other)
        mine = Role("officer", "police", Absence.objects.get().reference)
        assert mine in actor(other).roles
        Account.objects.filter(pk=absent.pk).update(is_active=False)
        assert mine not in actor(other).roles
        Account.objects.filter(pk=absent.pk).update(is_active=True)
        assert mine in actor(other).roles
        do(EndAppointment("absent", "officer", "police"), SYSTEM)
        assert mine not in actor(other).roles

    def test_what_is_held_as_a_substitute_is_not_passed_on(self, absent: Account, other: Account) -> None:
        record(absent, absent, other)
        third = account("third", "officer", "hr")
        with pytest.raises(Refused):
            record(other, absent, third, today() + 5 * DAY)
        page = visitor(other).get("/workbench/absences/")
        offered = tree(page).xpath("//select[@name='appointment']/option/@value")
        assert post_of(absent) not in offered and post_of(other) in offered

    def test_who_is_no_officer_is_asked_for_no_absence(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(queries, "substituted_roles", lambda *_: pytest.fail("a resident pays for nothing"))
        assert actor(account("resident")).roles == {Role("resident")}


class TestRecording:
    def test_the_officer_and_his_head_may_and_nobody_else(self, absent: Account, other: Account, head: Account) -> None:
        for by in (other, account("colleague", "officer", "police"), account("chief", "head", "cdc"), account("none")):
            with pytest.raises(Refused):
                record(by, absent, other)
        record(absent, absent, other)
        record(head, absent, other, today() + DAY)
        assert Absence.objects.count() == 2

    @pytest.mark.parametrize(("first", "last"), [(3, 5), (1, 3), (5, 8), (4, 4), (1, 9)])
    def test_two_absences_of_one_person_do_not_overlap(
        self, absent: Account, other: Account, first: int, last: int
    ) -> None:
        record(absent, absent, other, today() + 3 * DAY, today() + 5 * DAY)
        with pytest.raises(Conflict, match="part of this time"):
            record(absent, absent, other, today() + first * DAY, today() + last * DAY)
        record(absent, absent, other, today() + 6 * DAY, today() + 9 * DAY)

    def test_an_ended_absence_is_in_nobodys_way(self, absent: Account, other: Account) -> None:
        do(EndAbsence(record(absent, absent, other)), actor(absent))
        record(absent, absent, other)

    def test_who_is_away_himself_stands_in_for_nobody(self, absent: Account, other: Account) -> None:
        third = account("third", "officer", "hr")
        record(other, other, third)
        with pytest.raises(Conflict, match="away himself"):
            record(absent, absent, other)

    def test_all_that_is_wrong_is_said_at_once_in_both_languages(self, absent: Account) -> None:
        action = RecordAbsence(post_of(absent), post_of(absent), today() - DAY, today() - 2 * DAY)
        with pytest.raises(FormFaults) as wrong:
            do(action, actor(absent))
        assert set(wrong.value.fields) == {"first", "last", "substitute"}
        assert "不能由本人代办" in wrong.value.say("zh") and "nobody stands in" in wrong.value.say("en")

    def test_only_officers_are_away_or_stand_in(self, absent: Account, head: Account) -> None:
        with pytest.raises(FormFaults, match="substitute"):
            record(absent, absent, head)
        with pytest.raises(NotFound):
            record(head, head, absent)
        with pytest.raises(NotFound):
            do(RecordAbsence("x", "y", today(), today()), OTHER)


class TestEnding:
    @pytest.mark.parametrize("by", ["absent", "other", "head"])
    def test_either_side_or_the_head_ends_it_at_once_and_once(
        self, absent: Account, other: Account, head: Account, by: str
    ) -> None:
        absence = record(absent, absent, other)
        who = Account.objects.get(username=by)
        do(EndAbsence(absence), actor(who))
        assert actor(other).departments("officer") == {"cdc"}
        with pytest.raises(Conflict, match="over already"):
            do(EndAbsence(absence), actor(who))
        assert audit(ledger.log()).findings == []

    def test_nobody_else_does(self, absent: Account, other: Account) -> None:
        absence = record(absent, absent, other)
        for by in (officer("police"), officer("hr"), OTHER):
            with pytest.raises(Refused):
                do(EndAbsence(absence), by)
        with pytest.raises(NotFound):
            do(EndAbsence("none"), actor(absent))

    def test_the_ledger_holds_no_name_and_no_reason(self, absent: Account, other: Account) -> None:
        record(absent, absent, other)
        (event,) = Event.objects.filter(type="absence_recorded")
        people = EventObject.objects.filter(event=event.id, object_type="person").values_list("object_id", flat=True)
        assert set(people) == {absent.pseudonym, other.pseudonym}
        assert event.department == "police" and absent.name not in str(event.attributes)
        assert set(event.attributes) == {"department", "version", "digest"}


class TestPages:
    def fields(self, absent: Account, other: Account, **changes: object) -> dict[str, Any]:
        return {
            "appointment": post_of(absent), "substitute": post_of(other), "first": f"{today()}", "last": f"{today()}",
            **changes,
        }  # fmt: skip

    def test_an_officer_records_his_absence_and_his_substitute_sees_whose_steps_these_are(
        self, version: str, absent: Account, other: Account
    ) -> None:
        number = submit(version)
        assert not links(visitor(other).get("/workbench/"), f"/workbench/{number}/{BIRTH}")
        me = visitor(absent)
        assert "/workbench/absences/" in links(me.get("/workbench/"))
        assert post(me, "/workbench/absences/", **self.fields(absent, other)).status_code == 302
        assert "away now" in said(me.get("/workbench/absences/"))
        page = visitor(other).get("/workbench/")
        assert f"/workbench/{number}/{BIRTH}/" in links(page)
        assert "You stand in for absent" in said(page) and "in place of absent" in said(page)
        assert "您正在代" in said(visitor(other, "zh-hans").get("/workbench/"))
        assert "in place of" not in said(me.get("/workbench/"))
        step = visitor(other).get(f"/workbench/{number}/{BIRTH}/")
        assert step.status_code == 200
        ended = post(visitor(other), f"/workbench/absences/{Absence.objects.get().reference}/end/")
        assert ended.status_code == 302
        assert visitor(other).get(f"/workbench/{number}/{BIRTH}/").status_code == 404
        assert "over" in said(me.get("/workbench/absences/"))
        assert not links(visitor(other).get("/workbench/"), f"/workbench/{number}/{BIRTH}")

    @pytest.mark.parametrize(
        ("field", "value"),
        [("first", ""), ("first", "soon"), ("last", "9999-12-31"), ("last", "2020-01-01"), ("substitute", "nobody"),
         ("appointment", "nobody"), ("first", "2020-01-01")],
    )  # fmt: skip
    @pytest.mark.parametrize("language", ["en", "zh-hans"])
    def test_bad_input_comes_back_at_its_field_with_the_rest_kept(
        self, absent: Account, other: Account, field: str, value: str, language: str
    ) -> None:
        answer = post(visitor(absent, language), "/workbench/absences/", **self.fields(absent, other, **{field: value}))
        assert answer.status_code == 422 and field in errors_at(answer)
        assert not Absence.objects.exists()
        if field != "substitute":
            assert tree(answer).xpath("//select[@name='substitute']/option[@selected]/@value") == [post_of(other)]

    def test_an_overlap_is_told_at_the_form(self, absent: Account, other: Account) -> None:
        record(absent, absent, other)
        answer = post(visitor(absent), "/workbench/absences/", **self.fields(absent, other))
        assert answer.status_code == 422 and "part of this time" in errors_at(answer)["first"]

    def test_a_head_chooses_among_his_own_departments_officers(
        self, absent: Account, other: Account, head: Account
    ) -> None:
        page = visitor(head).get("/workbench/absences/")
        offered = tree(page).xpath("//select[@name='appointment']/option/@value")
        assert post_of(absent) in offered and post_of(other) not in offered

    def test_only_those_concerned_see_who_is_away(self, absent: Account, other: Account, head: Account) -> None:
        record(absent, absent, other)
        path = "/workbench/absences/"
        for who in (absent, other, head):
            assert "away now" in said(visitor(who).get(path))
        stranger = account("stranger", "officer", "hr")
        assert "Nobody is recorded as away" in said(visitor(stranger).get(path))
        assert visitor(account("nobody")).get(path).status_code == 403
        assert absent.pseudonym not in visitor(head).get(path).content.decode()
