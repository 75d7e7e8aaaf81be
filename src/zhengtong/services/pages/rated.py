# SPDX-License-Identifier: Apache-2.0
"""A rating as it is shown: its words, colours and shapes, and what a case's own page has of it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _lazy

from zhengtong.acts.serving import city
from zhengtong.services.casework import CaseWork
from zhengtong.services.definition import RatingFile
from zhengtong.services.models import Rating
from zhengtong.services.rating_work import rating_file
from zhengtong.services.rules.ratings import RatingState
from zhengtong.ui.parts import State, StateKind

STATES: dict[str, tuple[StateKind, object]] = {
    RatingState.SETTLED: ("ok", _lazy("thank you")),
    RatingState.TO_CHECK: ("near", _lazy("to be checked")),
    RatingState.NOT_UPHELD: ("wait", _lazy("not upheld")),
    RatingState.TO_REPAIR: ("late", _lazy("to be repaired")),
    RatingState.TO_CALL_BACK: ("info", _lazy("to be called back")),
    RatingState.CLOSED: ("ok", _lazy("repaired")),
}


def level_name(rules: RatingFile, level: int) -> object:
    return next((known.name for known in rules.levels if known.value == level), level)


def rating_context(work: CaseWork, may_rate: bool) -> dict[str, object]:
    """What a case's own page shows of its rating: the form, or what was said and what came of it."""
    row = Rating.objects.filter(case=work.case).first()
    if work.case.phase == "open" or (row is None and not may_rate) or not city().all(RatingFile):
        return {}
    rules = rating_file()
    if row is None:
        steps = [(key, work.definition.services[key].name) for key in work.steps]
        return {"rate": rules, "rate_steps": steps}
    return {"rated": row, "rated_level": level_name(rules, row.level), "rated_state": State(*STATES[row.state])}
