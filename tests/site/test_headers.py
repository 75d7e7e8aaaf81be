# SPDX-License-Identifier: Apache-2.0
"""What every answer of the real site carries, and what a browser of somebody else's may not make it do."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from people import account, publish
from visits import APPLY, apply, form, said, tree, visitor
from zhengtong.organization.demo import PASSWORD, make_demo_accounts
from zhengtong.organization.models import Account
from zhengtong.services.models import Case, Material, Notice

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

GOLDEN = {
    "Content-Security-Policy": "base-uri 'none'; connect-src 'self'; default-src 'none'; font-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; img-src 'self' data:; script-src 'self'; style-src 'self'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(), screen-wake-lock=(), "
    "usb=(), xr-spatial-tracking=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
PASSED_ON = {"Content-Type", "Content-Length", "Content-Language", "Content-Disposition", "Vary", "Location", "Allow"}


@pytest.fixture(autouse=True)
def version(state: Path, transactional_db: None) -> str:
    return publish()


def headers(response: object) -> dict[str, str]:
    """The answer's headers without what differs from page to page; the policy's parts in order."""
    found = {name: value for name, value in response.headers.items() if name not in PASSED_ON}
    policy = found.get("Content-Security-Policy", "")
    if policy:
        found["Content-Security-Policy"] = "; ".join(sorted(part.strip() for part in policy.split(";")))
    return found


def test_public_pages_of_every_status_carry_exactly_the_golden_headers() -> None:
    anyone = visitor()
    pages = {
        "/": 200,
        "/life-events/newborn/": 200,
        "/verify/": 200,
        "/verify/?code=AAAA": 422,
        "/verify/AAAABBBBCCCCDDDD/": 404,
        "/no/such/address/": 404,
        "/my/": 302,
        "/evidence/key.txt": 200,
    }
    for address, status in pages.items():
        answer = anyone.get(address)
        assert (address, answer.status_code) == (address, status)
        assert headers(answer) == GOLDEN, address
    assert headers(anyone.post("/my/")) == GOLDEN, "a method that is not allowed"


def test_signed_in_pages_of_every_status_are_besides_stored_nowhere() -> None:
    parent = visitor(account("parent"))
    number = apply(parent, act_key="a" * 32)
    material = Material.objects.filter(case__number=number)[0]
    notice = Notice.objects.filter(case__number=number)[0]
    answers = {
        200: [parent.get(f"/my/{number}/"), parent.get(APPLY), parent.get("/")],
        302: [parent.post(f"/my/{number}/withdraw/", {"act_key": "b" * 32})],
        403: [parent.get("/cockpit/")],
        404: [parent.get("/my/M26-999999/"), parent.get("/no/such/")],
        405: [parent.post("/my/")],
        409: [parent.post(APPLY, form(act_key="a" * 32, child_name="林知秋"))],
        422: [parent.post(APPLY, form(child_name=""))],
    }
    answers[200] += [parent.get(f"/materials/{material.reference}/"), parent.get(f"/documents/{notice.reference}/")]
    for status, some in answers.items():
        for answer in some:
            assert answer.status_code == status
            assert headers(answer) == {**GOLDEN, "Cache-Control": "no-store"}, (status, answer.request["PATH_INFO"])


def test_a_file_from_outside_is_a_download_of_its_own_kind_and_never_runs() -> None:
    parent = visitor(account("parent"))
    apply(parent)
    answer = parent.get(f"/materials/{Material.objects.all()[0].reference}/")
    assert answer["Content-Type"] == "image/png" and answer["Content-Disposition"].startswith("attachment;")
    assert "'none'" in answer["Content-Security-Policy"] and answer["X-Content-Type-Options"] == "nosniff"


def test_a_page_loads_from_this_site_only_and_holds_no_inline_code() -> None:
    parent = visitor(account("parent"))
    for address in ("/", APPLY, "/my/", "/verify/", "/login/"):
        document = tree(parent.get(address))
        sources = document.xpath("//script/@src | //img/@src | //link[not(@rel='canonical')]/@href")
        assert sources and all(s.startswith(("/static/", "data:")) for s in sources)
        assert not document.xpath("//script[not(@src)] | //style | //*[@style] | //iframe | //object | //base")
        assert not [a for e in document.iter() for a in e.attrib if a.startswith("on")]


def test_cookies_are_out_of_reach_of_scripts_and_other_sites() -> None:
    client = visitor()
    account("parent")
    client.get("/login/")
    client.post("/login/", {"username": "parent", "password": "parent-password"})
    client.post("/ui/language", {"language": "en", "next": "/"})
    client.post("/ui/large-print", {"on": "1", "next": "/"})
    assert set(client.cookies) == {"csrftoken", "sessionid", "django_language", "large_print"}
    for name, cookie in client.cookies.items():
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/"), name
        assert not cookie["domain"]


def test_behind_tls_cookies_are_secure_and_browsers_are_told_to_stay_there() -> None:
    import json
    import os
    import subprocess
    import sys

    names = ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "LANGUAGE_COOKIE_SECURE", "SECURE_SSL_REDIRECT"]
    code = (
        "import json; from django.conf import settings as s; "
        f"print(json.dumps([getattr(s, name) for name in {names}] + [s.SECURE_HSTS_SECONDS]))"
    )
    for flag, expected in (("1", [True] * 4 + [31536000]), ("", [False] * 4 + [0])):
        env = {**os.environ, "ZHENGTONG_HTTPS": flag, "DJANGO_SETTINGS_MODULE": "zhengtong.site.settings"}
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout) == expected


def test_signing_in_gives_a_new_session_so_that_a_planted_one_is_worthless() -> None:
    account("parent")
    client = visitor()
    client.get("/life-events/newborn/")
    session = client.session
    session["planted"] = "1"
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before
    client.post("/login/", {"username": "parent", "password": "parent-password"})
    after = client.cookies["sessionid"].value
    assert after and after != before
    thief = visitor()
    thief.cookies["sessionid"] = before
    assert thief.get("/my/").status_code == 302
    client.post("/logout/")
    thief.cookies["sessionid"] = after
    assert thief.get("/my/").status_code == 302, "a session ends with the sign-out"


def test_another_person_who_signs_in_on_the_same_browser_finds_nothing_of_the_first() -> None:
    account("first")
    account("second")
    client = visitor()
    client.post("/login/", {"username": "first", "password": "first-password"})
    apply(client)
    client.post("/login/", {"username": "second", "password": "second-password"})
    assert "You have no cases yet" in said(client.get("/my/"))


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("parent", "wrong"),
        ("nobody", "parent-password"),
        ("", ""),
        ("parent", ""),
        ("' OR 1=1 --", "x"),
        ("p" * 5000, "x"),
    ],
)
def test_a_failed_sign_in_says_the_same_whoever_it_was(username: str, password: str) -> None:
    account("parent")
    page = visitor().post("/login/", {"username": username, "password": password})
    assert page.status_code in (200, 422)
    assert "sessionid" not in page.cookies
    if username and password and len(username) < 100:
        other = visitor().post("/login/", {"username": "someone", "password": "else"})
        errors = [tree(p).xpath("string(//*[@role='alert'])").strip() for p in (page, other)]
        assert errors[0] == errors[1] != ""


@pytest.mark.parametrize("address", [APPLY, "/my/M26-000001/withdraw/", "/counter/newborn/", "/tasks/propose/",
                                     "/workbench/M26-000001/birth-registration/act/", "/login/", "/logout/",
                                     "/ui/language", "/ui/large-print", "/verify/AAAA/"])  # fmt: skip
def test_a_form_from_another_site_is_refused_everywhere(address: str) -> None:
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    client.force_login(account("parent"))
    answer = client.post(address, form())
    assert answer.status_code == 403 and "You may not open this" in said(answer)
    assert not Case.objects.exists()


def test_a_page_of_ours_carries_the_token_its_forms_need() -> None:
    client = Client(enforce_csrf_checks=True)
    account("parent")
    page = client.get("/login/")
    token = tree(page).xpath("//form[@action='/login/']//input[@name='csrfmiddlewaretoken']/@value")[0]
    sent = {"username": "parent", "password": "parent-password", "csrfmiddlewaretoken": token}
    assert client.post("/login/", sent).status_code == 302
    elsewhere = client.post("/login/", sent, headers={"origin": "https://evil.example"})
    assert elsewhere.status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost:80@evil.example", "a b"])
def test_a_host_that_is_not_ours_is_refused(host: str) -> None:
    answer = visitor().get("/", headers={"host": host})
    assert answer.status_code == 400 and "evil" not in answer.content.decode()


ELSEWHERE = ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "http:evil.example",
             "https:///evil.example", "\x08//evil.example"]  # fmt: skip


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_nobody_is_led_to_another_site(wanted: str) -> None:
    account("parent")
    secret = {"username": "parent", "password": "parent-password"}
    answers = [
        visitor().post("/login/", {**secret, "next": wanted}),
        visitor().post("/login/", secret, query_params={"next": wanted}),
        visitor().post("/ui/language", {"language": "en", "next": wanted}),
        visitor().post("/ui/large-print", {"on": "1", "next": wanted}),
        visitor(Account.objects.get()).post("/logout/", {"next": wanted}),
    ]
    assert [(a.status_code, a["Location"]) for a in answers] == [(302, "/")] * 5


def test_after_signing_in_one_is_where_one_wanted_to_go() -> None:
    account("parent")
    sent = visitor().get(APPLY)["Location"]
    page = visitor().get(sent)
    wanted = tree(page).xpath("//main//input[@name='next']/@value")[0]
    answer = visitor().post("/login/", {"username": "parent", "password": "parent-password", "next": wanted})
    assert answer["Location"] == APPLY


def test_demo_accounts_are_offered_and_open_in_demo_mode_only(settings: object) -> None:
    make_demo_accounts()
    assert PASSWORD not in visitor().get("/login/").content.decode()
    secret = {"username": "leader", "password": PASSWORD}
    assert visitor().post("/login/", secret).status_code != 302, "the password is public"
    settings.ZHENGTONG_DEMO = True
    page = visitor().get("/login/")
    offered = {name.text_content().strip() for name in tree(page).xpath("//main//dt")}
    assert {"parent", "leader", "officer-police", "clerk"} <= offered and PASSWORD in said(page)
    assert visitor().post("/login/", secret).status_code == 302


def test_a_language_is_one_of_the_two_and_kept() -> None:
    client = visitor(language="zh-hans")
    assert tree(client.get("/")).get("lang") == "zh-Hans"
    client.post("/ui/language", {"language": "en", "next": "/"})
    assert tree(client.get("/")).get("lang") == "en"
    client.post("/ui/language", {"language": "xx-klingon", "next": "/"})
    assert tree(client.get("/")).get("lang") == "en"
    assert tree(visitor(language="fr").get("/")).get("lang") == "zh-Hans"
