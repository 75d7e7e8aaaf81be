# SPDX-License-Identifier: Apache-2.0
"""Limits of the law, each counted by hand on the calendar of the State Council's notices.

2025: off from 1 to 8 October; working on Sunday 28 September and Saturday 11 October.
"""

from __future__ import annotations

from datetime import date

import pytest

from services.limit_factory import CALENDAR, DAY, LICENCE, SILENT, at, end, fact, plain
from zhengtong.services.rules.facts import Fact
from zhengtong.services.rules.limits import Assessment, Lapse, LimitView, Mark, assess
from zhengtong.services.rules.regimes import Allowance, Extension, Regime, Source, Terms

RECEIVED, ACCEPTED = fact("received", "2025-09-26"), fact("accepted", "2025-09-26", 11)


def look(now: int, *facts: Fact, terms: Terms | None = None) -> Assessment:
    return assess(terms or Terms(LICENCE), facts, CALENDAR, now)


def limit(assessment: Assessment, kind: str) -> LimitView:
    view = assessment.limit(kind)  # type: ignore[arg-type]
    assert view is not None
    return view


def statutory(assessment: Assessment, kind: str = "decide") -> Mark:
    mark = limit(assessment, kind).statutory
    assert mark is not None
    return mark


def test_the_day_of_start_is_not_counted_and_make_up_workdays_are() -> None:
    five = Terms(LICENCE, promised={"decide": Allowance(5)})
    seen = look(at("2025-09-28"), RECEIVED, ACCEPTED, terms=five)
    promise = limit(seen, "decide").promised
    # Sun 28 Sep (make-up) 1, Mon 29 2, Tue 30 3, Thu 9 Oct 4, Fri 10 Oct 5
    assert promise is not None and promise.due == date(2025, 10, 10) and promise.used == 1
    # Sat 11 Oct (make-up) 6 … Thu 30 Oct 20
    assert statutory(seen).due == date(2025, 10, 30)
    assert statutory(seen).due_us == end("2025-10-30")


@pytest.mark.parametrize(
    ("joint", "extension", "due"),
    [
        (False, 0, date(2025, 10, 30)),
        (False, 10, date(2025, 11, 13)),
        (True, 0, date(2025, 12, 4)),
        (True, 15, date(2025, 12, 25)),
    ],
)
def test_twenty_and_ten_forty_five_and_fifteen(joint: bool, extension: int, due: date) -> None:
    facts = [RECEIVED, ACCEPTED]
    if extension:
        approver = "government" if joint else "head"
        facts.append(fact("extended", "2025-10-20", days=extension, approver=approver))
    seen = look(at("2025-10-20", 12), *facts, terms=Terms(LICENCE, joint=joint))
    assert statutory(seen).due == due and not seen.breaches


def test_a_limit_is_met_until_the_last_instant_of_its_last_day_and_late_after_it() -> None:
    in_time = look(at("2025-11-05"), RECEIVED, ACCEPTED, Fact("decided", end("2025-10-30")))
    assert limit(in_time, "decide").state == "met"
    late = look(at("2025-11-05"), RECEIVED, ACCEPTED, Fact("decided", end("2025-10-30") + 1))
    assert limit(late, "decide").state == "late"
    assert statutory(late).missed_us == end("2025-10-30")
    assert late.lapses == (Lapse("decide", 1, "statutory", end("2025-10-30")),)


def test_an_open_limit_becomes_late_by_time_alone_and_the_days_past_are_negative() -> None:
    assert limit(look(end("2025-10-30"), RECEIVED, ACCEPTED), "decide").state == "running"
    seen = look(at("2025-11-04"), RECEIVED, ACCEPTED)
    # Fri 31 Oct, Mon 3 and Tue 4 Nov have passed
    assert limit(seen, "decide").state == "late" and limit(seen, "decide").ended_us is None
    assert (statutory(seen).used, statutory(seen).remaining, statutory(seen).percent) == (23, -3, 115)


