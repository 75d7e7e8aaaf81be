# SPDX-License-Identifier: Apache-2.0
"""One person, two browsers, one draft: what is typed keeps itself, and neither window silently replaces the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from browser import PHONE, WIDE, assert_fits, assert_no_serious_violations, screenshot
from people import ANSWERS

from .conftest import Site
from .hands import read_in, sign_in

pytestmark = pytest.mark.browser

APPLY = f"/life-events/newborn/apply/?{urlencode(ANSWERS)}"


@pytest.fixture
def windows(chromium: Any, site: Site) -> Iterator[list[Any]]:
    """Two browsers of their own, wide and phone, signed in as the same person."""
    contexts = [chromium.new_context(viewport=size, locale="zh-CN", reduced_motion="reduce") for size in (WIDE, PHONE)]
    opened = [context.new_page() for context in contexts]
    for page in opened:
        read_in(page, site, "en")
        sign_in(page, site, "parent")
        page.goto(site.url + APPLY)
    yield opened
    for context in contexts:
        context.close()


def autosaved(page: Any, name: str, value: str) -> int:
    """Type, and wait for the answer of the script's own saving; returns its status."""
    with page.expect_response(lambda answer: answer.request.method == "POST" and "/apply/" in answer.url) as answer:
        page.locator(f"[name='{name}']").fill(value)
    return int(answer.value.status)


def test_both_versions_are_shown_and_the_person_chooses(windows: list[Any], site: Site) -> None:
    desk, phone = windows
    assert autosaved(desk, "mother_name", "林晓梅") == 200
    assert autosaved(desk, "child_name", "林知夏") == 200, "a window goes on over its own savings"
    assert autosaved(phone, "child_name", "林见秋") == 409
    phone.locator("[data-autosaved]").get_by_text("changed in another window").wait_for()
    phone.locator("button[name='save']").click()
    phone.locator("h1", has_text="Two versions").wait_for()
    assert "林知夏" in phone.inner_text("main") and "林见秋" in phone.inner_text("main")
    assert_no_serious_violations(phone)
    assert_fits(phone)
    screenshot(phone, "draft-conflict-phone")
    phone.get_by_label("林见秋").first.check()
    phone.get_by_label("林晓梅").first.check()
    phone.locator("button[name='save']").click()
    phone.wait_for_url("**/apply/**")
    desk.goto(site.url + APPLY)
    assert desk.locator("[name='child_name']").input_value() == "林见秋"
    assert desk.locator("[name='mother_name']").input_value() == "林晓梅"


def test_what_was_typed_is_there_after_the_window_is_closed(windows: list[Any], site: Site) -> None:
    desk, _phone = windows
    desk.locator("[name='father_name']").fill("周立群")
    desk.goto(f"{site.url}/my/")  # at once: only what is sent as the window goes can carry the name
    desk.wait_for_timeout(500)
    desk.goto(site.url + APPLY)
    assert desk.locator("[name='father_name']").input_value() == "周立群"
    screenshot(desk, "draft-continued")
    desk.goto(f"{site.url}/my/")
    assert_no_serious_violations(desk)
    screenshot(desk, "my-drafts")
