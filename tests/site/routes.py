# SPDX-License-Identifier: Apache-2.0
"""Every page of the site, found by itself: the routes, and for each an address and somebody who may see it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
from django.urls import Resolver404, resolve
from lxml import html

from zhengtong.organization.demo import PASSWORD
from zhengtong.ui.pages import declared, walk

PEOPLE = ("", "parent", "clerk", "officer-police", "officer-hr", "office", "leader", "bureau", "auditor", "hotline")
AT_MOST = 3
"""Addresses of one route that one person opens: the first few cases show what all of them show. Besides, each kind of
page has its first link to each kind of page followed, however often that was opened from elsewhere."""


@dataclass(frozen=True)
class Visit:
    """A page as it was found: who opened it, where, and whether it is a page at all or a file."""

    person: str
    address: str
    is_page: bool


def readable_routes() -> set[str]:
    """Every route that answers to GET; the operations of the API are held by tests of their own."""
    return {
        address
        for address, view in walk()
        if (found := declared(view)) and "GET" in found.methods and not address.startswith("ui/")
    }


def route_of(address: str) -> str:
    """The route that answers; an address that none answers is a way of its own, so that following it is tried."""
    try:
        return resolve(urlsplit(address).path).route
    except Resolver404:
        return address


class Walker:
    """Follows every link, as one person after another, and what `seeds` names for those no link leads to."""

    def __init__(self, site: str, seeds: dict[str, list[str]]) -> None:
        self.site, self.seeds = site, seeds
        self.found: dict[str, Visit] = {}
        self.broken: list[str] = []

    def walk(self) -> None:
        for person in self.people():
            with httpx.Client(base_url=self.site, headers={"accept-language": "zh-hans"}, timeout=60) as client:
                if person:
                    self._sign_in(client, person)
                self._follow(client, person)

    def people(self) -> list[str]:
        return list(dict.fromkeys([*PEOPLE, *self.seeds]))

    def _sign_in(self, client: httpx.Client, person: str) -> None:
        page = html.document_fromstring(client.get("/login/").text)
        token = page.xpath("//main//input[@name='csrfmiddlewaretoken']/@value")[0]
        sent = {"username": person, "password": PASSWORD, "csrfmiddlewaretoken": token}
        answer = client.post("/login/", data=sent, headers={"referer": self.site})
        assert answer.status_code == 302, f"{person} cannot sign in"

    def _follow(self, client: httpx.Client, person: str) -> None:
        waiting = [(address, "") for address in ("/", *self.seeds.get(person, []))]
        seen: dict[str, int] = defaultdict(int)
        ways: set[tuple[str, str]] = set()
        known = {address for address, _origin in waiting}
        while waiting:
            address, origin = waiting.pop(0)
            route, way = route_of(address), (route_of(origin), route_of(address))
            if seen[route] >= AT_MOST and way in ways:
                continue
            seen[route] += 1
            ways.add(way)
            answer = client.get(address)
            if answer.status_code != httpx.codes.OK:
                if answer.status_code >= 400:
                    shown = f"on {origin}" if origin else "a seed"
                    self.broken.append(f"{person or 'anybody'}: {address} ({shown}): {answer.status_code}")
                continue
            is_page = "text/html" in answer.headers.get("content-type", "")
            self.found.setdefault(route, Visit(person, address, is_page))
            if is_page:
                fresh = [link for link in self._links(answer.text, address) if link not in known]
                known.update(fresh)
                waiting += [(link, address) for link in fresh]

    def _links(self, text: str, address: str) -> Iterator[str]:
        """The links of a page that lead to this site."""
        page = html.document_fromstring(text)
        for link in page.xpath("//a/@href"):
            whole = urlsplit(urljoin(self.site + address, link))
            if f"{whole.scheme}://{whole.netloc}" == self.site and not whole.path.startswith("/static/"):
                yield whole.path + (f"?{whole.query}" if whole.query else "")


SEEDS = {
    "": "SELECT '/verify/' || code || '/' FROM services_notice ORDER BY id LIMIT 1",
    "clerk": "SELECT '/counter/receipts/' || number || '/' FROM services_case c JOIN organization_account a "
    "ON a.pseudonym = c.taken_by WHERE a.username = 'clerk' LIMIT 1",
    "hotline": "SELECT '/tickets/' || number || '/' FROM services_ticket ORDER BY id DESC LIMIT 1",
    "bureau": "SELECT '/bureau/versions/migration/?from=' || a.hash || '&to=' || b.hash "
    "FROM services_publishedversion a JOIN services_publishedversion b "
    "ON a.kind = b.kind AND a.key = b.key AND a.id < b.id WHERE a.kind = 'life-event' LIMIT 1",
}
RATED = "SELECT 'officer-' || department, '/workbench/ratings/' || reference || '/' FROM services_rating LIMIT 1"
STEP = (
    "SELECT 'officer-' || department, '/workbench/' || number || '/' || key || '/' FROM services_step s "
    "JOIN services_case c ON c.id = s.case_id WHERE external = '' "
    "ORDER BY s.state IN ('pending', 'accepted') DESC, s.id DESC LIMIT 1"
)


CHANGES = (
    "SELECT '/bureau/items/changes/?before=' || a.hash || '&after=' || b.hash "
    "FROM services_itemsnapshot a JOIN services_itemsnapshot b ON a.id < b.id LIMIT 1"
)


def asked_of(database: Path, query: str) -> list[tuple[str, ...]]:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def step_at_hand(database: Path) -> tuple[str, str]:
    """An officer and the page of a step of his department, one that waits for him where there is one."""
    ((who, address),) = asked_of(database, STEP)
    return who, address


def seeds_of(database: Path) -> dict[str, list[str]]:
    """Addresses that come on paper or to one department alone, read from the site's own database."""
    found = {who: [row[0] for row in asked_of(database, query)] for who, query in SEEDS.items()}
    for who, address in [step_at_hand(database), *asked_of(database, RATED)]:
        found.setdefault(who, []).append(address)
    found["bureau"] += [row[0] for row in asked_of(database, CHANGES)]  # a form leads there, and no link
    found[""] = [*found[""], "/healthz", "/api/v1/docs"]
    return found
