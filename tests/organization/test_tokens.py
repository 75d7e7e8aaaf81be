# SPDX-License-Identifier: Apache-2.0
"""API tokens: issued to machines alone, shown once, narrow, ended in time; and the page and command that do it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from typer.testing import CliRunner

from people import account, actor, do, key
from visits import post, said, tree, visitor
from zhengtong.acts.actor import SYSTEM, Actor
from zhengtong.acts.models import PerformedAct
from zhengtong.acts.perform import now_us, perform
from zhengtong.errors import BadInput, Conflict, KeyReused, NotFound, NotSignedIn, Refused, TooMany
from zhengtong.ledger.models import Event
from zhengtong.organization.actions.issue_token import DAY_US, IssueToken
from zhengtong.organization.actions.open_account import OpenAccount
from zhengtong.organization.actions.revoke_token import RevokeToken
from zhengtong.organization.models import Account, ApiToken
from zhengtong.organization.rules.scopes import SCOPES
from zhengtong.organization.token_commands import app
from zhengtong.organization.tokens import PREFIX, new_secret, secret_hash, token_of

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
READ = ("cases.read",)


def machine(username: str = "gateway") -> Account:
    do(OpenAccount(username, "共享平台", "!", machine=True), SYSTEM)
    return Account.objects.get(username=username)


def bureau() -> Actor:
    return actor(account("bureau", "data_bureau", "data"))


def issue(by: Actor, secret: str, *, days: int = 30, scopes: tuple[str, ...] = READ, at_us: int | None = None) -> str:
    return str(do(IssueToken("gateway", secret_hash(secret), scopes, days), by, at_us=at_us).result["token"])


def test_a_secret_opens_what_it_was_issued_for() -> None:
    machine()
    secret = new_secret()
    reference = issue(bureau(), secret)
    found = token_of(secret, "203.0.113.7")
    assert (found.reference, found.scopes, found.account.username) == (reference, list(READ), "gateway")
    assert found.expires_us - found.issued_us == 30 * DAY_US


def test_the_secret_is_kept_nowhere() -> None:
    machine()
    secret = new_secret()
    issue(bureau(), secret)
    assert len(secret) >= 43 + len(PREFIX)
    kept = [*ApiToken.objects.values(), *PerformedAct.objects.values(), *Event.objects.values()]
    assert secret.removeprefix(PREFIX) not in json.dumps(kept, default=str)


def test_both_acts_are_in_the_record_without_a_name() -> None:
    machine()
    by = bureau()
    reference = issue(by, new_secret())
    do(RevokeToken(reference), by)
    types = list(Event.objects.filter(type__startswith="token_").order_by("id").values_list("type", flat=True))
    assert types == ["token_issued", "token_revoked"]


@pytest.mark.parametrize("role", ["officer", "clerk", "leader", "auditor", "government_office", ""])
def test_nobody_but_the_data_bureau_issues_or_revokes(role: str) -> None:
    machine()
    someone = actor(account("someone", role, "police" if role == "officer" else ""))
    with pytest.raises(Refused):
        issue(someone, new_secret())
    reference = issue(SYSTEM, new_secret())
    with pytest.raises(Refused):
        do(RevokeToken(reference), someone)
    assert ApiToken.objects.get().revoked_us is None


def test_no_token_lets_anybody_act_as_a_person() -> None:
    by = bureau()
    account("gateway", "officer", "police")
    with pytest.raises(NotFound):
        issue(by, new_secret())


def test_a_machine_has_no_way_in_by_the_login_page() -> None:
    gateway = machine()
    gateway.set_password("gateway-password")
    gateway.save()
    answer = Client().post("/login/", {"username": "gateway", "password": "gateway-password"})
    assert answer.status_code != 302 and "sessionid" not in answer.cookies


@pytest.mark.parametrize(
    ("days", "scopes", "hashed"),
    [(0, READ, "a" * 64), (366, READ, "a" * 64), (-1, READ, "a" * 64), (30, (), "a" * 64),
     (30, ("cases.read", "everything"), "a" * 64), (30, READ, "secret"), (30, READ, "")],
)  # fmt: skip
def test_what_makes_no_token_is_refused(days: int, scopes: tuple[str, ...], hashed: str) -> None:
    machine()
    with pytest.raises(BadInput):
        do(IssueToken("gateway", hashed, scopes, days), SYSTEM)
    assert not ApiToken.objects.exists()


def test_a_token_ends_by_time_by_revoking_and_with_its_account() -> None:
    gateway = machine()
    old, revoked, orphan = new_secret(), new_secret(), new_secret()
    issue(SYSTEM, old, days=1, at_us=now_us() - 2 * DAY_US)
    reference = issue(SYSTEM, revoked)
    issue(SYSTEM, orphan)
    assert token_of(revoked, "a") and token_of(orphan, "a")
    do(RevokeToken(reference), SYSTEM)
    Account.objects.filter(pk=gateway.pk).update(is_active=False)
    said_ = set()
    for secret in (old, revoked, orphan, new_secret(), "", "zt_", "x" * 5000):
        with pytest.raises(NotSignedIn) as refused:
            token_of(secret, "203.0.113.7")
        said_.add(str(refused.value))
    assert len(said_) == 1, "whoever guesses learns nothing"
    with pytest.raises(Conflict):
        do(RevokeToken(reference), SYSTEM)


def test_guessing_tokens_makes_one_wait_and_valid_ones_go_on() -> None:
    machine()
    good = new_secret()
    issue(SYSTEM, good)
    with pytest.raises(TooMany) as waiting:
        for _ in range(40):
            with pytest.raises(NotSignedIn):
                token_of(new_secret(), "203.0.113.7")
    assert waiting.value.wait_s >= 1
    assert token_of(good, "203.0.113.7"), "the system behind the same address works on"
    with pytest.raises(NotSignedIn):
        token_of(new_secret(), "203.0.113.8")


def test_a_key_used_for_one_token_issues_no_second() -> None:
    machine()
    once, secret = key(), new_secret()
    first = perform(IssueToken("gateway", secret_hash(secret), READ, 30), SYSTEM, once)
    assert perform(IssueToken("gateway", secret_hash(secret), READ, 30), SYSTEM, once).result == first.result
    with pytest.raises(KeyReused):
        perform(IssueToken("gateway", secret_hash(new_secret()), READ, 30), SYSTEM, once)
    assert ApiToken.objects.count() == 1


# The page


def shown_secret(answer: Any) -> str:
    return next((c.text_content() for c in tree(answer).xpath("//main//code") if c.text_content()[:3] == PREFIX), "")


def test_the_bureau_issues_on_the_page_and_sees_the_secret_this_once() -> None:
    machine()
    client = visitor(account("bureau", "data_bureau", "data"))
    answer = post(client, "/tokens/", username="gateway", scopes=["cases.read", "steps.act"], days="30")
    secret = shown_secret(answer)
    assert answer.status_code == 200 and token_of(secret, "a").scopes == ["cases.read", "steps.act"]
    assert answer["Cache-Control"] == "no-store"
    again = client.get("/tokens/")
    assert shown_secret(again) == "" and "共享平台" in said(again)
    reference = ApiToken.objects.get().reference
    assert post(client, f"/tokens/{reference}/revoke/").status_code == 302
    assert "revoked" in said(client.get("/tokens/"))
    with pytest.raises(NotSignedIn):
        token_of(secret, "a")


@pytest.mark.parametrize(
    "wrong", [{"days": "many"}, {"days": ""}, {"days": "9999"}, {"scopes": []}, {"username": "bureau"}, {"days": "²"}]
)
def test_a_form_filled_in_wrongly_comes_back_with_its_error(wrong: dict[str, Any]) -> None:
    machine()
    client = visitor(account("bureau", "data_bureau", "data"))
    answer = post(client, "/tokens/", **{"username": "gateway", "scopes": ["cases.read"], "days": "30", **wrong})
    assert answer.status_code == 422
    assert tree(answer).xpath("//main//*[@role='alert' or @class='error']")
    assert not ApiToken.objects.exists()


def test_the_auditor_sees_the_list_and_no_button_and_others_see_nothing() -> None:
    machine()
    issue(SYSTEM, new_secret())
    auditor = visitor(account("auditor", "auditor"))
    page = auditor.get("/tokens/")
    assert "共享平台" in said(page) and not tree(page).xpath("//main//form//button")
    assert post(auditor, "/tokens/", username="gateway", scopes=["cases.read"], days="1").status_code == 403
    assert visitor(account("officer", "officer", "police")).get("/tokens/").status_code == 403
    assert visitor().get("/tokens/").status_code == 302


# The command


def test_the_command_issues_lists_and_revokes() -> None:
    machine()
    run = CliRunner().invoke
    made = run(app, ["issue", "gateway", "--scope", "cases.read", "--scope", "figures.read", "--days", "7"])
    assert made.exit_code == 0, made.output
    found = token_of(made.stdout.strip(), "a")
    listed = json.loads(run(app, ["list", "--json"]).stdout)
    assert listed[0]["token"] == found.reference and listed[0]["scopes"] == ["cases.read", "figures.read"]
    assert run(app, ["revoke", found.reference]).exit_code == 0
    assert json.loads(run(app, ["list", "--json"]).stdout)[0]["revoked"] is True
    assert isinstance(run(app, ["issue", "nobody", "--scope", "cases.read"]).exception, NotFound)


def test_every_scope_is_said_in_both_languages() -> None:
    assert all(zh and en and zh != en for zh, en in SCOPES.values())