def test_silence_accepts_a_licence_from_the_day_of_receipt() -> None:
    before = look(end("2025-10-10"), RECEIVED)
    assert before.accepted_us is None and limit(before, "accept").state == "running"
    after = look(end("2025-10-10") + 1, RECEIVED)
    assert limit(after, "accept").state == "deemed"
    assert (after.accepted_us, after.deemed_us) == (RECEIVED.at_us, end("2025-10-10"))
    assert statutory(after).due == date(2025, 10, 30)  # as if accepted on 26 September
    assert after.lapses == (Lapse("accept", 1, "deemed", end("2025-10-10")),)
    assert limit(after, "decide").intervals[0].from_day == date(2025, 9, 26)


def test_an_acceptance_declared_after_silence_accepted_moves_nothing() -> None:
    seen = look(at("2025-10-20"), RECEIVED, fact("accepted", "2025-10-15"), fact("paused", "2025-10-16", reason="x"))
    assert seen.accepted_us == RECEIVED.at_us and limit(seen, "decide").state == "paused"


def test_outside_licences_silence_accepts_nothing_and_the_limit_is_missed() -> None:
    seen = look(at("2025-10-13"), RECEIVED, terms=Terms(SILENT))
    assert limit(seen, "accept").state == "late" and seen.limit("decide") is None
    accepted = look(at("2025-10-13", 12), RECEIVED, fact("accepted", "2025-10-13"), terms=Terms(SILENT))
    assert accepted.accepted_us == at("2025-10-13") and limit(accepted, "accept").state == "late"


def test_correction_precedes_the_decision_clock_and_is_no_pause() -> None:
    asked, corrected = fact("correction_asked", "2025-10-10"), fact("corrected", "2025-10-20")
    waiting = look(at("2025-10-14"), RECEIVED, asked)
    assert [view.kind for view in waiting.limits] == ["accept", "correct"]
    assert limit(waiting, "accept").state == "met"  # asked on the fifth day
    assert statutory(waiting, "correct").due == date(2025, 10, 27)  # 25 Oct is a Saturday
    done = look(at("2025-10-22", 12), RECEIVED, asked, corrected, fact("accepted", "2025-10-22"))
    assert [(view.kind, view.round) for view in done.limits] == [
        ("accept", 1), ("correct", 1), ("accept", 2), ("decide", 1),
    ]  # fmt: skip
    assert done.accepted_us == at("2025-10-22") and statutory(done).used == 0
    assert limit(done, "decide").excluded == 0


def test_after_corrections_silence_accepts_from_the_day_they_came_in() -> None:
    facts = [RECEIVED, fact("correction_asked", "2025-09-28"), fact("corrected", "2025-10-20")]
    assert look(end("2025-10-27"), *facts).accepted_us is None
    assert look(end("2025-10-27") + 1, *facts).accepted_us == at("2025-10-20")


def test_corrections_asked_after_silence_accepted_or_twice_have_no_effect_but_are_named() -> None:
    late = look(at("2025-10-14"), RECEIVED, fact("correction_asked", "2025-10-13"))
    assert [breach.code for breach in late.breaches] == ["late_correction"]
    assert late.accepted_us == RECEIVED.at_us and late.limit("correct") is None
    twice = [RECEIVED, fact("correction_asked", "2025-09-28"), fact("corrected", "2025-10-09")]
    twice += [fact("correction_asked", "2025-10-10"), fact("corrected", "2025-10-14")]
    seen = look(at("2025-10-15"), *twice)
    assert [breach.code for breach in seen.breaches] == ["repeated_correction"]
    assert limit(seen, "accept").round == 2 and limit(seen, "accept").started_us == at("2025-10-09")


def test_a_regime_may_allow_several_requests_for_corrections() -> None:
    regime = Regime("r", "r", "r", Source("演示"), accept=Allowance(5), corrections=2)
    facts = [RECEIVED, fact("correction_asked", "2025-09-28"), fact("corrected", "2025-10-09")]
    facts.append(fact("correction_asked", "2025-10-10"))
    seen = look(at("2025-10-10", 12), *facts, terms=Terms(regime))
    assert not seen.breaches and limit(seen, "accept").state == "met"


def test_accepting_without_waiting_for_corrections_closes_the_applicants_limit() -> None:
    facts = [RECEIVED, fact("correction_asked", "2025-09-28"), fact("accepted", "2025-09-29")]
    seen = look(at("2025-10-09"), *facts)
    assert limit(seen, "correct").state == "closed" and seen.accepted_us == at("2025-09-29")


