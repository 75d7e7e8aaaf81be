# SPDX-License-Identifier: Apache-2.0
"""The daily list of the card system, a process of its own, held against our book; an officer settles what differs."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from people import DEPARTMENT, OTHER, account, do, key, officer, publish, submit
from services.record import CARD, attributes, reach_card, states, types
from services.standing_in import Process
from visits import said, visitor
from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.models import OutboxMessage
from zhengtong.acts.perform import now_us
from zhengtong.errors import BadInput, Conflict, Contradicted, NotFound, Refused, Unavailable
from zhengtong.services.actions.reconcile_system import ReconcileSystem
from zhengtong.services.actions.record_external_answer import RecordExternalDecision
from zhengtong.services.actions.settle_difference import SettleDifference
from zhengtong.services.actions.withdraw_case import WithdrawCase
from zhengtong.services.models import Difference, Notice, Output, Reconciliation
from zhengtong.services.processes import push_step
from zhengtong.services.reconciling import reconcile, reconcile_daily, standing
from zhengtong.services.rules.reconciliation import Theirs

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

SYSTEM_KEY, HR = "card-system", officer(DEPARTMENT[CARD])
HOUR_US = 3_600_000_000


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    process = Process("card_system.py", tmp_path / "office", "--delay", "0")
    process.connect(SYSTEM_KEY, monkeypatch)
    yield process
    process.stop()


@pytest.fixture
def case() -> str:
    """A case whose card was ordered two hours ago."""
    number = submit(publish(), at_us=now_us() - 2 * HOUR_US)
    reach_card(number, accepted=False)
    return number


def pushed(case: str) -> None:
    """What the worker does: hand over, then ask until it is decided."""
    payload = {"case": case, "step": CARD}
    while push_step(payload):
        pass


def settled_books(office: Process, *, shift_s: int = 3600) -> None:
    """Let what stands in the other book have happened an hour ago, so that it no longer counts as moving."""
    with sqlite3.connect(office.data) as db:
        db.execute("UPDATE application SET received = received - ?, due = due - ?", (shift_s, shift_s))


def listed(theirs: tuple[Theirs, ...] = (), *, listed_us: int | None = None) -> dict[str, int]:
    at = listed_us or now_us() + HOUR_US
    action = ReconcileSystem(SYSTEM_KEY, 0, at, "0" * 64, theirs)
    return do(action, SYSTEM).result


def test_after_the_card_is_issued_the_books_agree_and_the_lag_has_four_instants(case: str, office: Process) -> None:
    pushed(case)
    done = reconcile(SYSTEM_KEY)
    assert (done.result["agreed"], done.result["found"]) == (1, 0)
    one = standing(SYSTEM_KEY, now_us())
    assert {leg: s.count for leg, s in one.lags.items() if s} == {
        "handing_over": 1, "deciding": 1, "reporting": 1, "whole": 1,
    }  # fmt: skip
    assert one.waiting == [] and one.open == [] and one.last is not None


def test_the_list_is_read_page_by_page(office: Process) -> None:
    now = time.time() - 3600
    with sqlite3.connect(office.data) as db:
        rows = [(f"X-{n:04}", "0" * 64, "card", now, now) for n in range(450)]
        db.executemany("INSERT INTO application VALUES (?, ?, ?, ?, ?)", rows)
    assert reconcile(SYSTEM_KEY).result["found"] == 450
    assert set(Difference.objects.values_list("kind", flat=True)) == {"missing_here"}


def test_an_application_the_other_house_lost_is_found_and_handed_over_again(case: str, office: Process) -> None:
    push_step({"case": case, "step": CARD})
    with sqlite3.connect(office.data) as db:
        db.execute("DELETE FROM application")
    assert reconcile(SYSTEM_KEY).result["moving"] == 1, "it may still be on its way"
    listed()
    (row,) = Difference.objects.all()
    assert (row.kind, row.ours, row.theirs, row.department) == ("missing_there", "pending", "", "hr")
    OutboxMessage.objects.all().delete()
    done = do(SettleDifference(row.reference, "push_again", "对方重装系统后丢失"), HR)
    assert types(done) == ["difference_settled"]
    assert attributes(done, "difference_settled")["way"] == "push_again", "the officer's words stay in the row"
    assert OutboxMessage.objects.get().payload == {"case": case, "step": CARD}
    pushed(case)
    assert states(case)[CARD] == "granted"


def test_a_decision_that_never_reached_us_is_taken_over_from_their_list(case: str) -> None:
    reference, decided = f"{case}.{CARD}", now_us() - HOUR_US
    listed((Theirs(reference, "granted", decided - 9, decided, "SBK7"),))
    (row,) = Difference.objects.all()
    assert (row.kind, row.ours, row.theirs, row.output) == ("state", "pending", "granted", "SBK7")
    done = do(SettleDifference(row.reference, "take_over", "对方已制卡，回传丢失"), HR)
    assert types(done)[-1] == "difference_settled" and "step_granted" in types(done)
    assert attributes(done, "step_granted")["decided_there_us"] == decided
    assert Output.objects.get(step__reference=reference).issuer_number == "SBK7"
    assert Notice.objects.filter(case__number=case, kind="grant", step__key=CARD).count() == 1
    assert listed((Theirs(reference, "granted", decided - 9, decided, "SBK7"),))["found"] == 0


def test_their_refusal_is_taken_over_with_its_reason(case: str) -> None:
    reference, decided = f"{case}.{CARD}", now_us() - HOUR_US
    listed((Theirs(reference, "refused", decided, decided, reason="photo_not_usable"),))
    do(SettleDifference(Difference.objects.get().reference, "take_over", "已核实"), HR)
    assert states(case)[CARD] == "refused"


def test_a_difference_is_one_item_however_often_it_is_seen_and_closes_when_it_vanishes(case: str) -> None:
    for _ in range(3):
        listed()
    assert Difference.objects.count() == 1
    reference, old = f"{case}.{CARD}", now_us() - HOUR_US
    listed((Theirs(reference, "pending", old),))
    assert Difference.objects.get().state == "vanished"
    listed((Theirs(reference, "refused", old, old, reason="x"),))
    assert list(Difference.objects.order_by("id").values_list("kind", "state")) == [
        ("missing_there", "vanished"), ("state", "open"),
    ]  # fmt: skip
    assert Reconciliation.objects.count() == 5


def test_what_was_explained_stays_explained_and_what_was_repaired_in_vain_is_found_again(case: str) -> None:
    listed()
    do(SettleDifference(Difference.objects.get().reference, "push_again", "重推"), HR)
    listed()
    again = Difference.objects.get(state="open")
    do(SettleDifference(again.reference, "explain", "对方改用纸质办理"), HR)
    listed()
    assert not Difference.objects.filter(state="open").exists()


def test_two_decisions_that_contradict_each_other_can_only_be_explained(case: str) -> None:
    do(RecordExternalDecision(case, CARD, True, "SBK1"), SYSTEM)
    old = now_us() - HOUR_US
    listed((Theirs(f"{case}.{CARD}", "refused", old, old, reason="x"),))
    row = Difference.objects.get()
    with pytest.raises(BadInput) as error:
        do(SettleDifference(row.reference, "take_over", "照对方的办"), HR)
    assert error.value.expected == "explain"
    assert states(case)[CARD] == "granted"
    do(SettleDifference(row.reference, "explain", "已发函请对方更正"), HR)


def test_only_the_answerable_department_settles_with_words_and_once(case: str) -> None:
    listed()
    row = Difference.objects.get()
    for stranger in (OTHER, officer("police")):
        with pytest.raises(Refused):
            do(SettleDifference(row.reference, "explain", "不归我管"), stranger)
    with pytest.raises(BadInput):
        do(SettleDifference(row.reference, "explain", "  "), HR)
    do(SettleDifference(row.reference, "explain", "已说明"), HR)
    with pytest.raises(Conflict):
        do(SettleDifference(row.reference, "explain", "再说明"), HR)
    with pytest.raises(NotFound):
        do(SettleDifference(key(), "explain", "无"), HR)


def test_what_the_applicant_withdrew_is_no_difference(case: str) -> None:
    from people import PARENT

    do(WithdrawCase(case), PARENT)
    old = now_us() - HOUR_US
    assert listed((Theirs(f"{case}.{CARD}", "pending", old),))["found"] == 0


def test_a_late_answer_and_one_before_the_acceptance_change_no_decision(case: str, office: Process) -> None:
    do(RecordExternalDecision(case, CARD, True, "SBK1"), SYSTEM)
    assert states(case)[CARD] == "granted", "a decision implies that they had accepted"
    with pytest.raises(Conflict):
        do(RecordExternalDecision(case, CARD, False, reason="too_late"), SYSTEM)
    pushed(case)
    assert Output.objects.get(step__key=CARD).issuer_number == "SBK1"


# --- every day ----------------------------------------------------------------------------------------------------


def test_the_worker_reconciles_once_a_day_and_again_after_a_day_without_an_answer(case: str, office: Process) -> None:
    office.stop()
    assert reconcile_daily(now_us()) == 0
    office.start()
    with pytest.MonkeyPatch.context() as patch:
        office.connect(SYSTEM_KEY, patch)
        assert [reconcile_daily(now_us()) for _ in range(3)] == [1, 0, 0]


def test_a_list_signed_with_another_secret_is_not_believed(case: str, office: Process) -> None:
    office.stop()
    office.secret.write_text("another secret of somebody else\n")
    office.start()
    with pytest.MonkeyPatch.context() as patch:
        office.connect(SYSTEM_KEY, patch)
        office.secret.write_text("a shared secret of the demo city\n")
        with pytest.raises(Contradicted):
            reconcile(SYSTEM_KEY)
    assert not Reconciliation.objects.exists()


def test_a_system_that_is_not_connected_or_not_known_says_so(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZHENGTONG_SYSTEM_CARD_SYSTEM_URL", raising=False)
    with pytest.raises(Unavailable):
        reconcile(SYSTEM_KEY)
    with pytest.raises(NotFound) as error:
        standing("no-such-system", now_us())
    assert error.value.expected == "card-system"


# --- the page -----------------------------------------------------------------------------------------------------


def test_the_answerable_officer_settles_on_the_page_what_others_only_read(case: str) -> None:
    listed()
    row = Difference.objects.get()
    mine, other = (visitor(account(name, "officer", name)) for name in ("hr", "police"))
    page = mine.get("/workbench/external/")
    assert "They do not have it" in said(page) and "1 difference is open" in said(page)
    assert b'value="push_again"' in page.content
    assert b'value="push_again"' not in other.get("/workbench/external/").content
    body = {"way": "explain", "text": "已电话核实", "act_key": key()}
    address = f"/workbench/external/{row.reference}/settle/"
    assert other.post(address, body).status_code == 403
    assert "settled" in said(mine.post(address, body, follow=True))
    assert "0 differences are open" in said(mine.get("/workbench/external/"))


def test_a_resident_does_not_see_the_systems(case: str) -> None:
    assert visitor(account("parent")).get("/workbench/external/").status_code == 403
