# SPDX-License-Identifier: Apache-2.0
"""12345: a matter is taken in, dispatched, answered and called back, each in its time, and nothing of it is lost."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from people import PARENT, do, officer
from zhengtong import ledger
from zhengtong.acts.actor import Actor, Role
from zhengtong.city.calendar import WorkingCalendar
from zhengtong.errors import BadInput, Conflict, FormFaults, Refused
from zhengtong.ledger.audit import audit
from zhengtong.ledger.models import Event
from zhengtong.organization.actions.propose_task import ProposeTask
from zhengtong.services.actions.answer_ticket_extension import AnswerTicketExtension
from zhengtong.services.actions.ask_ticket_extension import AskTicketExtension
from zhengtong.services.actions.call_back_ticket import CallBackTicket
from zhengtong.services.actions.dispatch_ticket import DispatchTicket
from zhengtong.services.actions.file_ticket import FileTicket
from zhengtong.services.actions.not_accept_ticket import NotAcceptTicket
from zhengtong.services.actions.reply_ticket import ReplyTicket
from zhengtong.services.actions.return_ticket import ReturnTicket
from zhengtong.services.actions.sign_ticket import SignTicket
from zhengtong.services.models import Ticket, TicketNote
from zhengtong.services.rules import tickets as rules
from zhengtong.services.rules.tickets import Answers, Term, TicketRules, TicketState
from zhengtong.services.sweep import sweep
from zhengtong.services.ticket_queries import measured, task_matter, tasks_of

CALENDAR = WorkingCalendar(ZoneInfo("Asia/Shanghai"))
FRIDAY = 1_763_695_800_000_000  # 2025-11-21 11:30 in Shanghai
HOUR, DAY = 3_600_000_000, 86_400_000_000
RULES = TicketRules(
    reply={"question": Term(3), "complaint": Term(5)},
    urgent_reply=Term(24, "hours"),
    dispatch=Term(24, "hours"),
    sign=Term(1),
    send_back=Term(2),
    call_back=Term(1),
    extension=Term(5),
    extensions=1,
    reopenings=1,
)
YES, NO = Answers(True, True, True), Answers(True, False, False)
AGENT = Actor("4" * 32, frozenset({Role("resident"), Role("hotline", "office")}))
HOUSING = officer("housing")


def new(category: str = "complaint", urgent: bool = False) -> rules.Ticket:
    return rules.received(RULES, category, urgent, FRIDAY)


def after(ticket: rules.Ticket, *acts: rules.TicketAct) -> rules.Ticket:
    for act in acts:
        ticket = rules.apply(RULES, ticket, act, CALENDAR)
    return ticket


def due(ticket: rules.Ticket) -> tuple[str, str]:
    clock = rules.running(RULES, ticket, CALENDAR)
    assert clock is not None
    return clock[0], CALENDAR.date_of(clock[1]).isoformat()


SENT = rules.Dispatch(FRIDAY + HOUR, "housing", frozenset({"police"}))


def test_each_state_has_its_own_clock_over_the_weekend() -> None:
    assert due(new()) == ("dispatch", "2025-11-22"), "hours run through the weekend"
    sent = after(new(), SENT)
    assert due(sent) == ("sign", "2025-11-24")
    signed = after(sent, rules.Sign(FRIDAY + 2 * HOUR))
    assert due(signed) == ("reply", "2025-11-28"), "five working days from when the department got it"
    replied = after(signed, rules.Reply(FRIDAY + 4 * DAY))
    assert due(replied) == ("call_back", "2025-11-26")
    assert rules.running(RULES, after(replied, rules.CallBack(FRIDAY + 4 * DAY, YES)), CALENDAR) is None


def test_an_urgent_matter_is_answered_within_its_hours_whatever_its_category() -> None:
    signed = after(new(urgent=True), SENT, rules.Sign(FRIDAY + 2 * HOUR))
    clock = rules.running(RULES, signed, CALENDAR)
    assert clock == ("reply", SENT.at_us + 24 * HOUR)


def test_an_extension_is_asked_before_the_reply_is_due_once_and_lengthens_it() -> None:
    signed = after(new(), SENT, rules.Sign(FRIDAY + 2 * HOUR))
    asked = after(signed, rules.AskExtension(FRIDAY + DAY))
    with pytest.raises(Conflict, match="no further extension"):
        after(asked, rules.AskExtension(FRIDAY + DAY))
    granted = after(asked, rules.AnswerExtension(FRIDAY + DAY, True))
    assert due(granted) == ("reply", "2025-12-05")
    with pytest.raises(Conflict, match="no further extension"):
        after(granted, rules.AskExtension(FRIDAY + DAY))
    assert due(after(asked, rules.AnswerExtension(FRIDAY + DAY, False))) == ("reply", "2025-11-28")
    with pytest.raises(Conflict, match="too late"):
        after(signed, rules.AskExtension(FRIDAY + 9 * DAY))
    with pytest.raises(Conflict, match="no extension was asked"):
        after(signed, rules.AnswerExtension(FRIDAY, True))


def test_a_department_may_return_a_ticket_in_time_unless_it_was_designated() -> None:
    returned = after(new(), SENT, rules.SendBack(FRIDAY + 3 * DAY, "not-ours"))
    assert (returned.state, returned.lead, returned.returns) == (TicketState.RECEIVED, "", 1)
    with pytest.raises(Conflict, match="time to return"):
        after(new(), SENT, rules.SendBack(FRIDAY + 5 * DAY, "not-ours"))
    with pytest.raises(Conflict, match="designated"):
        after(new(), replace(SENT, designated=True), rules.SendBack(FRIDAY + DAY, "not-ours"))


def test_a_matter_not_solved_goes_back_as_often_as_the_rules_say_and_then_closes_as_unsolved() -> None:
    replied = after(new(), SENT, rules.Sign(FRIDAY + HOUR), rules.Reply(FRIDAY + DAY))
    again = after(replied, rules.CallBack(FRIDAY + 3 * DAY, NO))
    assert again.state is TicketState.SIGNED and due(again) == ("reply", "2025-12-01")
    with pytest.raises(Conflict, match="reopened"):
        after(again, rules.SendBack(FRIDAY + 3 * DAY, "not-ours"))
    closed = after(again, rules.Reply(FRIDAY + 4 * DAY), rules.CallBack(FRIDAY + 4 * DAY, NO))
    assert closed.state is TicketState.CLOSED and closed.answers == NO


def test_the_rates_count_only_persons_who_were_reached() -> None:
    rates = rules.Rates()
    for answers in (YES, NO, Answers(False, False, False), None):
        rates.add(answers)
    assert (rates.asked, rates.unreached) == (3, 1)
    assert (rates.share("contacted"), rates.share("solved")) == (2 / 3, 1 / 3)
    assert rules.Rates().share("satisfied") is None


def test_who_supports_is_not_who_leads() -> None:
    for lead, support in (("", frozenset[str]()), ("police", frozenset({"police"}))):
        with pytest.raises(BadInput, match="one lead department"):
            after(new(), rules.Dispatch(FRIDAY, lead, support))


ACTS = st.one_of(
    st.builds(rules.Dispatch, st.just(0), st.sampled_from(["a", "b"]), st.just(frozenset()), st.booleans()),
    st.builds(rules.NotAccept, st.just(0), st.just("secret")),
    st.builds(rules.Sign, st.just(0)),
    st.builds(rules.SendBack, st.just(0), st.just("not-ours")),
    st.builds(rules.AskExtension, st.just(0)),
    st.builds(rules.AnswerExtension, st.just(0), st.booleans()),
    st.builds(rules.Reply, st.just(0)),
    st.builds(rules.CallBack, st.just(0), st.sampled_from([None, YES, NO])),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(ACTS, st.integers(0, 6 * DAY)), max_size=25))
def test_whatever_is_tried_in_whatever_order_a_ticket_stays_sound(tried: list[tuple[rules.TicketAct, int]]) -> None:
    ticket, at = new(), FRIDAY
    for act, later in tried:
        at += later
        try:
            ticket = rules.apply(RULES, ticket, replace(act, at_us=at), CALENDAR)
        except (Conflict, BadInput):
            continue
        clock = rules.running(RULES, ticket, CALENDAR)
        assert (clock is None) == (ticket.state in rules.FINAL)
        assert (ticket.closed_us is not None) == (ticket.state in rules.FINAL)
        assert (ticket.lead == "") == (ticket.state in {TicketState.RECEIVED, TicketState.NOT_ACCEPTED})
        assert ticket.extended <= RULES.extensions and ticket.reopened <= RULES.reopenings
        assert ticket.asked_us is None or ticket.state is TicketState.SIGNED
        assert clock is None or clock[1] >= ticket.since_us


def filed(**changes: object) -> str:
    given: dict[str, object] = {"category": "complaint", "title": "路灯不亮", "text": "莲花巷三号前路灯坏了两周"}
    return do(FileTicket(**{**given, **changes}), PARENT).result["ticket"]  # type: ignore[arg-type]


def answered(number: str, *, solved: bool = True) -> None:
    do(DispatchTicket(number, "housing", ("police",)), AGENT)
    do(SignTicket(number), HOUSING)
    do(ReplyTicket(number, "已派人修复。"), HOUSING)
    do(CallBackTicket(number, True, True, solved, solved), AGENT)


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
class TestThroughPerform:
    def test_a_ticket_goes_its_way_and_the_record_holds_no_word_of_it(self, state: object) -> None:
        number = filed()
        answered(number)
        row = Ticket.objects.get(number=number)
        assert (row.state, row.lead, row.support) == ("closed", "housing", ["police"])
        assert [note.kind for note in TicketNote.objects.order_by("id")] == ["reply"]
        types = list(Event.objects.order_by("id").values_list("type", flat=True))
        assert [t for t in types if t.startswith("ticket_")] == [
            "ticket_filed", "ticket_dispatched", "ticket_signed", "ticket_replied", "ticket_noted",
            "ticket_called_back",
        ]  # fmt: skip
        recorded = "".join(str(e.attributes) for e in Event.objects.all())
        assert not any(word in recorded for word in ("路灯", "莲花", "修复"))
        assert not audit(ledger.log()).findings

    def test_a_caller_is_known_to_the_row_alone_and_urgency_is_the_agent_s_judgement(self, state: object) -> None:
        call = FileTicket(
            "help", "燃气味", "楼道里有燃气味", urgent=True, by_phone=True, caller="王五", mobile="13800001234"
        )
        number = do(call, AGENT).result["ticket"]
        row = Ticket.objects.get(number=number)
        assert (row.citizen, row.caller, row.mobile, row.urgent) == ("", "王五", "13800001234", True)
        assert "王五" not in str(list(Event.objects.values_list("attributes", flat=True)))
        with pytest.raises(FormFaults) as caught:
            do(FileTicket("help", "t", "x", urgent=True), PARENT)
        assert set(caught.value.fields) == {"urgent"}

    def test_every_field_that_is_wrong_is_named(self, state: object) -> None:
        with pytest.raises(FormFaults) as caught:
            do(FileTicket("gossip", " ", "", by_phone=True, mobile="12345"), AGENT)
        assert set(caught.value.fields) == {"category", "title", "text", "mobile"}
        assert not Ticket.objects.exists()

    def test_only_the_lead_department_signs_and_only_the_desk_dispatches(self, state: object) -> None:
        number = filed()
        for who in (PARENT, HOUSING):
            with pytest.raises(Refused):
                do(DispatchTicket(number, "housing"), who)
        do(DispatchTicket(number, "housing", ("police",)), AGENT)
        for who in (PARENT, AGENT, officer("police")):
            with pytest.raises(Refused):
                do(SignTicket(number), who)
        do(SignTicket(number), HOUSING)

    def test_the_person_himself_may_say_whether_it_helped_but_nobody_else(self, state: object) -> None:
        number = filed()
        do(DispatchTicket(number, "housing"), AGENT)
        do(SignTicket(number), HOUSING)
        do(ReplyTicket(number, "ok"), HOUSING)
        for who in (HOUSING, Actor("9" * 32, frozenset({Role("resident")}))):
            with pytest.raises(Refused):
                do(CallBackTicket(number, True, True, True, True), who)
        assert do(CallBackTicket(number, True, True, False, False, "还是坏的"), PARENT).result["state"] == "signed"

    def test_reasons_come_from_the_city_s_list_and_words_are_needed(self, state: object) -> None:
        number = filed()
        for reason, text in (("because", "x"), ("secret", " ")):
            with pytest.raises(BadInput):
                do(NotAcceptTicket(number, reason, text), AGENT)
        with pytest.raises(BadInput, match="choose a department"):
            do(DispatchTicket(number, "nobody"), AGENT)
        do(NotAcceptTicket(number, "secret", "涉及他人隐私"), AGENT)
        assert Ticket.objects.get(number=number).state == "not_accepted"

    def test_an_extension_is_asked_by_the_department_and_answered_by_the_desk(self, state: object) -> None:
        number = filed()
        do(DispatchTicket(number, "housing"), AGENT)
        do(SignTicket(number), HOUSING)
        before = Ticket.objects.get(number=number).due_us
        do(AskTicketExtension(number, "需要外单位配合"), HOUSING)
        with pytest.raises(Refused):
            do(AnswerTicketExtension(number, True), HOUSING)
        do(AnswerTicketExtension(number, True), AGENT)
        assert before is not None and (Ticket.objects.get(number=number).due_us or 0) > before

    def test_what_time_alone_caused_is_recorded_once_at_the_instant_it_fell_due(self, state: object) -> None:
        number = filed()
        row = Ticket.objects.get(number=number)
        assert row.due_us is not None
        assert sweep(row.due_us) == 0, "not yet"
        assert sweep(row.due_us + 1) == 1
        assert sweep(row.due_us + DAY) == 0
        (event,) = Event.objects.filter(type="ticket_limit_missed")
        assert (event.time_us, event.attributes["clock"], event.actor) == (row.due_us, "dispatch", "system")
        do(DispatchTicket(number, "housing"), AGENT)
        assert Ticket.objects.get(number=number).lapse_us is not None, "the next clock is watched again"
        assert not audit(ledger.log()).findings

    def test_a_reply_that_came_late_says_so_and_the_rates_open_to_it(self, state: object) -> None:
        number, other = filed(), filed()
        answered(other)
        do(DispatchTicket(number, "housing"), AGENT)
        do(SignTicket(number), HOUSING)
        due_us = Ticket.objects.get(number=number).due_us
        assert due_us is not None
        do(ReplyTicket(number, "晚了"), HOUSING, at_us=due_us + 1)
        do(CallBackTicket(number, True, True, False, False), AGENT, at_us=due_us + HOUR)
        found = measured(0, due_us + DAY)
        assert found.keys() == {"", "housing"}
        for one in found.values():
            assert (one.replies, one.late, one.in_time) == (2, 1, 0.5)
            assert one.tickets["late"] == one.tickets["solved"] == {number}
            assert (one.rates.asked, one.rates.solved) == (2, 1)
        assert measured(due_us + DAY, due_us + 2 * DAY) == {}

    def test_a_ticket_called_back_twice_counts_with_what_was_said_last(self, state: object) -> None:
        number = filed()
        answered(number, solved=False)
        do(ReplyTicket(number, "再次处理"), HOUSING)
        do(CallBackTicket(number, True, True, True, True), AGENT)
        (rates,) = {(one.rates.asked, one.rates.solved) for one in measured(0, 2**62).values()}
        assert rates == (1, 1)

    def test_a_ticket_becomes_a_supervised_task_and_leads_to_it(self, state: object) -> None:
        number = filed()
        task = do(ProposeTask("路灯维修", "一周内修复", "housing", task_matter(number), "hotline"), AGENT).result[
            "task"
        ]
        assert [row.number for row in tasks_of(number)] == [task]
        assert not tasks_of("T26-999999")


class TicketMachine(RuleBasedStateMachine):
    """Random acts by random people at random times: what the rules refuse leaves no trace."""

    @initialize()
    def begin(self) -> None:
        self.number = filed()
        self.now = Ticket.objects.get(number=self.number).received_us

    @rule(
        who=st.sampled_from([AGENT, HOUSING, PARENT, officer("police")]),
        what=st.sampled_from(["dispatch", "sign", "return", "reply", "ask", "grant", "called", "unsolved", "drop"]),
        later=st.integers(0, 4 * DAY),
    )
    def act(self, who: Actor, what: str, later: int) -> None:
        self.now += later
        number = self.number
        action = {
            "dispatch": DispatchTicket(number, "housing"),
            "sign": SignTicket(number),
            "return": ReturnTicket(number, "not-ours", "不是我们的"),
            "reply": ReplyTicket(number, "答复"),
            "ask": AskTicketExtension(number, "难"),
            "grant": AnswerTicketExtension(number, True),
            "called": CallBackTicket(number, True, True, True, True),
            "unsolved": CallBackTicket(number, True, True, False, False),
            "drop": NotAcceptTicket(number, "concluded", "已办结"),
        }[what]
        before = Event.objects.count()
        try:
            do(action, who, at_us=self.now)
        except (Conflict, Refused):
            assert Event.objects.count() == before

    @rule()
    def time_passes(self) -> None:
        sweep(self.now)

    @invariant()
    def the_row_says_what_the_rules_say(self) -> None:
        row = Ticket.objects.get(number=self.number)
        assert row.state == row.progress["state"] and row.lead == row.progress["lead"]
        assert (row.closed_us is None) == (row.state not in {"closed", "not_accepted"})
        assert row.lapse_us is None or row.lapse_us == row.due_us

    def teardown(self) -> None:
        assert not audit(ledger.log()).findings


@pytest.mark.django_db(transaction=True)
def test_tickets_stay_sound_whoever_does_what_whenever(state: object) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        TicketMachine, settings=settings(deadline=None, max_examples=12, stateful_step_count=14, database=None)
    )