def test_the_day_a_pause_is_notified_counts_and_the_day_it_ends_does_not() -> None:
    paused = fact("paused", "2025-10-10", reason="hearing")
    resumed = fact("resumed", "2025-10-15")
    during = look(at("2025-10-14"), RECEIVED, ACCEPTED, paused)
    assert limit(during, "decide").state == "paused" and statutory(during).used == 5
    assert statutory(during).due is None and statutory(during).remaining == 15
    after = look(at("2025-10-16"), RECEIVED, ACCEPTED, paused, resumed)
    # 11 (make-up), 13, 14 and 15 October are out; 16 October is the sixth day
    assert statutory(after).used == 6 and limit(after, "decide").excluded == 4
    assert statutory(after).due == date(2025, 11, 5)
    assert [(i.count, i.reasons, i.open) for i in limit(after, "decide").intervals] == [
        (5, (), False), (4, ("hearing",), False), (1, (), True),
    ]  # fmt: skip


def test_two_grounds_at_once_exclude_their_days_once() -> None:
    facts = [RECEIVED, ACCEPTED, fact("paused", "2025-10-10", reason="test")]
    facts += [fact("paused", "2025-10-13", reason="expert_review"), fact("resumed", "2025-10-14", reason="test")]
    still = look(at("2025-10-15"), *facts)
    assert limit(still, "decide").state == "paused"
    assert limit(still, "decide").intervals[-1].reasons == ("expert_review",)
    both = look(at("2025-10-16"), *facts, fact("resumed", "2025-10-15"))
    assert limit(both, "decide").excluded == 4 and statutory(both).due == date(2025, 11, 5)


def test_whoever_pauses_on_the_last_day_is_not_late_and_owes_the_decision_on_the_day_the_pause_ends() -> None:
    facts = [RECEIVED, ACCEPTED, fact("paused", "2025-10-30", 16, reason="hearing")]
    assert limit(look(at("2025-11-03"), *facts), "decide").state == "paused"
    last_instant = Fact("paused", end("2025-10-30"), reason="hearing")
    assert limit(look(at("2025-11-03"), RECEIVED, ACCEPTED, last_instant), "decide").state == "paused"
    over = Fact("resumed", end("2025-11-03"), reason="hearing")
    assert statutory(look(at("2025-11-04"), RECEIVED, ACCEPTED, last_instant, over)).due == date(2025, 11, 3)
    saturday = look(at("2025-11-08", 12), *facts, fact("resumed", "2025-11-08"))
    assert statutory(saturday).due == date(2025, 11, 10)
    monday = look(at("2025-11-03", 12), *facts, fact("resumed", "2025-11-03"))
    assert statutory(monday).due == date(2025, 11, 3)


def test_a_pause_after_the_limit_had_passed_heals_nothing() -> None:
    seen = look(at("2025-11-04"), RECEIVED, ACCEPTED, fact("paused", "2025-10-31", reason="hearing"))
    assert limit(seen, "decide").state == "late" and statutory(seen).due == date(2025, 10, 30)


def test_an_open_pause_projects_its_due_day_from_the_notice_or_from_today() -> None:
    announced = fact("paused", "2025-10-10", reason="hearing", days=5)  # 11, 13, 14, 15, 16 October
    seen = look(at("2025-10-13"), RECEIVED, ACCEPTED, announced)
    assert statutory(seen).projected == date(2025, 11, 6)  # 17 October is the sixth day
    again = [fact("resumed", "2025-10-13", 11), fact("paused", "2025-10-13", 12, reason="hearing")]
    unannounced = look(at("2025-10-13", 13), RECEIVED, ACCEPTED, announced, *again)
    assert statutory(unannounced).projected == date(2025, 11, 3)  # 11 and 13 October are out, nothing else yet
    overrun = look(at("2025-10-20"), RECEIVED, ACCEPTED, announced)
    assert statutory(overrun).projected == date(2025, 11, 10)


