# SPDX-License-Identifier: Apache-2.0
"""The API asks the same authority, runs the same acts and answers errors as problems."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from people import ANSWERS, FORM, account, actor, key, publish, submission
from zhengtong.acts.perform import perform
from zhengtong.services.models import Step

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def case() -> str:
    person = account("mother")
    return perform(submission(publish()), actor(person), key()).result["case"]


def post(client: Client, url: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
    given = {"Idempotency-Key": str(uuid.uuid4()), **headers}
    return client.post(url, json.dumps(body or {}), content_type="application/json", headers=given)


def test_life_events_are_public(client: Client) -> None:
    version = publish()
    answer = client.get("/api/v1/life-events").json()
    assert [(e["key"], e["version"]) for e in answer] == [("newborn", version)]


def test_everything_else_needs_a_person(client: Client, case: str) -> None:
    for url in ("/api/v1/cases", f"/api/v1/cases/{case}", "/api/v1/steps", "/api/v1/me"):
        answer = client.get(url)
        assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


def test_an_officer_accepts_and_decides_once_per_key(case: str) -> None:
    client = signed_in(account("officer", "officer", "police"))
    assert [s["step"] for s in client.get("/api/v1/steps").json()["items"]] == ["birth-registration"]
    url = f"/api/v1/cases/{case}/steps/birth-registration"
    assert post(client, f"{url}/accept").status_code == 200
    same = {"Idempotency-Key": str(uuid.uuid4())}
    first = post(client, f"{url}/decide", {"granted": True}, **same)
    again = post(client, f"{url}/decide", {"granted": True}, **same)
    assert (first.json()["replayed"], again.json()["replayed"]) == (False, True)
    assert first.json()["act"] == again.json()["act"]
    other = post(client, f"{url}/decide", {"granted": False, "reason": "identity-differs"}, **same)
    assert (other.status_code, other["Content-Type"]) == (409, "application/problem+json")
    assert Step.objects.get(case__number=case, key="birth-registration").state == "granted"


def test_another_departments_officer_is_refused_and_a_stranger_sees_nothing(case: str) -> None:
    officer = signed_in(account("insurer", "officer", "insurance"))
    answer = post(officer, f"/api/v1/cases/{case}/steps/birth-registration/accept")
    assert answer.status_code == 403
    stranger = signed_in(account("stranger"))
    assert stranger.get(f"/api/v1/cases/{case}").status_code == 404
    assert stranger.get("/api/v1/cases").json() == {"items": [], "next": ""}


@pytest.mark.parametrize("body", ["{", '{"granted": "perhaps"}', "[]"])
def test_malformed_requests_are_problems_that_name_the_place(case: str, body: str) -> None:
    client = signed_in(account("officer", "officer", "police"))
    url = f"/api/v1/cases/{case}/steps/birth-registration/decide"
    answer = client.post(url, body, content_type="application/json", headers={"Idempotency-Key": str(uuid.uuid4())})
    assert answer.status_code in (400, 422)
    assert answer["Content-Type"] == "application/problem+json"


def test_a_post_without_a_key_does_nothing(case: str) -> None:
    client = signed_in(account("officer", "officer", "police"))
    answer = client.post(f"/api/v1/cases/{case}/steps/birth-registration/accept", "{}", content_type="application/json")
    assert answer.status_code == 422
    assert Step.objects.get(case__number=case, key="birth-registration").state == "pending"


def test_the_api_asks_for_the_csrf_token(case: str) -> None:
    person = account("officer", "officer", "police")
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    assert post(client, f"/api/v1/cases/{case}/steps/birth-registration/accept").status_code == 403
    assert Step.objects.get(case__number=case, key="birth-registration").state == "pending"


def test_personal_values_of_the_form_are_not_in_the_api(case: str) -> None:
    client = signed_in(account("officer", "officer", "police"))
    text = client.get(f"/api/v1/cases/{case}").content.decode()
    assert not any(value in text for value in FORM.values() if len(value) > 3)
    assert not any(value in text for value in ANSWERS.values())
