# SPDX-License-Identifier: Apache-2.0
"""The record is audited every night, once, whatever workers run; what was found is in the record."""

from __future__ import annotations

import logging
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from holds.together import at_once
from people import publish, submit
from zhengtong.acts.perform import now_us
from zhengtong.errors import Contradicted
from zhengtong.evaluation import auditing
from zhengtong.evaluation.auditing import audit_missing, audit_nightly, last_audit, night_of
from zhengtong.ledger.models import Event
from zhengtong.services.casework import calendar
from zhengtong.site import nightly
from zhengtong.site.settings import _hour
from zhengtong.site.worker import Worker, seal

HOUR_US, DAY_US = 3_600_000_000, 86_400_000_000
pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def tomorrow_at(hour: int) -> int:
    return calendar().instant(calendar().date_of(now_us()) + timedelta(days=1), time(hour))


@pytest.fixture
def case(state: Path) -> str:
    number = submit(publish())
    seal()
    return number


@pytest.fixture
def night(monkeypatch: pytest.MonkeyPatch) -> int:
    """The audit itself is told that it is tomorrow, half past two."""
    at = tomorrow_at(2) + HOUR_US // 2
    monkeypatch.setattr(nightly, "now_us", lambda: at)
    return at


def audits() -> int:
    return Event.objects.filter(type="record_audited").count()


def test_the_night_is_the_citys_and_not_utc() -> None:
    noon = tomorrow_at(12)
    assert night_of(noon, 2) == tomorrow_at(2)
    assert night_of(noon, 13) == tomorrow_at(13) - DAY_US
    assert night_of(tomorrow_at(2), 2) == tomorrow_at(2)
    assert night_of(tomorrow_at(2) - 1, 2) == tomorrow_at(2) - DAY_US


def test_a_record_begun_today_waits_for_its_first_night_and_an_empty_one_for_its_first_event(state: Path) -> None:
    assert not audit_missing(tomorrow_at(3), 2)
    publish()
    assert not audit_missing(now_us(), calendar_hour_to_come())
    assert audit_missing(tomorrow_at(3), 2)


def calendar_hour_to_come() -> int:
    """An hour whose last occurrence lies before anything this test wrote: the coming one."""
    day = calendar().date_of(now_us())
    return next((hour for hour in range(24) if calendar().instant(day, time(hour)) > now_us()), 0)


def test_a_worker_audits_beside_its_loop_once_a_night(case: str, night: int) -> None:
    worker = Worker()
    worker.turn()
    worker.nightly.wait()
    seal()
    last = last_audit()
    assert last is not None and (last.count, last.leaves > 0, last.rows > 0) == (0, True, True)
    assert Event.objects.get(id=last.event).actor == "system"
    worker.nightly.begin()
    worker.nightly.wait()
    assert audits() == 1


def test_what_was_changed_behind_the_record_is_named_and_said_aloud(
    case: str, night: int, caplog: pytest.LogCaptureFixture
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE services_case SET phase = 'completed' WHERE number = %s", [case])
    worker = Worker()
    with caplog.at_level(logging.INFO, "zhengtong"):
        worker.nightly.begin()
        worker.nightly.wait()
    last = last_audit()
    assert last is not None and [(one.type, one.id) for one in last.findings] == [("case", case)]
    assert any(one.levelno == logging.ERROR and "1 findings" in one.getMessage() for one in caplog.records)


def test_many_workers_at_once_record_one_audit(case: str, night: int) -> None:
    at_once(3, lambda _: audit_nightly(night, 2))
    assert audits() == 1


def test_an_audit_by_hand_after_the_hour_is_the_nights(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hour = calendar_hour_to_come()
    audit_nightly(tomorrow_at(2), 2)
    assert audits() == 1
    coming = night_of(now_us() + DAY_US, hour)
    assert audit_missing(coming, hour), "the audit of before that hour is not that night's"
    assert not audit_missing(coming - 1, hour), "it is the one of the night before"


def test_a_worker_that_is_stopped_breaks_the_audit_off_and_the_next_one_does_it(case: str, night: int) -> None:
    worker = Worker()
    worker.stop.set()
    worker.nightly.begin()
    worker.nightly.wait()
    assert audits() == 0
    again = Worker()
    again.nightly.begin()
    again.nightly.wait()
    assert audits() == 1


def test_an_audit_that_cannot_be_walked_is_said_and_asked_for_again(
    case: str, night: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def contradicts(*_: Any, **__: Any) -> Any:
        raise Contradicted("树断了", "the tree is broken")

    worker = Worker()
    with monkeypatch.context() as broken:
        broken.setattr(auditing, "audit", contradicts)
        worker.nightly.begin()
        worker.nightly.wait()
    assert "the tree is broken" in caplog.text and audits() == 0
    worker.nightly.begin()
    worker.nightly.wait()
    assert audits() == 1


def test_off_means_never(case: str, night: int, settings: Any) -> None:
    settings.ZHENGTONG_AUDIT_HOUR = None
    worker = Worker()
    worker.turn()
    worker.nightly.wait()
    assert audits() == 0


@pytest.mark.parametrize(("given", "read"), [("0", 0), ("23", 23), ("off", None)])
def test_the_hour_is_read(given: str, read: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGTONG_AUDIT_HOUR", given)
    assert _hour("ZHENGTONG_AUDIT_HOUR", "2") == read


@pytest.mark.parametrize("given", ["24", "-1", "02:00", "", "night"])
def test_an_hour_that_is_none_stops_the_process_at_once(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGTONG_AUDIT_HOUR", given)
    with pytest.raises(ImproperlyConfigured, match="expected 0 to 23, or off"):
        _hour("ZHENGTONG_AUDIT_HOUR", "2")