def test_the_extension_must_be_the_heads_within_bounds_and_in_time() -> None:
    def codes(*facts: Fact, terms: Terms | None = None) -> list[str]:
        seen = look(at("2025-12-30"), RECEIVED, ACCEPTED, *facts, terms=terms)
        assert statutory(seen).extension == (10 if not seen.breaches else 0)
        return [breach.code for breach in seen.breaches]

    good = fact("extended", "2025-10-30", days=10, approver="head")
    assert codes(good) == []
    assert codes(fact("extended", "2025-10-30", days=10, approver="officer")) == ["wrong_approver"]
    assert codes(fact("extended", "2025-10-30", days=11, approver="head")) == ["extension_too_long"]
    assert codes(fact("extended", "2025-10-31", days=10, approver="head")) == ["late_extension"]
    assert codes(good, terms=Terms(SILENT)) == ["no_extension"]


def test_extensions_add_up_to_what_the_law_allows() -> None:
    parts = [fact("extended", "2025-10-20", days=6, approver="head") for _ in range(2)]
    seen = look(at("2025-10-21"), RECEIVED, ACCEPTED, *parts)
    assert statutory(seen).extension == 6 and seen.breaches[0].code == "extension_too_long"


def test_an_extension_leaves_the_promise_where_it_was() -> None:
    terms = Terms(LICENCE, promised={"decide": Allowance(5)})
    extended = fact("extended", "2025-10-09", days=10, approver="head")
    seen = look(at("2025-10-13"), RECEIVED, ACCEPTED, extended, terms=terms)
    promise = limit(seen, "decide").promised
    assert promise is not None and promise.missed_us == end("2025-10-10") and promise.amount == 5
    assert limit(seen, "decide").state == "running"
    assert seen.lapses == (Lapse("decide", 1, "promised", end("2025-10-10")),)


def test_calendar_days_that_end_on_a_rest_day_move_to_the_next_working_day() -> None:
    facts = [fact("received", "2025-09-04"), fact("accepted", "2025-09-04", 11)]
    seen = look(at("2025-10-06"), *facts, terms=plain(30, "calendar_days"))
    assert statutory(seen).due == date(2025, 10, 9)  # 4 October lies in the holiday
    assert limit(seen, "decide").state == "running" and statutory(seen).percent == 100
    assert statutory(seen).remaining == 3
    make_up = look(at("2025-09-01"), *[fact("received", "2025-08-29"), fact("accepted", "2025-08-29")],
                   terms=plain(30, "calendar_days"))  # fmt: skip
    assert statutory(make_up).due == date(2025, 9, 28)  # a Sunday that works


def test_hours_run_through_the_night_and_stop_exactly_while_paused() -> None:
    facts = [fact("received", "2025-10-03", 20), fact("accepted", "2025-10-03", 20)]
    terms = plain(24, "hours")
    seen = look(at("2025-10-04", 2), *facts, terms=terms)
    assert statutory(seen).due_us == at("2025-10-04", 20)
    assert (statutory(seen).used, statutory(seen).remaining) == (6, 18)
    paused = [*facts, fact("paused", "2025-10-04", 2, reason="x"), fact("resumed", "2025-10-04", 5)]
    later = look(at("2025-10-04", 23) + 1, *paused, terms=terms)
    assert statutory(later).missed_us == at("2025-10-04", 23) and limit(later, "decide").excluded == 3


def test_delivery_is_owed_for_what_was_granted_only() -> None:
    granted = look(at("2025-10-13"), RECEIVED, ACCEPTED, fact("decided", "2025-10-11"))
    assert statutory(granted, "deliver").due == date(2025, 10, 24)
    done = look(at("2025-10-28"), RECEIVED, ACCEPTED, fact("decided", "2025-10-11"), fact("delivered", "2025-10-27"))
    assert limit(done, "deliver").state == "late"
    refused = look(at("2025-10-13"), RECEIVED, ACCEPTED, fact("decided", "2025-10-11", granted=False))
    assert refused.limit("deliver") is None


def test_withdrawing_and_refusing_to_accept_stop_every_clock() -> None:
    gone = look(at("2026-03-01"), RECEIVED, ACCEPTED, fact("withdrawn", "2025-10-13"))
    assert limit(gone, "decide").state == "closed" and gone.lapses == ()
    assert statutory(gone).used == 7
    refused = look(at("2026-03-01"), RECEIVED, fact("not_accepted", "2025-09-29"))
    assert limit(refused, "accept").state == "met" and refused.limit("decide") is None
    too_late = look(at("2026-03-01"), RECEIVED, fact("not_accepted", "2025-10-13"))
    assert [breach.code for breach in too_late.breaches] == ["late_refusal"]
    assert limit(too_late, "accept").state == "deemed" and limit(too_late, "decide").state == "closed"


