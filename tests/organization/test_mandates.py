# SPDX-License-Identifier: Apache-2.0
"""Acting for others: who may give a mandate, what it opens, how it ends, and that everything done under it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from people import CLERK, FORM, OTHER, account, actor, do, publish, submission, submit
from visits import APPLY, filled, form, picture, post, said, tree, visitor
from zhengtong import ledger
from zhengtong.acts.actor import SYSTEM
from zhengtong.city.identifiers import id_check_character, uscc_check_character
from zhengtong.errors import BadInput, Conflict, NotFound, Refused
from zhengtong.ledger.audit import audit
from zhengtong.ledger.models import Event, EventObject
from zhengtong.organization.actions.end_mandate import EndMandate
from zhengtong.organization.actions.give_mandate import GiveMandate
from zhengtong.organization.actions.register_firm import RegisterFirm
from zhengtong.organization.actions.replace_representative import ReplaceRepresentative
from zhengtong.organization.mandates import standings_of
from zhengtong.organization.models import Account, Firm, Mandate
from zhengtong.organization.persons import Person
from zhengtong.services.actions.rate_case import RateCase
from zhengtong.services.actions.supply_correction import SupplyCorrection
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.models import Case

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
DAY = 86_400_000_000


def number(serial: int) -> str:
    body = f"9999001990031{serial:04d}"
    return body + id_check_character(body)


def code(body: str = "92999900MA0DEM001") -> str:
    return body + uscc_check_character(body)


def someone(username: str, serial: int) -> Account:
    return account(username, identity_number=number(serial))


def person(row: Account) -> Person:
    return Person(row.name, row.identity_number)


@pytest.fixture
def parent() -> Account:
    return someone("parent", 2001)


@pytest.fixture
def helper() -> Account:
    return someone("helper", 2002)


@pytest.fixture
def version(state: Path, transactional_db: None) -> str:
    return publish()


def give(parent: Account, helper: Account, **terms: object) -> str:
    given = GiveMandate(person(helper), parent.pseudonym, **terms)  # type: ignore[arg-type]
    return do(given, actor(parent)).result["mandate"]


class TestWhatAMandateOpens:
    def test_the_agent_applies_in_the_principals_name_and_every_event_says_under_what(
        self, version: str, parent: Account, helper: Account
    ) -> None:
        mandate = give(parent, helper)
        agent = actor(helper)
        done = do(submission(version, principal=parent.pseudonym), agent)
        case = Case.objects.get(number=done.result["case"])
        assert (case.applicant, case.taken_by, case.channel) == (parent.pseudonym, "", "portal")
        events = list(Event.objects.filter(act=done.act))
        under = EventObject.objects.filter(object_type="mandate", object_id=mandate, qualifier="under")
        assert {e.actor for e in events} == {agent.id}
        assert set(under.values_list("event", flat=True)) == {e.id for e in events}
        assert audit(ledger.log()).findings == []

    def test_he_may_do_what_the_applicant_may_but_not_rate(
        self, version: str, parent: Account, helper: Account
    ) -> None:
        number_ = submit(version, actor(parent))
        give(parent, helper)
        with pytest.raises(Conflict, match="nothing was changed"):
            do(SupplyCorrection(number_, {}), actor(helper))
        with pytest.raises(Refused):
            do(RateCase(number_, 5), actor(helper))
        do(WithdrawCase(number_), actor(helper))

    def test_a_scope_covers_the_named_life_events_and_no_other(
        self, version: str, parent: Account, helper: Account
    ) -> None:
        give(parent, helper, matters=("restaurant",))
        with pytest.raises(Refused):
            do(submission(version, principal=parent.pseudonym), actor(helper))

    def test_nothing_is_open_before_it_is_given_nor_after_it_ends_by_either_side_or_by_time(
        self, version: str, parent: Account, helper: Account
    ) -> None:
        number_ = submit(version, actor(parent))
        withdraw = WithdrawCase(number_)
        with pytest.raises(Refused):
            do(withdraw, actor(helper))
        for who in (parent, helper):
            mandate = give(parent, helper)
            assert actor(helper).standings
            do(EndMandate(mandate), actor(who))
            with pytest.raises(Refused):
                do(withdraw, actor(helper))
        given = Mandate.objects.get(reference=give(parent, helper))
        assert given.until_us is not None
        assert standings_of(helper.pseudonym, given.until_us)
        assert not standings_of(helper.pseudonym, given.until_us + 1)
        assert not standings_of(helper.pseudonym, given.begun_us - 1)

    def test_a_clerk_cannot_submit_for_whoever_he_names(self, version: str, parent: Account) -> None:
        with pytest.raises(Refused, match="no mandate"):
            do(submission(version, principal=parent.pseudonym), CLERK)


class TestGiving:
    def test_nobody_gives_a_mandate_of_somebody_else(self, parent: Account, helper: Account) -> None:
        with pytest.raises(Refused):
            do(GiveMandate(person(helper), parent.pseudonym), OTHER)
        with pytest.raises(BadInput, match="scan"):
            do(GiveMandate(person(helper), parent.pseudonym), CLERK)
        do(GiveMandate(person(helper), "", person(parent), paper="a" * 64), CLERK)
        row = Mandate.objects.get()
        assert (row.principal, row.channel, row.paper) == (parent.pseudonym, "counter", "a" * 64)

    def test_what_makes_no_sense_is_refused(self, parent: Account, helper: Account) -> None:
        for wrong in (
            GiveMandate(person(parent), parent.pseudonym),
            GiveMandate(Person("别人", helper.identity_number), parent.pseudonym),
            GiveMandate(person(helper), parent.pseudonym, until_us=1),
            GiveMandate(person(helper), parent.pseudonym, until_us=1_768_183_200_000_000 + 9000 * DAY),
        ):
            with pytest.raises(BadInput):
                do(wrong, actor(parent))
        assert not Mandate.objects.exists()
        mandate = give(parent, helper)
        with pytest.raises(Conflict, match="already"):
            give(parent, helper)
        with pytest.raises(Refused):
            do(EndMandate(mandate), OTHER)
        do(EndMandate(mandate), actor(parent))
        with pytest.raises(Conflict):
            do(EndMandate(mandate), actor(parent))
        with pytest.raises(NotFound):
            do(EndMandate("0" * 32), actor(parent))

    def test_the_record_holds_no_name_and_no_number(self, parent: Account, helper: Account) -> None:
        do(RegisterFirm("清溪面馆", code(), person(parent)), SYSTEM)
        give(parent, helper)
        kept = str(list(Event.objects.values_list("attributes", flat=True)))
        kept += str(list(EventObject.objects.values_list("object_id", flat=True)))
        for secret in ("清溪", code(), parent.identity_number, helper.identity_number):
            assert secret not in kept


class TestFirms:
    @pytest.fixture
    def firm(self, parent: Account) -> Firm:
        do(RegisterFirm("清溪面馆", code(), person(parent), "b" * 64), CLERK)
        return Firm.objects.get()

    def test_its_representative_applies_and_appoints_handlers_and_handlers_appoint_nobody(
        self, version: str, firm: Firm, parent: Account, helper: Account
    ) -> None:
        do(GiveMandate(person(helper), firm.pseudonym), actor(parent))
        assert Mandate.objects.get(agent=helper.pseudonym).kind == "handler"
        for who in (parent, helper):
            number_ = do(submission(version, principal=firm.pseudonym), actor(who)).result["case"]
            assert Case.objects.get(number=number_).applicant == firm.pseudonym
        third = someone("third", 2003)
        with pytest.raises(Refused):
            do(GiveMandate(person(third), firm.pseudonym), actor(helper))

    def test_a_wrong_code_and_a_second_registration_are_refused(self, firm: Firm, parent: Account) -> None:
        with pytest.raises(BadInput):
            do(RegisterFirm("别家", code()[:-1] + "0", person(parent)), CLERK)
        with pytest.raises(Conflict):
            do(RegisterFirm("别家", code(), person(parent)), CLERK)
        with pytest.raises(Refused):
            do(RegisterFirm("别家", code("92999900MA0DEM002"), person(parent)), actor(parent))

    def test_a_new_representative_takes_over_and_handlers_stay(
        self, firm: Firm, parent: Account, helper: Account
    ) -> None:
        handler = someone("handler", 2003)
        do(GiveMandate(person(handler), firm.pseudonym), actor(parent))
        with pytest.raises(Conflict, match="replaced by another"):
            do(EndMandate(Mandate.objects.get(agent=parent.pseudonym).reference), actor(parent))
        do(ReplaceRepresentative(code(), person(helper), "c" * 64), CLERK)
        assert not actor(parent).standings
        assert {s.kind for s in actor(helper).standings} == {"representative"}
        assert actor(handler).standings
        with pytest.raises(Conflict):
            do(ReplaceRepresentative(code(), person(helper)), CLERK)
        with pytest.raises(NotFound):
            do(ReplaceRepresentative(code("92999900MA0DEM002"), person(helper)), CLERK)


class TestPages:
    def test_a_firms_code_comes_from_its_registration_and_says_so(self, version: str, parent: Account) -> None:
        publish("restaurant")
        do(RegisterFirm("清溪面馆", code(), person(parent), "b" * 64), CLERK)
        client, mandate = visitor(parent), Mandate.objects.get().reference
        guide = client.get("/life-events/restaurant/")
        answers = {one.get("name"): one.get("value") for one in tree(guide).xpath("//main//input[@type='radio']")}
        page = client.get("/life-events/restaurant/apply/", {**answers, "for": mandate})
        assert code() in {one.get("value") for one in tree(page).xpath("//main//input[@type='text']")}
        assert "from the firm's registration" in said(page) and "from your sign-in" not in said(page)

    def test_given_used_seen_and_ended_in_the_portal(self, version: str, parent: Account, helper: Account) -> None:
        mine, theirs = visitor(parent), visitor(helper)
        given = {"agent_name": helper.name, "agent_number": helper.identity_number, "matters": ["newborn"]}
        assert post(mine, "/my/agency/", **given).status_code == 302
        mandate = Mandate.objects.get().reference
        assert "A child is born" in said(theirs.get("/my/agency/"))
        assert "parent" in said(theirs.get(APPLY)), "the form offers to apply in the principal's name"
        assert theirs.get(f"{APPLY}&for={'0' * 32}").status_code == 403
        address = f"{APPLY}&for={mandate}"
        assert "You apply for parent" in said(theirs.get(address))
        theirs.post(address, {**FORM, "act_key": "0" * 32, "save": "1"})
        assert "for parent" in said(theirs.get("/my/"))
        assert filled(theirs.get(APPLY), "child_name") == "", "his own draft is another"
        number_ = theirs.post(address, form(draft_version="1"))["Location"].split("/")[-2]
        assert "acting for the applicant" in said(mine.get(f"/my/{number_}/")) and "helper" in said(
            mine.get(f"/my/{number_}/")
        )
        assert "You act for parent" in said(theirs.get(f"/my/{number_}/"))
        assert post(theirs, f"/my/agency/{mandate}/end/").status_code == 302
        assert theirs.get(f"/my/{number_}/").status_code == 404
        assert number_ not in said(theirs.get("/my/"))
        assert "ended" in said(mine.get("/my/agency/"))

    def test_errors_stand_at_their_fields(self, version: str, parent: Account, helper: Account) -> None:
        page = post(visitor(parent), "/my/agency/", agent_name="", agent_number="12", until="2020-01-01")
        assert page.status_code == 422
        given = {"agent_name": helper.name, "agent_number": helper.identity_number}
        page = post(visitor(parent), "/my/agency/", **given, until="2020-01-01")
        assert page.status_code == 422 and "cannot end before" in said(page)
        page = post(visitor(parent), "/my/agency/", **given, until="soon")
        assert page.status_code == 422 and "enter a date" in said(page)
        page = post(visitor(parent), "/my/agency/", **{**given, "agent_name": "别人"})
        assert page.status_code == 422 and "do not belong together" in said(page)

    def test_the_counter_records_paper_and_enters_firms(self, version: str, parent: Account, helper: Account) -> None:
        clerk = visitor(account("clerk", "clerk", "service-hall"))
        firm = {"code": code(), "name": "清溪面馆", "representative_name": parent.name}
        firm["representative_number"] = parent.identity_number
        page = post(clerk, "/counter/firms/", **firm)
        assert page.status_code == 422 and "add the scan" in said(page)
        assert post(clerk, "/counter/firms/", paper=picture(), **firm).status_code == 302
        given = {"agent_name": helper.name, "agent_number": helper.identity_number}
        wrong = post(clerk, "/counter/agency/", **given, code="x", paper=picture())
        assert wrong.status_code == 422
        done = post(clerk, "/counter/agency/", **given, code=code(), paper=picture())
        assert done.status_code == 302, said(done)
        assert {s.kind for s in actor(helper).standings} == {"handler"}
        assert post(visitor(parent), "/counter/firms/", **firm).status_code == 403
