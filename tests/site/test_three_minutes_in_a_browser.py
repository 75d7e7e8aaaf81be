# SPDX-License-Identifier: Apache-2.0
"""The three minutes: a figure, its cases, events, proofs; a changed row is named; a task; measured again at close."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from browser import screenshot

from .conftest import Site
from .hands import fill, press, read_in, sign_in

pytestmark = pytest.mark.browser


@contextmanager
def changed(site: Site, case: str) -> Iterator[str]:
    """A decision's day moved with sqlite3, past the application; put back afterwards. Yields the output's number."""
    found = (
        "SELECT o.id, o.number, o.issued_us FROM services_output o JOIN services_step s ON s.id = o.step_id "
        "JOIN services_case c ON c.id = s.case_id WHERE c.number = ? ORDER BY o.id LIMIT 1"
    )
    with closing(sqlite3.connect(site.state / "zhengtong.sqlite3", timeout=20)) as database:
        row, number, issued = database.execute(found, [case]).fetchone()
        write = "UPDATE services_output SET issued_us = ? WHERE id = ?"
        with database:
            database.execute(write, [issued - 3 * 86_400_000_000, row])
        try:
            yield number
        finally:
            with database:
                database.execute(write, [issued, row])


def audited(site: Site) -> tuple[int, list[dict[str, Any]]]:
    done = site.run("ledger", "audit", "--json")
    return done.returncode, json.loads(done.stdout)["findings"]


def test_from_the_figure_to_the_proof_and_to_the_one_who_changed_a_row(page: Any, site: Site) -> None:
    read_in(page, site, "en")
    sign_in(page, site, "leader")
    page.click("nav.faces a[href='/cockpit/']")
    figure = page.locator("main a.proof[href^='/cockpit/on-time/']").first
    figure.click()
    assert "closed cases were on time" in page.locator("h1").inner_text()
    page.locator("main a[href^='/evidence/cases/']").first.click()
    case = page.url.rstrip("/").rsplit("/", 1)[-1]
    until = time.monotonic() + 30
    while "waiting to be sealed" in page.locator("h1").inner_text():
        assert time.monotonic() < until
        time.sleep(0.5)
        page.reload()
    assert "proven unchanged since they were recorded" in page.locator("h1").inner_text()
    page.locator("main a[href^='/evidence/events/']").first.click()
    assert "Proven: unchanged since it was recorded" in page.locator("h1").inner_text()
    with page.expect_download() as download:
        page.locator("main a[href$='/bundle.json']").click()
    bundle = site.state / "bundle.json"
    download.value.save_as(bundle)
    for name in ("key", "checkpoint"):
        (site.state / f"{name}.txt").write_bytes(page.context.request.get(f"{site.url}/evidence/{name}.txt").body())
    trusted = ["--key", str(site.state / "key.txt"), "--checkpoint", str(site.state / "checkpoint.txt")]
    assert site.run("verify", str(bundle), *trusted).returncode == 0

    assert audited(site) == (0, [])
    page.goto(f"{site.url}/cockpit/audit/")
    assert "Everything agrees" in page.locator("h1").inner_text()
    with changed(site, case) as number:
        code, findings = audited(site)
        assert (code, [one["object_id"] for one in findings]) == (1, [number])
        assert ["case", case] in findings[0]["related"]
        page.reload()
        assert "1 thing no longer agrees" in page.locator("h1").inner_text()
        assert number in page.locator("main").inner_text() and case in page.locator("main").inner_text()
        screenshot(page, "audit-changed-en-1280")
    assert audited(site) == (0, [])


def test_the_slow_step_becomes_a_task_and_its_figure_is_measured_again_when_it_is_closed(page: Any, site: Site) -> None:
    read_in(page, site, "en")
    sign_in(page, site, "leader")
    page.goto(f"{site.url}/cockpit/")
    draft = page.get_by_role("link", name="Draft a task").first
    press(page, draft)
    assert "recorded with the proposal and measured again when the task is closed" in page.locator("main").inner_text()
    lead = page.locator("[name='lead']").input_value()
    fill(page, "target", "100%")
    press(page, page.get_by_role("button", name="Send the proposal"))
    task = page.url
    assert "measured when the task is closed" in page.locator("main").inner_text()

    sign_in(page, site, "office")
    page.goto(task)
    press(page, page.get_by_role("button", name="Open and hand over"))
    sign_in(page, site, f"officer-{lead}")
    page.goto(task)
    fill(page, "text", "Two more people at the window")
    page.locator("[name='done']").check()
    press(page, page.get_by_role("button", name="Send the report"))
    sign_in(page, site, "office")
    page.goto(task)
    press(page, page.get_by_role("button", name="Close the task"))

    told = page.locator("section", has=page.get_by_role("heading", name="Is it done?")).count()
    assert told == 0, "the task is closed"
    effect = page.locator("section", has_text="Since it was handed over").inner_text()
    assert "measured when the task is closed" not in effect, "the figure was measured again"
    assert re.search(r"When it was proposed\s+[\d.]+\s?%", effect), effect
    assert re.search(r"Since it was handed over\s+([\d.]+\s?%|nothing to measure since)", effect), effect
    screenshot(page, "task-measured-again-en-1280")
    code, findings = audited(site)
    assert (code, findings) == (0, [])
