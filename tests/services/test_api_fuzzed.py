# SPDX-License-Identifier: Apache-2.0
"""The whole API under made-up requests: nothing breaks, every status is documented, every answer is as documented."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from people import account, do, publish, submit
from people import actor as actor_of
from zhengtong.acts.actor import SYSTEM
from zhengtong.organization.actions.appoint import Appoint
from zhengtong.organization.actions.issue_token import IssueToken
from zhengtong.organization.models import Account
from zhengtong.organization.rules.scopes import SCOPES
from zhengtong.organization.tokens import new_secret, secret_hash

pytestmark = [pytest.mark.django_db(transaction=True)]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 8
"""Of each kind for each operation: valid requests, and broken ones."""


@pytest.fixture
def caller(state: Path, settings: Any) -> dict[str, str]:
    """The headers of a system that holds every role, whose token is for everything."""
    settings.ZHENGTONG_API_PER_MINUTE = settings.ZHENGTONG_FREE_TRIES = 10**9
    account("machine", "officer", "police", machine=True)
    for role, department in (("clerk", "service-hall"), ("data_bureau", "data")):
        do(Appoint("machine", role, department), SYSTEM)
    secret = new_secret()
    do(IssueToken("machine", secret_hash(secret), tuple(SCOPES), 1), SYSTEM)
    return {"Authorization": f"Bearer {secret}", "Accept-Language": "en"}


@pytest.fixture
def case(caller: dict[str, str]) -> str:
    return submit(publish(), actor_of(Account.objects.get(username="machine")))


def fuzz(operation: Any, mode: GenerationMode, headers: dict[str, str], known: dict[str, str]) -> set[int]:
    """The statuses an operation answered. Where it names a thing, half of the requests name one that is there."""
    seen: set[int] = set()
    strategy = operation.as_strategy(generation_mode=mode)

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(request=strategy, there=st.booleans())
    def run(request: Any, there: bool) -> None:
        if there and request.path_parameters:
            request.path_parameters = {name: known.get(name, old) for name, old in request.path_parameters.items()}
        request.headers = {**dict(request.headers or {}), **headers}
        response = request.call()
        seen.add(response.status_code)
        request.validate_response(response, checks=CHECKS)

    if mode == GenerationMode.POSITIVE:
        run()
    else:
        with contextlib.suppress(Unsatisfiable):  # an operation that takes nothing cannot be asked wrongly
            run()
    return seen


def test_nothing_made_up_breaks_the_api_and_every_answer_is_as_documented(caller: dict[str, str], case: str) -> None:
    document = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    known = {"number": case, "step": "birth-registration", "key": "newborn"}
    answered: dict[str, set[int]] = {}
    for found in document.get_all_operations():
        operation = found.ok()
        for mode in GenerationMode:
            answered.setdefault(operation.label, set()).update(fuzz(operation, mode, caller, known))
    assert len(answered) >= 20
    statuses = set().union(*answered.values())
    assert {200, 404, 422} <= statuses, "the requests reach what they are for"
    assert 401 not in statuses, "the token was taken"


def test_without_a_token_only_what_is_open_answers(caller: dict[str, str], case: str) -> None:
    document = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    known = {"number": case, "step": "birth-registration", "key": "newborn"}
    open_ = set()
    for found in document.get_all_operations():
        operation = found.ok()
        statuses = fuzz(operation, GenerationMode.POSITIVE, {}, known)
        if statuses - {400, 401, 403, 422}:
            open_.add(operation.label)
    assert open_ == {
        "GET /api/v1/life-events",
        "GET /api/v1/life-events/{key}",
        "GET /api/v1/life-events/{key}/form",
        "GET /api/v1/catalogue.jsonld",
        "GET /api/v1/verify/{code}",
    }
