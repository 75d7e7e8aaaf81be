# SPDX-License-Identifier: Apache-2.0
"""Every page, looked at: both languages, desk and phone, large print; nothing serious for axe, nothing sideways."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from browser import PHONE, WIDE, assert_fits, assert_no_serious_violations, screenshot
from people import ANSWERS, FORM
from services.upload_factory import png
from visits import APPLY
from zhengtong.organization.demo import PASSWORD

from .conftest import Site
from .routes import step_at_hand

pytestmark = pytest.mark.browser

GUIDE = "/life-events/newborn/"
SITUATION = "&".join(f"{name}={value}" for name, value in ANSWERS.items())

# page → (who looks, address); an address in <> is the first link that begins so on the page before it
PAGES: dict[str, tuple[str, str]] = {
    "home": ("", "/"),
    "found": ("", "/?q=孩子刚出生"),
    "not-found-words": ("", "/?q=qqqq"),
    "sign-in": ("", "/login/"),
    "guide": ("", GUIDE),
    "guide-answered": ("", f"{GUIDE}?{SITUATION}"),
    "guide-fault": ("", f"{GUIDE}?birth_place=institution"),
    "verify": ("", "/verify/"),
    "verify-fault": ("", "/verify/?code=AAAA"),
    "nothing-here": ("", "/no/such/page/"),
    "apply": ("parent", APPLY),
    "my-cases": ("parent", "/my/"),
    "my-case": ("parent", "</my/M>"),
    "refused": ("parent", "/cockpit/"),
    "counter": ("clerk", "/counter/"),
    "counter-situation": ("clerk", "/counter/newborn/"),
    "counter-intake": ("clerk", f"/counter/newborn/?{SITUATION}"),
    "workbench": ("officer-police", "/workbench/"),
    "ratings": ("officer-police", "/workbench/ratings/"),
    "tasks-of-a-department": ("officer-police", "/tasks/"),
    "cockpit": ("leader", "/cockpit/"),
    "on-time": ("leader", "/cockpit/on-time/newborn/"),
    "case-evidence": ("leader", "</evidence/cases/>"),
    "event-evidence": ("leader", "</evidence/events/>"),
    "audit": ("leader", "/cockpit/audit/"),
    "propose": ("leader", "/tasks/propose/"),
    "tasks": ("leader", "/tasks/"),
    "steps-in-time": ("leader", "/cockpit/on-time/"),
    "late-steps": ("leader", "/cockpit/steps/?kind=late"),
    "what-changed": ("leader", "/cockpit/why/"),
    "reductions": ("leader", "/cockpit/reductions/"),
    "processes": ("leader", "/cockpit/processes/"),
    "process": ("leader", "/cockpit/processes/newborn/"),
    "satisfaction": ("leader", "/cockpit/satisfaction/"),
    "record": ("leader", "/cockpit/record/"),
}
VIEWS = {
    "zh-1280": ("zh-hans", WIDE, False),
    "en-390": ("en", PHONE, False),
    "zh-390-large": ("zh-hans", PHONE, True),
}
UNLABELLED = """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
    .filter((e) => !(e.labels && e.labels.length && e.labels[0].textContent.trim()) && !e.getAttribute('aria-label'))
    .map((e) => e.outerHTML)"""
BROKEN = """() => [...document.images].filter((i) => !i.complete || !i.naturalWidth).map((i) => i.outerHTML)"""
REPEATED = """() => [...document.querySelectorAll('[id]')].map((e) => e.id)
    .filter((id, place, ids) => ids.indexOf(id) !== place)"""
READ = """() => { const main = document.querySelector('main').cloneNode(true);
    main.querySelectorAll('code, pre, .mono, script').forEach((e) => e.remove()); return main.textContent }"""
"""What a page says in words: what the record holds is shown as it stands there."""
LATIN = re.compile(r"[A-Za-z]{4,}")
# What is no language of its own: numbers, names of files and formats, codes, the command line.
ALLOWED = re.compile(
    r"[a-z-]*mingchuan-demo|SHA-?256|zhengtong[^\n]*|Zhengtong|English|leaf|mingchuan[\w-]*|[\w-]+\.(?:json|txt|pdf|png)|[0-9a-f]{16,}|"
    r"\b[a-z]+(?:[-_.][a-z0-9]+)+\b|officer|parent|neighbour|clerk|office|leader|bureau|auditor|JPEG|BPMN|CSV|PARQUET|qqqq|AAAA"
)


def _looks(page: Any, shot: str) -> list[str]:
    """What is wrong with the page as it stands, kept as a picture too."""
    screenshot(page, shot)
    return [f"{shot}: {fault}" for fault in faults_of(page)]


def faults_of(page: Any) -> list[str]:
    """What is wrong with the page as it stands."""
    faults = []
    for check in (assert_fits, assert_no_serious_violations):
        try:
            check(page)
        except AssertionError as error:
            faults.append(str(error))
    for what, script in {"no label": UNLABELLED, "broken image": BROKEN, "repeated id": REPEATED}.items():
        faults += [f"{what}: {found}" for found in page.evaluate(script)]
    if page.locator("h1").count() < 1:
        faults.append("no heading")
    return faults


def _enter(context: Any, site: Site, who: str) -> Any:
    page = context.new_page()
    if who:
        page.goto(f"{site.url}/login/")
        page.fill("[name=username]", who)
        page.fill("[name=password]", PASSWORD)
        with page.expect_navigation():
            page.click("main form button")
    return page


def _address(page: Any, address: str) -> str:
    if not address.startswith("<"):
        return address
    return str(page.locator(f"main a[href^='{address[1:-1]}']").first.get_attribute("href"))


@pytest.mark.parametrize("view", VIEWS)
def test_every_page_is_whole(chromium: Any, site: Site, view: str) -> None:
    language, size, large = VIEWS[view]
    faults: list[str] = []
    pages = {**PAGES, "step": step_at_hand(site.state / "zhengtong.sqlite3")}
    for who in dict.fromkeys(person for person, _address in pages.values()):
        context = chromium.new_context(viewport=size, locale="zh-CN", reduced_motion="reduce")
        cookies = {"django_language": language, **({"large_print": "1"} if large else {})}
        context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in cookies.items()])
        page = _enter(context, site, who)
        complaints: list[str] = []
        page.on("pageerror", lambda error, said=complaints: said.append(str(error)))
        for name, (person, address) in pages.items():
            if person != who:
                continue
            page.goto(site.url + _address(page, address))
            faults += _looks(page, f"{name}-{view}")
            if language == "zh-hans":
                left = ALLOWED.sub("", page.evaluate(READ))
                faults += [f"{name}-{view}: not in Chinese: {word}" for word in LATIN.findall(left)]
        faults += complaints
        context.close()
    assert not faults, "\n".join(dict.fromkeys(faults))


def test_english_pages_are_in_english(chromium: Any, site: Site) -> None:
    """Names of people, and what they typed, stay as they are; everything the house says is in English."""
    context = chromium.new_context(viewport=WIDE, locale="en")
    page = _enter(context, site, "")
    for address in ("/", GUIDE, f"{GUIDE}?{SITUATION}", "/verify/", "/no/such/", "/login/"):
        page.goto(site.url + address)
        text = page.locator("body").inner_text().replace("中文", "")
        assert not re.findall(r"[\u4e00-\u9fff]+", text), address
    context.close()


@pytest.mark.parametrize("view", ["zh-1280", "en-390"])
def test_the_pages_that_follow_an_act_are_whole(chromium: Any, site: Site, view: str, tmp_path: Path) -> None:
    """The receipt of the counter, the corrected application, the task that was proposed."""
    language, size, _large = VIEWS[view]
    faults: list[str] = []

    def come(who: str, address: str) -> Any:
        context = chromium.new_context(viewport=size, locale="zh-CN", reduced_motion="reduce")
        context.add_cookies([{"name": "django_language", "value": language, "url": site.url}])
        page = _enter(context, site, who)
        page.goto(site.url + address)
        return page

    scan = tmp_path / "scan.png"
    scan.write_bytes(png(40, 30))
    page = come("clerk", f"/counter/newborn/?{SITUATION}")
    with page.expect_navigation():
        page.click("main form .btn")
    faults += _looks(page, f"counter-faults-{view}")
    for name, value in {**FORM, "person_name": "林晓梅", "person_number": FORM["mother_id"]}.items():
        field = page.locator(f"main [name={name}]").first
        if field.get_attribute("type") == "radio":
            page.check(f"main [name={name}][value='{value}']")
        elif field.evaluate("(e) => e.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    for name in ("birth-certificate", "marriage-certificate"):
        page.set_input_files(f"[name={name}]", scan)
    with page.expect_navigation():
        page.click("main form .btn")
    assert "/counter/receipts/" in page.url, page.locator("main").inner_text()
    faults += _looks(page, f"receipt-{view}")
    page.emulate_media(media="print")
    screenshot(page, f"receipt-printed-{view}")
    assert not page.locator("main .btn").first.is_visible()
    page.context.close()

    page = come("leader", "/tasks/propose/")
    page.fill("[name=title]", "新生儿一件事按时办结率")
    page.select_option("[name=lead]", "police")
    with page.expect_navigation():
        page.click("main form .btn")
    task = page.url
    page.context.close()
    page = come("office", task.removeprefix(site.url))
    faults += _looks(page, f"task-proposed-{view}")
    page.context.close()
    assert not faults, "\n".join(dict.fromkeys(faults))
