# SPDX-License-Identifier: Apache-2.0
"""What every answer carries, and how each error of the tree is shown: as a page, a fragment or problem+json."""

from __future__ import annotations

import inspect
import json
import logging
from typing import Any

import pytest
from django.test import Client
from lxml import html

from zhengtong import errors
from zhengtong.ui import registry
from zhengtong.ui.problems import PAGES
from zhengtong.ui.registry import Link

from .gallery import ERRORS

pytestmark = pytest.mark.django_db

GOLDEN = {
    "Content-Security-Policy": {
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    },
    "X-Content-Type-Options": {"nosniff"},
    "X-Frame-Options": {"DENY"},
    "Referrer-Policy": {"same-origin"},
    "Cross-Origin-Opener-Policy": {"same-origin"},
    "Cross-Origin-Resource-Policy": {"same-origin"},
    "Permissions-Policy": {
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
        "microphone=(), midi=(), payment=(), publickey-credentials-get=(), screen-wake-lock=(), "
        "usb=(), xr-spatial-tracking=()"
    },
}


def parts(header: str, value: str) -> set[str]:
    """A policy's directives in any order; a nonce in it counts as none, for each answer has another."""
    if header != "Content-Security-Policy":
        return {value}
    return {
        " ".join(word for word in part.split() if not word.startswith("'nonce-"))
        for part in value.split(";")
        if part.strip()
    }


@pytest.mark.parametrize("address", ["/", "/fail/refused", "/nowhere", "/api/fail/conflict"])
def test_the_security_headers_are_the_golden_ones(client: Client, address: str) -> None:
    response = client.get(address)
    assert {header: parts(header, response.headers.get(header, "")) for header in GOLDEN} == GOLDEN
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert "Cookie" in response.headers["Vary"]


def test_pages_of_signed_in_people_are_stored_nowhere(client: Client, django_user_model: Any) -> None:
    assert "no-store" not in client.get("/").headers.get("Cache-Control", "")
    client.force_login(django_user_model.objects.create_user("chen", password="not-used-here"))
    for address in ("/", "/fail/not-found", "/nowhere"):
        assert client.get(address).headers["Cache-Control"] == "no-store"


def tree() -> set[type[errors.ZhengtongError]]:
    return {
        item
        for _name, item in inspect.getmembers(errors, inspect.isclass)
        if issubclass(item, errors.ZhengtongError) and item is not errors.ZhengtongError
    }


def test_every_error_of_the_tree_is_tried_here_and_has_a_page() -> None:
    assert {type(error) for error in ERRORS.values()} == tree()
    assert {error.http for error in tree()} <= set(PAGES)


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_shown_with_its_status_in_the_readers_language(client: Client, name: str) -> None:
    error = ERRORS[name]
    for language, lang in (("zh-hans", "zh-Hans"), ("en", "en")):
        client.cookies["django_language"] = language
        response = client.get(f"/fail/{name}")
        assert response.status_code == error.http
        document = html.document_fromstring(response.content.decode())
        assert document.get("lang") == lang
        shown = " ".join(document.get_element_by_id("content").text_content().split())
        assert error.say(language).split("\n")[0] in shown
        other = error.zh if language == "en" else error.en
        assert other not in shown
        assert str(error.http) in shown
        assert document.find(".//title").text.startswith(document.find(".//h1").text)


def test_who_has_to_wait_or_to_sign_in_is_told_so_by_the_headers_too(client: Client) -> None:
    for address in ("/fail/too-many", "/api/fail/too-many"):
        assert client.get(address).headers["Retry-After"] == "30"
    for address in ("/fail/not-signed-in", "/api/fail/not-signed-in"):
        assert client.get(address).headers["WWW-Authenticate"].startswith("Bearer ")
    assert "Retry-After" not in client.get("/fail/refused").headers


def test_faults_of_a_form_are_all_listed(client: Client) -> None:
    shown = client.get("/fail/form-faults", headers={"Accept-Language": "zh-hans"}).content.decode()
    assert "手机号码位数不对；实际为 10；应为 11" in shown


