# SPDX-License-Identifier: Apache-2.0
"""A person at a keyboard: Tab, Space, Enter, arrows and letters, nothing else."""

from __future__ import annotations

from typing import Any

from zhengtong.organization.demo import PASSWORD

FARTHEST = 150
HERE = "(e) => e === document.activeElement"


def reach(page: Any, target: Any) -> None:
    """Press Tab until the target has the focus, and see that the focus is visible."""
    handle = target.first.element_handle()
    for _ in range(FARTHEST):
        if handle.evaluate(HERE):
            outline = handle.evaluate(
                "(e) => { const s = getComputedStyle(e); return s.outlineStyle !== 'none' || s.boxShadow !== 'none' }"
            )
            assert outline, f"the focus cannot be seen on {handle.evaluate('(e) => e.outerHTML')[:200]}"
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{FARTHEST} times Tab do not reach {handle.evaluate('(e) => e.outerHTML')[:200]}")


def press(page: Any, target: Any) -> None:
    """Reach it and press Enter, which loads a page."""
    reach(page, target)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def fill(page: Any, name: str, value: str) -> None:
    """Answer one question of a form, whatever it is drawn as."""
    inputs = page.locator(f"main [name='{name}']")
    kind = inputs.first.evaluate("(e) => e.tagName === 'SELECT' ? 'select' : e.type")
    if kind == "radio":
        reach(page, inputs)
        page.keyboard.press("Space")
        for _ in range(inputs.count()):
            if page.locator(f"main [name='{name}']:checked").get_attribute("value") == value:
                return
            page.keyboard.press("ArrowDown")
        raise AssertionError(f"the arrows do not reach {name} = {value}")
    reach(page, inputs)
    if kind == "select":
        for _ in range(inputs.first.evaluate("(e) => e.options.length")):
            if inputs.first.input_value() == value:
                return
            page.keyboard.press("ArrowDown")
        raise AssertionError(f"the arrows do not reach {name} = {value}")
    if kind == "date":
        year, month, day = value.split("-")
        page.keyboard.type(month + day + year)
        if inputs.first.input_value() != value:  # the browser's own language puts the year first
            for _ in range(3):
                page.keyboard.press("ArrowLeft")
            page.keyboard.type(year)
            page.keyboard.press("ArrowRight")
            page.keyboard.type(month + day)
    else:
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type(value)
    assert inputs.first.input_value() == value, (name, inputs.first.input_value())


def read_in(page: Any, site: Any, language: str) -> None:
    """Open the portal and switch to the language."""
    page.goto(site.url)
    if page.locator("html").get_attribute("lang") != {"zh-hans": "zh-Hans", "en": "en"}[language]:
        press(page, page.locator(f"button[name=language][value='{language}']"))


def sign_in(page: Any, site: Any, username: str) -> None:
    """As one of the demo's people, after whoever sat here before."""
    if page.locator(".tools form[action='/logout/']").count():
        press(page, page.locator(".tools form[action='/logout/'] button"))
    press(page, page.locator(".tools a[href^='/login/']"))
    fill(page, "username", username)
    fill(page, "password", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator(".reader").count() == 1, page.locator("main").inner_text()
