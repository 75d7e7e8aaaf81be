# SPDX-License-Identifier: Apache-2.0
"""Another system at work: tokens and their scopes, documents, filing a case, pages, preconditions, limits."""

from __future__ import annotations

import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from people import ANSWERS, FORM, account, actor, do, key, publish, submission, submit
from services.upload_factory import png
from visits import officer_of, tree, visitor
from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.perform import now_us, perform
from zhengtong.organization.actions.appoint import Appoint
from zhengtong.organization.actions.issue_token import IssueToken
from zhengtong.organization.actions.revoke_token import RevokeToken
from zhengtong.organization.models import Account
from zhengtong.organization.rules.scopes import SCOPES
from zhengtong.organization.tokens import new_secret, secret_hash
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.api import acts, api, docs
from zhengtong.services.api import uploads as uploading
from zhengtong.services.models import Case, Material, Notice, Step

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
STEP = "birth-registration"


class System:
    """Another system with a token of its own."""

    def __init__(self, *scopes: str, username: str = "gateway", **roles: str) -> None:
        self.account = Account.objects.filter(username=username).first() or account(username, machine=True)
        for role, department in roles.items():
            do(Appoint(username, role, department), SYSTEM)
        secret = new_secret()
        issue = IssueToken(username, secret_hash(secret), scopes or tuple(SCOPES), 1)
        self.token = do(issue, SYSTEM).result["token"]
        self.client = Client(headers={"authorization": f"Bearer {secret}", "accept-language": "en"})

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"/api/v1{path}", headers=headers)

    def post(self, path: str, body: object = None, **headers: str) -> Any:
        sent = {"Idempotency-Key": str(uuid.uuid4()), **headers}
        text = json.dumps({} if body is None else body)
        return self.client.post(f"/api/v1{path}", text, content_type="application/json", headers=sent)

    def put(self, content: bytes, sha256: str = "") -> Any:
        name = sha256 or hashlib.sha256(content).hexdigest()
        return self.client.put(f"/api/v1/uploads/{name}", content, content_type="application/octet-stream")


@pytest.fixture(autouse=True)
def version(state: Path, transactional_db: None) -> str:
    return publish()


def handed_over(system: System) -> list[dict[str, str]]:
    """The two documents of the newborn form, uploaded."""
    return [
        {"key": name, "upload": system.put(png(20 + len(name), 30)).json()["upload"], "filename": f"{name}.png"}
        for name in ("birth-certificate", "marriage-certificate")
    ]


def filed(system: System, **changes: object) -> Any:
    body = {"life_event": "newborn", "answers": ANSWERS, "form": FORM, "materials": handed_over(system), **changes}
    return system.post("/cases", body)


# Tokens


def test_a_system_files_a_case_with_documents_and_follows_it(version: str) -> None:
    system = System()
    done = filed(system)
    assert done.status_code == 200, done.json()
    number = done.json()["result"]["case"]
    assert system.get(f"/cases/{number}").json()["definition"] == version
    assert [c["number"] for c in system.get("/cases").json()["items"]] == [number]
    stored = {m.key: m.media_type for m in Material.objects.filter(case__number=number)}
    assert stored == {"birth-certificate": "image/png", "marriage-certificate": "image/png"}
    assert [n["kind"] for n in system.get(f"/cases/{number}/notices").json()] == ["intake"]


def test_a_token_opens_what_its_scope_says_and_no_more() -> None:
    reader = System("cases.read", officer="police")
    number = submit(publish(), actor(reader.account))
    assert reader.get(f"/cases/{number}").status_code == 200
    for path in (f"/cases/{number}/withdraw", f"/cases/{number}/steps/{STEP}/accept", "/cases"):
        refused = reader.post(path, {})
        assert (refused.status_code, refused.json()["where"]) == (403, "scope")
    assert reader.get("/figures/life-events/newborn").status_code == 403
    assert Step.objects.get(case__number=number, key=STEP).state == "pending"


def test_a_scope_lends_nobody_a_role() -> None:
    system = System(username="gateway")
    number = submit(publish(), actor(account("mother")))
    assert system.post(f"/cases/{number}/steps/{STEP}/accept").status_code == 404
    assert system.get("/figures/life-events/newborn").status_code == 403


def test_a_revoked_token_is_out_and_a_session_does_not_stand_in_for_it() -> None:
    system = System()
    assert system.get("/me").status_code == 200
    do(RevokeToken(system.token), SYSTEM)
    refused = system.get("/me")
    assert (refused.status_code, refused["Content-Type"]) == (401, "application/problem+json")
    assert refused["WWW-Authenticate"].startswith("Bearer")
    system.client.force_login(account("mother"))
    assert system.get("/me").status_code == 401, "whoever sends a token is judged by it"


