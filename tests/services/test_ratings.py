# SPDX-License-Identifier: Apache-2.0
"""好差评: one rating a case, by the applicant, and the loop a bad one sets off."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from people import CLERK, FORM, OTHER, PARENT, do, grant, officer, publish, submit
from zhengtong import ledger
from zhengtong.acts.actor import SYSTEM
from zhengtong.city.calendar import WorkingCalendar
from zhengtong.errors import BadInput, Conflict, Refused, ZhengtongError
from zhengtong.ledger.audit import audit
from zhengtong.ledger.models import Event
from zhengtong.organization.persons import Person
from zhengtong.services.actions.call_back_rating import CallBackRating
from zhengtong.services.actions.check_rating import CheckRating
from zhengtong.services.actions.rate_case import RateCase
from zhengtong.services.actions.record_external_answer import RecordExternalAcceptance, RecordExternalDecision
from zhengtong.services.actions.repair_rating import RepairRating
from zhengtong.services.models import Case, Rating
from zhengtong.services.rules import ratings
from zhengtong.services.rules.ratings import CallBack, Check, RatingRules, RatingState, Repair

RULES = RatingRules((1, 2, 3, 4, 5), 2, 1, 15)
CALENDAR = WorkingCalendar(ZoneInfo("Asia/Shanghai"))
FRIDAY = 1_763_695_800_000_000  # 2025-11-21 11:30 in Shanghai
DAY = 86_400_000_000


def day(at_us: int | None) -> str:
    assert at_us is not None
    return CALENDAR.date_of(at_us).isoformat()


def test_only_a_bad_rating_opens_the_loop_and_is_due_the_next_working_day() -> None:
    assert ratings.rate(RULES, 3, FRIDAY, CALENDAR).state is RatingState.SETTLED
    bad = ratings.rate(RULES, 2, FRIDAY, CALENDAR)
    assert (bad.state, day(bad.due_us)) == (RatingState.TO_CHECK, "2025-11-24")


def test_a_complaint_that_is_right_is_repaired_within_fifteen_working_days_and_called_back() -> None:
    rated = ratings.rate(RULES, 1, FRIDAY, CALENDAR)
    rated = ratings.apply(RULES, rated, Check(FRIDAY, upheld=True), CALENDAR)
    assert day(rated.due_us) == "2025-12-12"
    rated = ratings.apply(RULES, rated, Repair(FRIDAY + DAY), CALENDAR)
    assert ratings.apply(RULES, rated, CallBack(FRIDAY + 2 * DAY, satisfied=True), CALENDAR).state is RatingState.CLOSED


def test_who_is_still_dissatisfied_gets_one_more_repair() -> None:
    rated = ratings.rate(RULES, 1, FRIDAY, CALENDAR)
    for act in (Check(FRIDAY, True), Repair(FRIDAY), CallBack(FRIDAY, False)):
        rated = ratings.apply(RULES, rated, act, CALENDAR)
    assert rated.state is RatingState.TO_REPAIR
    for act in (Repair(FRIDAY), CallBack(FRIDAY, False)):
        rated = ratings.apply(RULES, rated, act, CALENDAR)
    assert (rated.state, rated.due_us) == (RatingState.CLOSED, None)


@given(level=st.integers(-2, 9), acts=st.lists(st.sampled_from(["check", "not", "repair", "glad", "sad"]), max_size=8))
@settings(deadline=None)
def test_whatever_is_tried_the_loop_ends_and_owes_something_only_while_it_runs(level: int, acts: list[str]) -> None:
    table = {
        "check": Check(FRIDAY, True),
        "not": Check(FRIDAY, False),
        "repair": Repair(FRIDAY),
        "glad": CallBack(FRIDAY, True),
        "sad": CallBack(FRIDAY, False),
    }
    try:
        rated = ratings.rate(RULES, level, FRIDAY, CALENDAR)
    except BadInput:
        assert level not in RULES.levels
        return
    for name in acts:
        try:
            rated = ratings.apply(RULES, rated, table[name], CALENDAR)
        except Conflict:
            continue
        assert rated.repairs <= 2
    over = {RatingState.SETTLED, RatingState.NOT_UPHELD, RatingState.CLOSED}
    assert (rated.due_us is None) == (rated.state in over)


def closed_case() -> str:
    number = submit(publish())
    for step in ("vaccination-record", "birth-registration", "resident-insurance"):
        grant(number, step)
    do(RecordExternalAcceptance(number, "social-security-card"), SYSTEM)
    do(RecordExternalDecision(number, "social-security-card", True, "CARD-1"), SYSTEM)
    return number


@pytest.mark.django_db
@pytest.mark.database
class TestActs:
    def test_a_case_is_rated_once_by_its_applicant_after_it_closed(self) -> None:
        number = submit(publish())
        with pytest.raises(Conflict, match="once it is closed"):
            do(RateCase(number, 5), PARENT)
        number = closed_case()
        with pytest.raises(Refused):
            do(RateCase(number, 5), OTHER)
        assert do(RateCase(number, 5), PARENT).result["state"] == "settled"
        with pytest.raises(Conflict, match="rated once"):
            do(RateCase(number, 1), PARENT)

    def test_the_clerk_who_took_it_in_does_not_rate_in_the_applicants_stead(self) -> None:
        person = Person("林晓梅", FORM["mother_id"])
        number = submit(publish(), CLERK, on_behalf_of=person)
        Case.objects.filter(number=number).update(phase="completed")
        with pytest.raises(Refused):
            do(RateCase(number, 5), CLERK)

    @pytest.mark.parametrize(
        "rating", [{"level": 9}, {"level": 1, "aspects": ("beauty",)}, {"level": 1, "step": "passport"}]
    )
    def test_what_is_not_on_the_list_is_refused_and_nothing_is_kept(self, rating: dict[str, object]) -> None:
        with pytest.raises(BadInput):
            do(RateCase(closed_case(), **rating), PARENT)  # type: ignore[arg-type]  # wrong on purpose
        assert not Rating.objects.exists()

    def test_the_department_it_concerns_and_no_other_puts_it_right(self, state: object) -> None:
        number = closed_case()
        reference = do(RateCase(number, 1, ("efficiency",), "等了太久", "resident-insurance"), PARENT).result["rating"]
        with pytest.raises(Refused):
            do(CheckRating(reference, True, "属实"), officer("police"))
        insurance = officer("insurance")
        with pytest.raises(BadInput):
            do(CheckRating(reference, True, " "), insurance)
        do(CheckRating(reference, True, "属实"), insurance)
        do(RepairRating(reference, "已改进"), insurance)
        do(CallBackRating(reference, True), insurance)
        assert Rating.objects.get(reference=reference).state == "closed"
        assert audit(ledger.log()).findings == []

    def test_the_words_of_a_rating_never_enter_the_record(self) -> None:
        number = closed_case()
        reference = do(RateCase(number, 1, (), "等了太久"), PARENT).result["rating"]
        do(CheckRating(reference, False, "核实不属实"), officer("health"))
        events = Event.objects.filter(type__startswith="rating").values_list("attributes", flat=True)
        rated = Event.objects.get(type="case_rated")
        assert {"level": 1, "concerns": "health"}.items() <= rated.attributes.items()
        assert "等" not in str(list(events)) + str(rated.attributes)

    def test_acts_out_of_turn_are_conflicts(self) -> None:
        reference = do(RateCase(closed_case(), 5), PARENT).result["rating"]
        for act in (CheckRating(reference, True, "x"), RepairRating(reference, "x"), CallBackRating(reference, True)):
            with pytest.raises(ZhengtongError):
                do(act, officer("health"))