def test_a_limit_is_near_within_its_threshold_and_never_while_paused_or_past() -> None:
    terms = plain(5, near=2)
    assert not limit(look(at("2025-09-30"), RECEIVED, ACCEPTED, terms=plain(5)), "decide").near
    # due 10 October: on 29 September three days remain, on the 30th two
    states = {day: limit(look(at(day), RECEIVED, ACCEPTED, terms=terms), "decide").near
              for day in ("2025-09-29", "2025-09-30", "2025-10-10", "2025-10-11")}  # fmt: skip
    assert list(states.values()) == [False, True, True, False]
    paused = look(at("2025-10-10"), RECEIVED, ACCEPTED, fact("paused", "2025-10-09", reason="x"), terms=terms)
    assert not limit(paused, "decide").near


def test_a_due_day_in_a_year_without_a_notice_is_provisional() -> None:
    facts = [fact("received", "2026-12-01"), fact("accepted", "2026-12-01", 11)]
    assert not limit(look(at("2026-12-02"), *facts), "decide").provisional  # 29 December 2026
    over = look(at("2026-12-02"), *facts, terms=Terms(LICENCE, joint=True))
    assert limit(over, "decide").provisional
    first_of_january = look(at("2026-12-02"), *facts, terms=plain(30, "calendar_days"))
    assert not limit(first_of_january, "decide").provisional  # Thu 31 December 2026
    moved = look(at("2026-12-04"), *[fact("received", "2026-12-03"), fact("accepted", "2026-12-03")],
                 terms=plain(30, "calendar_days"))  # fmt: skip
    assert limit(moved, "decide").provisional
    assert not limit(look(at("2027-03-01"), *facts, terms=plain(9999, "hours")), "decide").provisional
    from_2023 = [fact("received", "2023-12-20"), fact("accepted", "2023-12-20")]  # no notice for 2023 here
    counted = look(at("2023-12-21"), *from_2023, terms=plain(20))
    assert statutory(counted).due == date(2024, 1, 18) and limit(counted, "decide").provisional
    assert not limit(look(at("2023-12-21"), *from_2023, terms=plain(20, "calendar_days")), "decide").provisional


def test_another_law_replaces_the_regimes_length_and_its_extension() -> None:
    own = {"decide": Allowance(3, extension=Extension(3))}
    terms = Terms(LICENCE, own=own)  # type: ignore[arg-type]
    seen = look(at("2025-09-29"), RECEIVED, ACCEPTED, fact("extended", "2025-09-28", days=3), terms=terms)
    assert statutory(seen).due == date(2025, 10, 11) and not seen.breaches


def test_a_matter_without_a_statutory_limit_is_judged_by_its_promise() -> None:
    terms = Terms(Regime("r", "r", "r", Source("演示")), promised={"decide": Allowance(5)})
    seen = look(at("2025-10-11"), RECEIVED, ACCEPTED, terms=terms)
    assert limit(seen, "decide").state == "late" and limit(seen, "decide").statutory is None
    assert seen.limit("accept") is None


def test_what_comes_after_the_moment_of_asking_is_as_if_unknown() -> None:
    facts = [RECEIVED, ACCEPTED, fact("decided", "2025-10-11")]
    then = look(at("2025-10-10"), *facts)
    assert then == look(at("2025-10-10"), *facts[:2]) and limit(then, "decide").state == "running"
    assert look(RECEIVED.at_us - 1, *facts) == Assessment((), None, None, ())


def test_a_decision_on_the_spot_uses_no_day_even_on_a_rest_day() -> None:
    sunday = [fact("received", "2025-10-05"), fact("accepted", "2025-10-05"), fact("decided", "2025-10-05")]
    seen = look(at("2025-10-05") + DAY, *sunday, terms=plain(0))
    assert limit(seen, "decide").state == "met" and statutory(seen).due == date(2025, 10, 9)
