# SPDX-License-Identifier: Apache-2.0
"""The whole slice in a real Chromium: by keyboard alone in both languages, and without JavaScript."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path
from typing import Any

import pypdf
import pytest

from browser import WIDE, assert_no_serious_violations, screenshot
from people import ANSWERS, FORM
from services.upload_factory import png
from zhengtong.organization.demo import PASSWORD

from .conftest import Site
from .hands import fill, press, reach, read_in, sign_in

pytestmark = pytest.mark.browser

DECIDED = {"birth-registration": "police", "vaccination-record": "cdc", "resident-insurance": "insurance"}
WORDS = {
    "zh-hans": {"done": "已办结", "genuine": "与出具的文件完全一致"},
    "en": {"done": "completed", "genuine": "This is the very file that was issued"},
}
PATIENCE_S = 60.0


@pytest.fixture
def scans(tmp_path: Path) -> dict[str, Path]:
    found = {}
    for name in ("birth-certificate", "marriage-certificate"):
        found[name] = tmp_path / f"{name}.png"
        found[name].write_bytes(png(40, 30))
    return found


def answer_and_fill(page: Any, scans: dict[str, Path]) -> None:
    """From the portal through two questions to the filled-in form."""
    press(page, page.locator("main a[href='/life-events/newborn/']"))
    for name, value in ANSWERS.items():
        fill(page, name, value)
    press(page, page.locator("main form button"))
    press(page, page.locator("main a[href*='/apply/']"))
    for name, value in FORM.items():
        fill(page, name, value)
    for name, path in scans.items():
        reach(page, page.locator(f"[name='{name}']"))
        page.locator(f"[name='{name}']").set_input_files(path)


def decide(page: Any, site: Site, number: str, step: str, department: str) -> None:
    """An officer finds the step on the workbench, accepts and grants it."""
    sign_in(page, site, f"officer-{department}")
    press(page, page.locator("nav.faces a[href='/workbench/']"))
    press(page, page.locator(f"main a[href='/workbench/{number}/{step}/']"))
    for act in ("accept", "grant"):
        press(page, page.locator(f"button[name=act][value={act}]"))
    left = {button.get_attribute("value") for button in page.locator("button[name=act]").all()}
    assert left == {"deliver"}, "what is decided offers no decision, only to hand the result over"


def wait_for(page: Any, words: str) -> None:
    """Reload until the page's head says so: the worker and the other system act by themselves."""
    until = time.monotonic() + PATIENCE_S
    while words not in page.locator("main .titled").inner_text():
        assert time.monotonic() < until, page.locator("main").inner_text()
        time.sleep(0.5)
        page.reload()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_whole_slice_by_keyboard_alone(
    page: Any, site: Site, scans: dict[str, Path], language: str, tmp_path: Path
) -> None:
    words = WORDS[language]
    read_in(page, site, language)
    sign_in(page, site, "parent")
    page.goto(site.url)
    answer_and_fill(page, scans)
    press(page, page.locator(".btn[name=submit]"))
    number = page.url.rstrip("/").rsplit("/", 1)[-1]
    assert re.fullmatch(r"M\d{2}-\d{6}", number), page.locator("main").inner_text()
    for step, department in DECIDED.items():
        decide(page, site, number, step, department)
    sign_in(page, site, "parent")
    press(page, page.locator("nav.faces a[href='/my/']"))
    press(page, page.locator(f"main a[href='/my/{number}/']"))
    wait_for(page, words["done"])
    assert page.locator("ol.tasks").inner_text().count("\n") >= 4

    # The newest notice is the result: take it, read its code, and have the very file checked.
    link = page.locator("main ul.plain a[href^='/documents/']").first
    content = page.context.request.get(site.url + link.get_attribute("href")).body()
    file = tmp_path / "result.pdf"
    file.write_bytes(content)
    text = "".join(sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(content)).pages)
    code = re.search(r"/verify/([2-9A-Z]{16})", text.replace("\n", ""))
    assert code, text
    page.goto(site.url)
    press(page, page.locator("main a[href='/verify/']"))
    fill(page, "code", code.group(1))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    reach(page, page.locator("main [name=file]"))
    page.locator("main [name=file]").set_input_files(file)
    press(page, page.locator("main form button"))
    assert words["genuine"] in page.locator("main").inner_text()
    screenshot(page, f"verified-{language}-1280")
    assert_no_serious_violations(page)


def test_an_error_is_reached_and_mended_by_keyboard(page: Any, site: Site, scans: dict[str, Path]) -> None:
    read_in(page, site, "en")
    sign_in(page, site, "neighbour")
    page.goto(site.url)
    answer_and_fill(page, scans)
    fill(page, "mother_id", "999900199003121008")
    press(page, page.locator(".btn[name=submit]"))
    assert page.evaluate("() => document.activeElement.className") == "error-summary"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.name") == "mother_id"
    fill(page, "mother_id", FORM["mother_id"])
    assert page.locator("[name=birth-certificate]").get_attribute("required") is None, "the files are kept"
    press(page, page.locator(".btn[name=submit]"))
    assert "/my/M" in page.url


def test_the_slice_without_javascript(chromium: Any, site: Site, scans: dict[str, Path]) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport=WIDE, locale="en")
    page = context.new_page()

    def enter(username: str) -> None:
        page.goto(site.url + "/login/")
        page.fill("[name=username]", username)
        page.fill("[name=password]", PASSWORD)
        page.click("main form button")
        page.wait_for_selector(".reader")

    enter("owner")  # who has no earlier case that fills the form in
    page.goto(site.url + "/life-events/newborn/")
    for name, value in ANSWERS.items():
        page.check(f"[name={name}][value={value}]")
    page.click("main form button")
    page.click("main a[href*='/apply/']")
    page.click(".btn[name=submit]")
    assert page.locator(".error-summary li").count() == len(FORM) + len(scans) - 1, "the mobile came with the sign-in"
    page.click(".error-summary a >> nth=0")
    for name, value in FORM.items():
        field = page.locator(f"main [name={name}]").first
        if field.get_attribute("type") == "radio":
            page.check(f"main [name={name}][value='{value}']")
        elif field.evaluate("(e) => e.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    for name, path in scans.items():
        page.set_input_files(f"[name={name}]", path)
    page.click(".btn[name=submit]")
    page.wait_for_selector("ol.timeline, .error-summary")
    assert "/my/M" in page.url, page.locator("main").inner_text()
    number = page.url.split("/my/")[1].split("/")[0]
    context.clear_cookies()
    enter("officer-police")
    page.goto(f"{site.url}/workbench/{number}/birth-registration/")
    ask = page.locator("details", has=page.locator("button[value=ask]"))
    ask.locator("summary").click()
    ask.locator("[name$=items][value=child_name]").check()
    ask.locator("textarea").fill("Which of the two names?")
    ask.locator("button[value=ask]").click()
    context.clear_cookies()
    enter("owner")
    page.goto(f"{site.url}/my/{number}/")
    page.fill("[name=child_name]", "林知秋")
    page.click("form[action$='/correct/'] button")
    assert "Which of the two names?" not in page.locator("main").inner_text()
    context.close()