def test_a_token_needs_no_csrf_token_and_a_session_does() -> None:
    system = System(officer="police")
    number = submit(publish(), actor(account("mother")))
    system.client.handler.enforce_csrf_checks = True
    assert system.post(f"/cases/{number}/steps/{STEP}/accept").status_code == 200


def test_figures_are_for_those_who_may_see_the_cockpit() -> None:
    bureau = System("figures.read", data_bureau="data")
    found = bureau.get("/figures/life-events/newborn").json()
    assert (found["cases"], found["on_time"], found["measured"]) == (0, {"part": 0, "whole": 0}, {})
    assert bureau.get("/figures/life-events/nothing").status_code == 404


def test_who_am_i() -> None:
    system = System(officer="police")
    me = system.get("/me").json()
    assert me["actor"] == system.account.pseudonym
    assert {"role": "officer", "department": "police"} in me["roles"]


# Documents


def test_a_document_sent_again_is_kept_once_and_the_hash_is_checked() -> None:
    system = System()
    first, again = system.put(png()).json(), system.put(png()).json()
    assert first["sha256"] == again["sha256"] == hashlib.sha256(png()).hexdigest()
    assert first["expires_us"] > now_us()
    wrong = system.put(png(), "0" * 64)
    assert (wrong.status_code, wrong.json()["where"]) == (422, "sha256")
    for content in (b"", b"MZ\x90\x00", b"<html>", b"PK\x03\x04"):
        assert system.put(content).status_code == 422


def test_a_document_larger_than_allowed_is_refused_while_it_comes() -> None:
    refused = System().put(b"\x89PNG\r\n\x1a\n" + b"0" * (10 << 20))
    assert refused.status_code == 422 and "too large" in refused.json()["detail"]


def test_nobody_files_a_case_with_another_callers_document(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, theirs = System(), System(username="other")
    stolen = handed_over(theirs)
    refused = filed(mine, materials=stolen)
    assert refused.status_code == 422 and set(refused.json()["fields"]) == {m["key"] for m in stolen}
    forged = [{**one, "upload": signing.dumps(["x", "0" * 64, "image/png", 1], salt="guessed")} for one in stolen]
    assert filed(mine, materials=forged).status_code == 422
    good = handed_over(mine)
    monkeypatch.setattr(uploading, "VALID_S", -1)
    assert filed(mine, materials=good).status_code == 422, "too old"
    assert not Case.objects.exists()


# Filing


def test_a_form_filled_in_wrongly_names_every_field() -> None:
    refused = filed(System(), form={**FORM, "child_name": "", "mother_id": "1", "birth_date": "soon"})
    assert refused.status_code == 422
    assert {"child_name", "mother_id", "birth_date"} <= set(refused.json()["fields"])
    assert not Case.objects.exists()


def test_a_clerk_files_for_a_person_and_others_may_not() -> None:
    person = {"name": "林晓梅", "identity_number": FORM["mother_id"]}
    assert filed(System(), on_behalf_of=person).status_code == 403
    clerk = System(username="kiosk", clerk="service-hall")
    number = filed(clerk, on_behalf_of=person).json()["result"]["case"]
    assert Case.objects.get(number=number).channel == "counter"
    wrong = filed(clerk, on_behalf_of={"name": "林晓梅", "identity_number": "123"})
    assert wrong.status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        '{"life_event": "newborn", "form": {"child_name": "\\u0000"}}',
        '{"life_event": "newborn", "form": {"child_name": "\\ud800"}}',
        '{"life_event": "newborn", "form": {}, "surprise": 1}',
        '{"life_event": "newborn", "form": {"child_name": 7}}',
        '{"form": {}}',
        "[" * 100_000,
        "{",
        "",
        "null",
    ],
)
def test_what_is_no_request_is_a_problem_that_says_why(body: str) -> None:
    system = System()
    answer = system.client.post(
        "/api/v1/cases", body, content_type="application/json", headers={"Idempotency-Key": str(uuid.uuid4())}
    )
    assert answer.status_code in (400, 422) and answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"] and not Case.objects.exists()


# Keys and preconditions