def test_where_a_city_file_is_broken_goes_to_the_log_not_to_the_page(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("zhengtong.ui")
    logger.addHandler(caplog.handler)
    for address in ("/fail/city-faults", "/api/fail/city-faults"):
        assert "services/a.yaml" not in client.get(address).content.decode()
        assert any("services/a.yaml:3" in record.getMessage() for record in caplog.records)
        caplog.clear()
    logger.removeHandler(caplog.handler)


def test_a_repeated_key_leads_to_what_was_done(client: Client) -> None:
    registry.register_result_link(lambda result: None)
    registry.register_result_link(
        lambda result: Link(f"/case/{result['case']}", f"办件 {result['case']}") if isinstance(result, dict) else None
    )
    response = client.get("/fail/key-reused")
    assert response.status_code == 409
    links = html.document_fromstring(response.content.decode()).xpath("//main//a[@href='/case/M26-00017']")
    assert [link.text for link in links] == ["办件 M26-00017", "查看已执行的操作"]
    assert client.get("/api/fail/key-reused").json()["done"] == "/case/M26-00017"
    assert "/case/" not in client.get("/fail/conflict").content.decode()


def test_after_a_conflict_the_reader_can_look_at_how_it_stands(client: Client) -> None:
    links = html.document_fromstring(client.get("/fail/conflict").content.decode()).xpath(
        "//main//p[@class='actions']/a/@href"
    )
    assert links == ["/", "/fail/conflict"]
    after_post = html.document_fromstring(client.post("/fail/conflict").content.decode()).xpath(
        "//main//p[@class='actions']/a/@href"
    )
    assert after_post == ["/"], "an address that took a POST may show nothing"


@pytest.mark.parametrize("name", ERRORS)
def test_programs_get_problem_json(client: Client, name: str) -> None:
    error = ERRORS[name]
    response = client.get(f"/api/fail/{name}", headers={"Accept-Language": "en"})
    assert (response.status_code, response.headers["Content-Type"]) == (error.http, "application/problem+json")
    body = json.loads(response.content)
    assert (body["type"], body["status"], body["code"]) == (f"urn:zhengtong:error:{error.code}", error.http, error.code)
    assert body["detail"].startswith(error.say("en").split("\n")[0])
    if error.http < 500:
        assert body.get("expected") == (None if error.expected is None else str(error.expected))
    assert body.get("fields") == (
        {"phone": "the number has the wrong length; found 10; expected 11"} if name == "form-faults" else None
    )


def test_htmx_gets_a_fragment_for_the_message_area_so_that_nothing_typed_is_lost(client: Client) -> None:
    response = client.get("/fail/refused", headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Retarget"], response.headers["HX-Reswap"]) == (
        403,
        "#messages",
        "innerHTML",
    )
    fragment = html.fragment_fromstring(response.content.decode())
    assert fragment.get("role") == "alert" and "这不属于您所在的部门" in fragment.text_content()


@pytest.mark.parametrize(("language", "title"), [("zh-hans", "系统出现故障"), ("en", "Something broke on our side")])
def test_a_fault_of_ours_is_a_page_that_needs_nothing(client: Client, language: str, title: str) -> None:
    client.raise_request_exception = False
    client.cookies["django_language"] = language
    response = client.get("/crash")
    assert response.status_code == 500
    assert title in response.content.decode() and "RuntimeError" not in response.content.decode()


def test_an_address_that_leads_nowhere_and_a_form_from_elsewhere(client: Client) -> None:
    page = client.get("/nowhere")
    assert page.status_code == 404 and "这里没有内容" in page.content.decode()
    program = client.get("/api/nowhere")
    assert (program.status_code, program.json()["status"]) == (404, 404)
    forged = Client(enforce_csrf_checks=True).post("/act")
    assert forged.status_code == 403 and "您无权打开这个页面" in forged.content.decode()
