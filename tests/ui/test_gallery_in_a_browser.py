# SPDX-License-Identifier: Apache-2.0
"""What people see and use, in a real Chromium, in both languages, on a desk and on a phone."""

from __future__ import annotations

from typing import Any

import pytest

from browser import PHONE, WIDE, assert_fits, assert_no_serious_violations, screenshot

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZES = {"1280": WIDE, "390": PHONE}


def choose(page: Any, address: str, language: str) -> None:
    page.goto(address)
    button = page.locator(f"button[name=language][value='{language}']")
    if button.count():
        with page.expect_navigation():
            button.click()
    assert page.locator("html").get_attribute("lang") == {"zh-hans": "zh-Hans", "en": "en"}[language]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("address", ["/", "/form", "/login", "/fail/key-reused"])
def test_axe_finds_nothing_serious_and_nothing_overflows(
    page: Any, live_server: Any, address: str, language: str, size: str
) -> None:
    page.set_viewport_size(SIZES[size])
    choose(page, live_server.url + "/", language)
    page.goto(live_server.url + address)
    screenshot(page, f"ui{address.replace('/', '-')}-{language}-{size}")
    assert_fits(page)
    assert_no_serious_violations(page)


@pytest.fixture
def session(client: Any, django_user_model: Any) -> str:
    client.force_login(django_user_model.objects.create_user("陈科员 · 市医保局", password="not-used-here"))
    return str(client.cookies["sessionid"].value)


@pytest.fixture
def signed_in(page: Any, live_server: Any, session: str, faces: None, settings: Any) -> Any:
    """The page of an officer who may use all faces, in the demo city."""
    settings.ZHENGTONG_DEMO = True
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    return page


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_signed_in_frame_holds_too(signed_in: Any, live_server: Any, language: str, size: str) -> None:
    page = signed_in
    page.set_viewport_size(SIZES[size])
    choose(page, live_server.url + "/workbench/", language)
    assert page.locator("nav.faces a").count() == 4
    assert page.locator("nav.faces a[aria-current]").get_attribute("href") == "/workbench/"
    screenshot(page, f"ui-frame-{language}-{size}")
    assert_fits(page)
    assert_no_serious_violations(page)


def test_large_print_enlarges_by_a_quarter_and_drops_nothing(page: Any, live_server: Any) -> None:
    page.set_viewport_size(PHONE)
    page.goto(live_server.url)
    before = page.evaluate(
        "() => [parseFloat(getComputedStyle(document.body).fontSize), document.querySelectorAll('main *').length]"
    )
    with page.expect_navigation():
        page.get_by_role("button", name="长辈版").click()
    after = page.evaluate(
        "() => [parseFloat(getComputedStyle(document.body).fontSize), document.querySelectorAll('main *').length]"
    )
    assert after == [before[0] * 1.25, before[1]]
    assert_fits(page)
    screenshot(page, "ui-large-print-390")
    with page.expect_navigation():
        page.get_by_role("button", name="标准字号").click()
    assert page.evaluate("() => parseFloat(getComputedStyle(document.body).fontSize)") == before[0]


def test_the_summary_has_focus_and_leads_to_the_input(page: Any, live_server: Any) -> None:
    page.goto(live_server.url + "/form")
    assert page.evaluate("() => document.activeElement.className") == "error-summary"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "f-phone"


def test_everything_to_touch_is_44_pixels_high(page: Any, live_server: Any) -> None:
    page.set_viewport_size(PHONE)
    page.goto(live_server.url)
    small = page.evaluate(
        """() => [...document.querySelectorAll(
            'button, .btn, nav.faces a, input:not([type=hidden]), select, textarea, .choice label')]
        .filter((e) => e.checkVisibility() && !['checkbox', 'radio'].includes(e.type))
        .filter((e) => e.getBoundingClientRect().height < 44)
        .map((e) => e.outerHTML)"""
    )
    assert small == []


def test_the_page_works_without_javascript(chromium: Any, live_server: Any) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport=WIDE, locale="zh-CN")
    page = context.new_page()
    page.goto(live_server.url + "/form")
    with page.expect_navigation():
        page.locator("button[name=language]").click()
    assert page.locator("html").get_attribute("lang") == "en"
    context.close()


def test_a_second_press_sends_nothing_more(page: Any, live_server: Any) -> None:
    page.goto(live_server.url)
    sent: list[str] = []

    def hold(route: Any) -> None:
        sent.append(route.request.method)
        route.fulfill(status=204)

    page.route("**/act", hold)
    button = page.get_by_role("button", name="予以登记")
    button.dblclick()
    page.wait_for_timeout(200)
    assert sent == ["POST"]


def test_print_leaves_the_content_and_takes_the_frame_away(page: Any, live_server: Any) -> None:
    page.goto(live_server.url)
    page.emulate_media(media="print")
    assert not page.locator(".tools").is_visible()
    assert not page.get_by_role("button", name="予以登记").is_visible()
    assert page.locator(".receipt .code").is_visible()
    screenshot(page, "ui-print")
