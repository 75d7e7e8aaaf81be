# SPDX-License-Identifier: Apache-2.0
"""Failed tries at secrets (passwords, tokens, verification codes), counted in the database for all processes alike.

Only failures write. What is counted is named by a keyed hash: the table tells nobody which accounts exist or who came
from where. Whether an account exists makes no difference to anything here.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256

from django.conf import settings
from django.db import transaction

from zhengtong.acts.perform import now_us
from zhengtong.errors import TooMany
from zhengtong.organization.models import FailedTries
from zhengtong.organization.rules.backoff import SECOND_US, Backoff, Tries, failed, wait_s

Subject = tuple[str, str]
"""(what is counted, whose): `("address", "203.0.113.7")`."""


def _rules() -> Mapping[str, Backoff]:
    """One person at one place gets the fewest free tries; a whole service hall behind one address the most."""
    free, longest = settings.ZHENGTONG_FREE_TRIES, settings.ZHENGTONG_LONGEST_WAIT_S
    forget = max(3600, 4 * longest)
    return {
        "account at address": Backoff(free, longest, forget),
        "account": Backoff(4 * free, longest, forget),
        "address": Backoff(20 * free, longest, forget),
        "token": Backoff(4 * free, longest, forget),
        "code": Backoff(4 * free, longest, forget),
    }


def _name(subject: Subject) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), repr(subject).encode(), sha256).hexdigest()


def require_patience(subjects: Sequence[Subject]) -> None:
    """Raise `TooMany` while any of these has to wait; right or wrong, the try is not looked at."""
    now = now_us()
    rows = FailedTries.objects.filter(subject__in=[_name(subject) for subject in subjects], until_us__gt=now)
    waits = [wait_s(Tries(row.failures, row.last_us, row.until_us), now) for row in rows]
    if waits:
        longest = max(waits)
        raise TooMany(
            f"失败次数过多，请在 {longest} 秒后再试",
            f"too many failed tries; try again in {longest} seconds",
            wait_s=longest,
        )


def count_failure(subjects: Sequence[Subject]) -> None:
    """One more failure of each."""
    rules, now = _rules(), now_us()
    with transaction.atomic():
        for subject in sorted(subjects):
            name = _name(subject)
            FailedTries.objects.get_or_create(subject=name)
            row = FailedTries.objects.select_for_update().get(subject=name)
            after = failed(Tries(row.failures, row.last_us, row.until_us), rules[subject[0]], now)
            FailedTries.objects.filter(pk=row.pk).update(
                failures=after.failures, last_us=after.last_us, until_us=after.until_us
            )
        _forget_old(now)


def _forget_old(now: int) -> None:
    """Rows nobody has to wait for any more: the table stays as small as what is going on."""
    quiet = max(rule.forget_s for rule in _rules().values()) * SECOND_US
    FailedTries.objects.filter(last_us__lt=now - quiet).delete()


def forgive(subjects: Sequence[Subject]) -> None:
    """The right secret was given: these begin anew."""
    FailedTries.objects.filter(subject__in=[_name(subject) for subject in subjects]).delete()
