# SPDX-License-Identifier: Apache-2.0
"""Every route there is, found by following links: in both languages, at a desk and on a phone, by axe and by keyboard.

A page somebody adds is walked without being named here; one that nothing leads to fails until it is, or until the table
below says why.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from browser import PHONE, WIDE
from services.item_factory import MAP, items, write_csv

from .conftest import Site
from .routes import Visit, Walker, readable_routes, seeds_of
from .test_pages_in_a_browser import _enter, faults_of

pytestmark = pytest.mark.browser

NOT_WALKED = {
    "messages/notifications/verify/": "opened from a message, with the token in it",
    "tasks/<str:number>/": "there is no task before somebody proposes one: test_pages_in_a_browser looks at it",
    "workbench/archive/<str:number>/": "a case is archived some time after it was closed",
    "workbench/archive/<str:number>/file": "a download of the same",
}
"""Route → why no walk of the demo comes there."""
VIEWS = {"zh-1280": ("zh-hans", WIDE), "en-390": ("en", PHONE)}
"""Each language and each width once: longer words on the narrower page."""
FOCUS = """() => { const e = document.activeElement; if (!e || e === document.body) return null;
    const r = e.getBoundingClientRect(), s = getComputedStyle(e);
    return {seen: r.width > 0 && r.height > 0 && s.visibility !== 'hidden', what: e.outerHTML.slice(0, 120)} }"""


def _furnish(site: Site, folder: Path) -> None:
    """What a demo does not come with: two item lists from above, and a newer version of a life event."""
    mapping = folder / "map.yaml"
    mapping.write_text(MAP, "utf-8")
    for count in (40, 41):
        rows = write_csv(folder / f"list-{count}.csv", items(count))
        done = site.run("items", "import", str(rows), "--source", "province", "--map", str(mapping))
        assert done.returncode == 0, done.stderr
    city = Path(shutil.copytree(site.environment["ZHENGTONG_CITY"], folder / "city"))
    service = city / "services/birth-registration.yaml"
    told = service.read_text("utf-8")
    assert "promised: {days: 5" in told
    service.write_text(told.replace("promised: {days: 5", "promised: {days: 4", 1), "utf-8")
    newer = replace(site, environment={**site.environment, "ZHENGTONG_CITY": str(city)})
    done = newer.run("demo", "--cases", "1")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def walked(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walker]:
    _furnish(site, tmp_path_factory.mktemp("furnished"))
    walker = Walker(site.url, seeds_of(site.state / "zhengtong.sqlite3"))
    walker.walk()
    yield walker


def test_every_route_is_reached_by_somebody(walked: Walker) -> None:
    routes = readable_routes()
    assert len(routes) > 40
    assert routes - set(walked.found) - set(NOT_WALKED) == set()
    assert set(NOT_WALKED) - routes == set(), "the table names what is there"


def test_no_page_offers_its_reader_a_link_that_leads_nowhere(walked: Walker) -> None:
    """Neither refused, nor not there, nor broken: who may not open a page is not sent to it."""
    assert walked.broken == []


@pytest.mark.parametrize("view", VIEWS)
def test_every_page_found_is_whole(chromium: Any, site: Site, walked: Walker, view: str) -> None:
    language, size = VIEWS[view]
    pages: dict[str, list[tuple[str, Visit]]] = {}
    for route, visit in walked.found.items():
        if visit.is_page:
            pages.setdefault(visit.person, []).append((route, visit))
    assert sum(map(len, pages.values())) > 30
    faults: list[str] = []
    for person, visits in pages.items():
        context = chromium.new_context(viewport=size, locale="zh-CN", reduced_motion="reduce")
        context.add_cookies([{"name": "django_language", "value": language, "url": site.url}])
        page = _enter(context, site, person)
        for route, visit in visits:
            answer = page.goto(site.url + visit.address)
            if answer.status != 200:
                faults.append(f"{route}: {answer.status} for {person}")
                continue
            faults += [f"{route or 'home'}: {fault}" for fault in [*faults_of(page), *_keyboard(page)]]
        context.close()
    assert not faults, "\n".join(dict.fromkeys(faults))


def _keyboard(page: Any) -> list[str]:
    """The Tab key comes to the skip link first and then to things that can be seen."""
    faults = []
    page.evaluate("() => { window.scrollTo(0, 0); document.activeElement && document.activeElement.blur() }")
    for press in range(4):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUS)
        if found is None:
            faults.append(f"nothing has the focus after {press + 1} times Tab")
            break
        if not found["seen"]:
            faults.append(f"the focus is on what cannot be seen: {found['what']}")
    return faults
