# SPDX-License-Identifier: Apache-2.0
"""A newborn's case through the real actions: rows, events and rules agree."""

from __future__ import annotations

import pytest

from people import DEPARTMENT, do, grant, publish, submit
from zhengtong.acts.actor import SYSTEM
from zhengtong.errors import Conflict
from zhengtong.ledger.models import Event
from zhengtong.services.actions.record_external_answer import RecordExternalAcceptance, RecordExternalDecision
from zhengtong.services.models import Case, Output

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def states(number: str) -> dict[str, str]:
    return dict(Case.objects.get(number=number).steps.values_list("key", "state"))


def test_a_case_runs_from_the_one_form_to_its_results() -> None:
    number = submit(publish())
    assert states(number) == {
        "birth-registration": "pending",
        "vaccination-record": "pending",
        "resident-insurance": "waiting",
        "social-security-card": "waiting",
    }
    grant(number, "vaccination-record")
    grant(number, "birth-registration")
    grant(number, "resident-insurance")
    do(RecordExternalAcceptance(number, "social-security-card"), SYSTEM)
    do(RecordExternalDecision(number, "social-security-card", True, "CARD-1"), SYSTEM)
    case = Case.objects.get(number=number)
    assert (case.phase, set(states(number).values())) == ("completed", {"granted"})
    assert Output.objects.filter(step__case=case).count() == len(DEPARTMENT)
    assert Event.objects.filter(type="case_closed").count() == 1


def test_an_external_answer_decides_nothing_that_a_department_decides() -> None:
    number = submit(publish())
    for action in (
        RecordExternalAcceptance(number, "birth-registration"),
        RecordExternalDecision(number, "birth-registration", True, "X"),
    ):
        with pytest.raises(Conflict, match="a department decides"):
            do(action, SYSTEM)
    assert states(number)["birth-registration"] == "pending"