def test_every_post_has_a_key_that_replays_and_refuses_another_body() -> None:
    system = System(officer="police")
    number = submit(publish(), actor(system.account))
    once, other = {"Idempotency-Key": str(uuid.uuid4())}, {"Idempotency-Key": str(uuid.uuid4())}
    path = f"/cases/{number}/steps/{STEP}"
    assert system.post(f"{path}/accept", **once).json()["replayed"] is False
    assert system.post(f"{path}/accept", **once).json()["replayed"] is True
    assert system.post(f"{path}/decide", {"granted": True}, **other).status_code == 200
    clash = system.post(f"{path}/decide", {"granted": True, "text": "x"}, **other)
    assert (clash.status_code, clash.json()["code"]) == (409, "key_reused")
    assert number in clash.json()["done"], "and says where to look at what was done"
    for path_, operations in api.get_openapi_schema()["paths"].items():
        if "post" in operations:
            names = {p["name"]: p["required"] for p in operations["post"]["parameters"]}
            assert names["Idempotency-Key"] is True, path_


def test_an_act_on_what_has_changed_is_not_done() -> None:
    system = System(officer="police")
    number = submit(publish(), actor(system.account))
    seen = system.get(f"/cases/{number}")["ETag"]
    assert system.get(f"/cases/{number}", **{"If-None-Match": seen}).status_code == 304
    do(AcceptStep(number, STEP), actor(system.account))
    assert system.get(f"/cases/{number}", **{"If-None-Match": seen}).status_code == 200
    decide = f"/cases/{number}/steps/{STEP}/decide"
    stale = system.post(decide, {"granted": True}, **{"If-Match": seen})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert Step.objects.get(case__number=number, key=STEP).state == "accepted"
    fresh = {"If-Match": stale.json()["expected"], "Idempotency-Key": str(uuid.uuid4())}
    assert fresh["If-Match"] == system.get(f"/cases/{number}")["ETag"]
    assert system.post(decide, {"granted": True}, **fresh).json()["replayed"] is False
    assert system.post(decide, {"granted": True}, **fresh).json()["replayed"] is True, "a replay is no second act"


def test_an_unchanged_answer_is_not_sent_twice() -> None:
    system = System()
    for path in ("/life-events", "/life-events/newborn", "/catalogue.jsonld", "/me", "/cases"):
        first = system.get(path)
        again = system.get(path, **{"If-None-Match": f'W/"other", {first["ETag"]}'})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"]), path
    assert "ETag" not in system.get("/cases/M26-999999")


# Pages


