# SPDX-License-Identifier: Apache-2.0
"""A real Chromium for tests marked `browser`: one a process, a fresh context (no cookies) a test.

Import the fixtures `chromium` and `page` into a room's conftest: `from browser import chromium, page`.
"""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
AXE = ROOT / "node_modules/axe-core/axe.min.js"
SCREENSHOTS = ROOT / "build/screenshots"
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
# Without these Chromium looks for its maker's servers, which tests must not.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=zh-CN",
)


@functools.cache
def _launched() -> Any:
    """Once a process, however many conftests import the fixtures: a second Playwright in a thread fails."""
    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop in this thread, which Django takes for asynchronous use of the ORM.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    path = os.environ.get("ZHENGTONG_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
    if not path:
        pytest.skip("no Chromium on this machine: install it or set ZHENGTONG_CHROMIUM")
    return sync_playwright().start().chromium.launch(executable_path=path, args=list(ARGUMENTS))


@pytest.fixture(scope="session")
def chromium() -> Any:
    return _launched()


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A page 1280 wide. What the page logs as an error (a CSP violation, a script that fails) fails the test."""
    context = chromium.new_context(viewport=WIDE, locale="zh-CN", reduced_motion="reduce")
    opened = context.new_page()
    complaints: list[str] = []

    def heard(message: Any) -> None:
        # axe itself tries inline styles while it looks at colours.
        if _serious(message) and not getattr(opened, "axe_at_work", False):
            complaints.append(message.text)

    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", heard)
    yield opened
    context.close()
    assert not complaints, complaints


def _serious(message: Any) -> bool:
    """The browser logs every answer ≥ 400 as an error; whether that is one the test itself decides."""
    return message.type == "error" and not message.text.startswith("Failed to load resource")


def axe_violations(page: Any) -> list[dict[str, Any]]:
    """Everything axe finds at impact serious or critical. Skips where the assets are not installed."""
    if not AXE.is_file():
        pytest.skip("node_modules/axe-core is missing: run `make setup`")
    # The protocol evaluates outside the page's own CSP, so the page is judged as it is served.
    page.axe_at_work = True
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    page.axe_at_work = False
    return [item for item in found["violations"] if item["impact"] in ("serious", "critical")]


def assert_no_serious_violations(page: Any) -> None:
    found = [
        f"{item['id']}: {item['help']}: " + " | ".join(node["html"][:160] for node in item["nodes"])
        for item in axe_violations(page)
    ]
    assert not found, "\n".join(found)


def assert_fits(page: Any) -> None:
    """Nothing on the page is wider than the window: no sideways scrolling (WCAG 1.4.10)."""
    width = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0, f"{page.url} is {width} px wider than its window"


def screenshot(page: Any, name: str) -> Path:
    """Save the whole page under build/screenshots/ for people to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=str(path), full_page=True)
    return path
