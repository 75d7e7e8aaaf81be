# SPDX-License-Identifier: Apache-2.0
"""The record replayed into where every case and step stands, and compared with the tables.

No lock is held meanwhile. What seems to differ was perhaps only in motion, so it is looked at again, its events and
its row in one transaction.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from zhengtong.ledger.store import marks, query
from zhengtong.services.models import Case, Step
from zhengtong.services.rules.replay import Differs, Fold, Name, Row, Told, differences

AT_ONCE = 10_000
"""Events read by a statement."""
AGAIN = 400
"""Objects looked at again by a statement."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Replayed:
    """`events` were read, of which `cases` cases and `steps` steps came; `states` counts those in each state."""

    events: int
    cases: int
    steps: int
    states: dict[str, int]
    seconds: float
    differs: tuple[Differs, ...] = ()

    @property
    def events_per_second(self) -> int:
        return int(self.events / self.seconds) if self.seconds else 0


def replay(*, compare: bool = False, progress: Progress | None = None) -> Replayed:
    """Fold all committed events, sealed or not; with `compare`, say where the tables stand otherwise."""
    fold, read, began = Fold(), 0, time.perf_counter()
    total = int(query("SELECT COUNT(*) FROM ledger_event")[0][0]) if progress else 0
    for events, told in _all():
        fold.add(told)
        read += events
        if progress:
            progress(read, max(read, total))
    seconds = time.perf_counter() - began
    differs = differences(fold.found, rows()) if compare else []
    sure = _again(sorted({(one.object_type, one.object_id) for one in differs}))
    kinds = Counter(kind for kind, _ in fold.found)
    states = Counter(f"{kind} {one.state}" for (kind, _), one in fold.found.items())
    return Replayed(read, kinds["case"], kinds["step"], dict(sorted(states.items())), round(seconds, 3), tuple(sure))


def _all() -> Iterator[tuple[int, list[Told]]]:
    """How many events, and what they say of cases and steps."""
    after = ""
    while True:
        found = query(
            "SELECT e.id, e.type, o.object_type, o.object_id, e.attributes FROM "
            "(SELECT id, type, attributes FROM ledger_event WHERE id > %s ORDER BY id LIMIT %s) e "
            "LEFT JOIN ledger_eventobject o ON o.event_id = e.id AND o.qualifier = 'state' "
            "AND o.object_type IN ('case', 'step') ORDER BY e.id",
            [after, AT_ONCE],
        )
        if not found:
            return
        after = found[-1][0]
        yield len({row[0] for row in found}), [_told(row[1:]) for row in found if row[2] is not None]


def _told(row: Sequence[str]) -> Told:
    return row[0], row[1], row[2], json.loads(row[3])


def rows(only: Sequence[Name] | None = None) -> dict[Name, Row]:
    """The tables' side, of all cases and steps or of some."""
    cases, steps = Case.objects.all(), Step.objects.all()
    if only is not None:
        cases = cases.filter(number__in=[name for kind, name in only if kind == "case"])
        steps = steps.filter(reference__in=[name for kind, name in only if kind == "step"])
    found: dict[Name, Row] = {}
    for number, phase, definition, version in cases.values_list("number", "phase", "definition", "version").iterator():
        found["case", number] = Row(phase, definition, version)
    for reference, state, version in steps.values_list("reference", "state", "version").iterator():
        found["step", reference] = Row(state, "", version)
    return found


def _again(names: Sequence[Name]) -> list[Differs]:
    found: list[Differs] = []
    for start in range(0, len(names), AGAIN):
        some = names[start : start + AGAIN]
        with transaction.atomic():
            _hold(some)
            stored = rows(some)
            fold = Fold()
            for kind in ("case", "step"):
                ids = [name for of, name in some if of == kind]
                if ids:
                    sql = (
                        "SELECT e.type, o.object_type, o.object_id, e.attributes FROM ledger_eventobject o "  # noqa: S608 - placeholders
                        "JOIN ledger_event e ON e.id = o.event_id WHERE o.object_type = %s "
                        f"AND o.qualifier = 'state' AND o.object_id IN ({marks(ids)})"
                    )
                    fold.add(_told(row) for row in query(sql, [kind, *ids]))
            found += differences(fold.found, stored)
    return found


def _hold(names: Sequence[Name]) -> None:
    """Lock the cases of these objects, as every act on them does."""
    ids = [name for _, name in names]
    concerned = Case.objects.filter(Q(number__in=ids) | Q(steps__reference__in=ids)).values("pk")
    list(Case.objects.select_for_update().filter(pk__in=concerned).order_by("pk").values_list("pk"))