def test_pages_hold_every_row_once_in_order_while_rows_come() -> None:
    system = System()
    me = actor(system.account)
    version = publish()
    numbers = [submit(version, me, at_us=1_790_000_000_000_000 + (n // 2) * 1000) for n in range(7)]
    seen, cursor = [], ""
    while True:
        page = system.get(f"/cases?limit=2&cursor={cursor}").json()
        seen += [case["number"] for case in page["items"]]
        if len(seen) == 2:
            submit(version, me, at_us=1_790_000_001_000_000)
        cursor = page["next"]
        if not cursor:
            break
    assert seen == list(reversed(numbers))


def test_steps_come_most_urgent_first_and_those_without_a_term_last() -> None:
    system = System(officer="police")
    version = publish()
    numbers = [submit(version, at_us=1_790_000_000_000_000 - n * 86_400_000_000 * 3) for n in range(5)]
    Step.objects.filter(case__number__in=numbers[:2], key=STEP).update(due_us=None)
    seen, cursor = [], ""
    for _ in range(10):
        page = system.get(f"/steps?limit=2&cursor={cursor}").json()
        seen += [(step["case"], step["due_us"]) for step in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert [number for number, _due in seen] == [numbers[4], numbers[3], numbers[2], numbers[0], numbers[1]]


@pytest.mark.parametrize(
    "query",
    ["cursor=%00", "cursor=x", "cursor=W10", "cursor=WzFd", "cursor=WyJhIiwiYiJd", "cursor=W3RydWUsMV0", "limit=0",
     "limit=101", "limit=x", "cursor=WzEwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMCwxXQ", "cursor=" + "W" * 201],
)  # fmt: skip
def test_a_page_that_is_none_is_refused(query: str) -> None:
    assert System().get(f"/cases?{query}").status_code == 422


# What must not be found out


def test_a_case_of_somebody_else_is_as_one_that_is_not_there() -> None:
    system = System("cases.read", "cases.write", "steps.act")
    theirs = submit(publish(), actor(account("mother")))
    absent = "M26-999999"
    paths = ["", "/notices"]
    posts = [f"/{one.verb.partition('.')[2].replace('_', '-')}" for one in acts.offered() if one.verb[:4] == "case"]
    for path in paths:
        found = [system.get(f"/cases/{number}{path}") for number in (theirs, absent)]
        bodies = [answer.content.decode().replace(theirs, absent) for answer in found]
        assert found[0].status_code == found[1].status_code == 404 and bodies[0] == bodies[1]
    for path in [*posts, f"/steps/{STEP}/accept"]:
        body = {"level": 1, "raw": {}} if path != "/withdraw" else {}
        body = {name: value for name, value in body.items() if (name == "level") == path.endswith("rate")}
        answers = [system.post(f"/cases/{number}{path}", body) for number in (theirs, absent)]
        assert {a.status_code for a in answers} <= {404, 422}
        assert answers[0].content.decode().replace(theirs, absent) == answers[1].content.decode()
    costs = []
    for number in (theirs, absent):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            system.get(f"/cases/{number}")
        costs.append(len(asked))
    assert costs[0] == costs[1], "one question answers both"


def test_guessing_verification_codes_makes_one_wait_on_page_and_api_alike(settings: Any) -> None:
    settings.ZHENGTONG_FREE_TRIES = 1
    number = submit(publish(), actor(account("mother")))
    code = Notice.objects.filter(case__number=number)[0].code
    guesser = Client(REMOTE_ADDR="203.0.113.7", headers={"accept-language": "en"})
    assert guesser.get(f"/api/v1/verify/{code}").json()["kind"] == "intake"
    for n in range(5):
        assert guesser.get(f"/verify/AAAABBBBCCCCDDD{n}/").status_code == 404
    for address in (f"/api/v1/verify/{code}", f"/verify/{code}/", f"/verify/?code={code}"):
        waiting = guesser.get(address)
        assert waiting.status_code == 429 and int(waiting["Retry-After"]) >= 1
    assert Client(REMOTE_ADDR="203.0.113.8").get(f"/verify/{code}/").status_code == 200


def test_the_verified_notice_names_nobody() -> None:
    number = submit(publish(), actor(account("mother")))
    code = Notice.objects.filter(case__number=number)[0].code
    text = Client().get(f"/api/v1/verify/{code}").content.decode()
    assert number not in text and not any(value in text for value in FORM.values() if len(value) > 3)


def test_whoever_asks_too_often_is_told_when_to_come_back(settings: Any) -> None:
    settings.ZHENGTONG_API_PER_MINUTE = 5
    first, second = System(username="first"), System(username="second")
    answers = [first.get("/me") for _ in range(12)]
    assert {a.status_code for a in answers} == {200, 429}
    assert 1 <= int(next(a for a in answers if a.status_code == 429)["Retry-After"]) <= 60
    assert second.get("/me").status_code == 200, "each has its own share"


def test_a_method_that_is_not_offered_is_a_problem_that_names_those_that_are() -> None:
    answer = System().client.delete("/api/v1/cases")
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
    assert set(answer["Allow"].replace(" ", "").split(",")) == {"GET", "POST"}


# The document


def test_every_act_of_the_room_on_a_case_is_offered() -> None:
    paths = set(api.get_openapi_schema(path_prefix="/")["paths"])
    for act in ("accept", "decide", "not-accept", "ask-correction", "pause", "resume"):
        assert f"/cases/{{number}}/steps/{{step}}/{act}" in paths
    assert {"/cases/{number}/withdraw", "/cases/{number}/rate", "/cases/{number}/supply-correction"} <= paths
    assert not [path for path in paths if "lapse" in path or "seal" in path or "external" in path]


def test_the_examples_are_as_the_schemas_say() -> None:
    document = json.loads(json.dumps(api.get_openapi_schema()))
    held = 0
    for operations in document["paths"].values():
        for operation in operations.values():
            for holder in (operation.get("requestBody", {}), operation["responses"].get("200", {})):
                content = holder.get("content", {}).get("application/json", {})
                if "example" in content:
                    schema = {**content.get("schema", {}), "components": document["components"]}
                    jsonschema_rs.validate(schema, content["example"])
                    held += 1
    assert held >= 12


def test_the_reference_page_holds_every_operation_and_loads_nothing_from_elsewhere() -> None:
    page = visitor().get("/api/v1/docs")
    text = page.content.decode()
    for operation in docs.operations(json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/v1/")))):
        assert f"{operation.method} {operation.path}" in text
    assert not tree(page).xpath("//main//script | //main//link | //iframe")
    assert "http://" not in text.split("<main")[1] and "cdn" not in text


def test_an_officer_signed_in_by_the_browser_uses_the_same_operations() -> None:
    number = submit(publish(), actor(account("mother")))
    officer = officer_of(STEP)
    answer = officer.post(f"/api/v1/cases/{number}/steps/{STEP}/accept", "{}", content_type="application/json",
                          headers={"Idempotency-Key": str(uuid.uuid4())})  # fmt: skip
    assert answer.status_code == 200
    perform(submission(publish()), actor(account("another")), key())
