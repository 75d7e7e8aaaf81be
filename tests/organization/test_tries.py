# SPDX-License-Identifier: Apache-2.0
"""Failed tries: the rule by its properties, the counting in the database, and signing in over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from people import account
from visits import said
from zhengtong.errors import TooMany
from zhengtong.organization import tries as counting
from zhengtong.organization.models import FailedTries
from zhengtong.organization.rules.backoff import SECOND_US, Backoff, Tries, failed, wait_s
from zhengtong.organization.tries import count_failure, forgive, require_patience

RULE = Backoff(free=3, longest_s=60, forget_s=600)
NOW = 1_800_000_000_000_000
quick = settings(deadline=None, max_examples=100)


def after(gaps: list[int], rule: Backoff = RULE) -> Tries:
    """The tries after failures `gaps` seconds apart."""
    tries, now = Tries(), NOW
    for gap in gaps:
        now += gap * SECOND_US
        tries = failed(tries, rule, now)
    return tries


def test_a_few_failures_are_free_then_each_doubles_the_wait_up_to_the_longest() -> None:
    waits = [wait_s(after([0] * n), NOW) for n in range(1, 12)]
    assert waits == [0, 0, 0, 2, 4, 8, 16, 32, 60, 60, 60]


def test_quiet_time_forgets_and_a_short_pause_does_not() -> None:
    assert after([0, 0, 0, 0, 601]).failures == 1
    assert after([0, 0, 0, 0, 599]).failures == 5


@quick
@given(gaps=st.lists(st.integers(0, 700), min_size=1, max_size=60), later=st.integers(0, 10**6))
def test_the_wait_is_never_negative_never_longer_than_the_longest_and_always_ends(gaps: list[int], later: int) -> None:
    tries = after(gaps)
    left = wait_s(tries, tries.last_us)
    assert 0 <= left <= RULE.longest_s
    assert wait_s(tries, tries.last_us + later * SECOND_US) == max(0, left - later)


@quick
@given(failures=st.integers(0, 10**6))
def test_no_number_of_failures_makes_the_arithmetic_run_away(failures: int) -> None:
    tries = failed(Tries(failures, NOW, 0), RULE, NOW)
    assert tries.until_us - NOW <= RULE.longest_s * SECOND_US


ADDRESS = [("address", "203.0.113.7")]


@pytest.mark.django_db
def test_one_who_failed_too_often_waits_and_others_do_not(settings: Any) -> None:
    settings.ZHENGTONG_FREE_TRIES = 1
    for _ in range(21):
        require_patience(ADDRESS)
        count_failure(ADDRESS)
    with pytest.raises(TooMany) as waiting:
        require_patience([("account", "li"), *ADDRESS])
    assert 1 <= waiting.value.wait_s <= 2
    require_patience([("address", "203.0.113.8"), ("account", "203.0.113.7")])
    forgive(ADDRESS)
    require_patience(ADDRESS)


@pytest.mark.django_db
def test_the_table_tells_nobody_who_it_was_and_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    count_failure([("account", "li.ming"), ("address", "203.0.113.7")])
    held = str(list(FailedTries.objects.values()))
    assert FailedTries.objects.count() == 2 and "li.ming" not in held and "203.0.113" not in held
    monkeypatch.setattr(counting, "now_us", lambda: NOW * 2)
    count_failure([("account", "someone")])
    assert FailedTries.objects.count() == 1, "what nobody waits for any more is forgotten"


# Signing in

pytest_db = pytest.mark.django_db(transaction=True)


def sign_in(username: str, password: str, address: str = "203.0.113.7", **headers: str) -> Any:
    client = Client(headers={"accept-language": "en", **headers}, REMOTE_ADDR=address)
    return client.post("/login/", {"username": username, "password": password})


@pytest_db
@pytest.mark.database
def test_guessing_a_password_makes_one_wait_even_with_the_right_one() -> None:
    account("parent")
    for _ in range(6):
        assert sign_in("parent", "guess").status_code in (200, 422)
    waiting = sign_in("parent", "parent-password")
    assert waiting.status_code == 429 and "sessionid" not in waiting.cookies
    assert 1 <= int(waiting["Retry-After"]) <= 2 and "too many failed tries" in said(waiting)
    assert sign_in("parent", "parent-password", "203.0.113.8").status_code == 302, "the person elsewhere gets in"


@pytest_db
def test_an_account_that_is_not_there_behaves_in_the_same_way() -> None:
    account("parent")
    for name in ("parent", "nobody"):
        answers = [sign_in(name, "guess", f"198.51.100.{len(name)}") for _ in range(8)]
        assert [a.status_code == 429 for a in answers] == [False] * 6 + [True] * 2


@pytest_db
def test_an_account_guessed_from_many_places_waits_too(settings: Any) -> None:
    settings.ZHENGTONG_FREE_TRIES = 2
    account("parent")
    for place in range(9):
        sign_in("parent", "guess", f"203.0.113.{place}")
    assert sign_in("Parent ", "parent-password", "198.51.100.1").status_code == 429, (
        "capitals and blanks are no way out"
    )


@pytest_db
def test_one_address_that_tries_many_accounts_waits_too(settings: Any) -> None:
    settings.ZHENGTONG_FREE_TRIES = 1
    for number in range(21):
        sign_in(f"person{number}", "guess")
    account("parent")
    assert sign_in("parent", "parent-password").status_code == 429
    assert sign_in("parent", "parent-password", "203.0.113.9").status_code == 302


@pytest_db
def test_a_forwarded_address_written_by_the_client_changes_nothing(settings: Any) -> None:
    for number in range(6):
        sign_in("parent", "guess", **{"x-forwarded-for": f"198.51.100.{number}"})
    assert sign_in("parent", "guess", **{"x-forwarded-for": "198.51.100.99"}).status_code == 429


@pytest_db
def test_signing_in_clears_what_was_mistyped_before() -> None:
    account("parent")
    for _ in range(3):
        for _mistyped in range(4):
            sign_in("parent", "guess")
        assert sign_in("parent", "parent-password").status_code == 302


@pytest_db
def test_an_empty_form_is_no_guess() -> None:
    account("parent")
    for _ in range(30):
        sign_in("parent", "")
    assert sign_in("parent", "parent-password").status_code == 302
