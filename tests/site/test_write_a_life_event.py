# SPDX-License-Identifier: Apache-2.0
"""The guide `docs/how-to/write-a-life-event.md`, followed to the letter: its commands, its files, its clicks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from site_shell import Shell
from visits import CASE, picture, post, said, visitor
from zhengtong.acts import serving
from zhengtong.city.load import check
from zhengtong.evaluation import queries
from zhengtong.organization.demo import make_demo_accounts
from zhengtong.organization.models import Account
from zhengtong.services.models import Case
from zhengtong.services.queries import life_event
from zhengtong.site.serving import prepare
from zhengtong.site.worker import seal

GUIDE = Path(__file__).resolve().parents[2] / "docs/how-to/write-a-life-event.md"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
FILE = re.compile(r"`our-city/([\w/.-]+\.yaml)`")


class Guide:
    """What the guide tells to write and to run, in its order."""

    def __init__(self) -> None:
        text = GUIDE.read_text("utf-8")
        self.files: list[tuple[str, str]] = []
        self.commands: list[list[str]] = []
        for block in BLOCK.finditer(text):
            language, body = block.groups()
            if language == "yaml":
                self.files.append((FILE.findall(text[: block.start()])[-1], body))
            elif language == "sh":
                self.commands += [line.split()[1:] for line in body.splitlines() if line.startswith("zhengtong ")]
        self.fault = next(body.strip() for language, body in BLOCK.findall(text) if language == "text")

    def write(self, folder: Path) -> None:
        """A file that is there already is added to at its end, as the guide says of the one it means."""
        for name, body in self.files:
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            there = file.read_text("utf-8") if file.exists() else ""
            file.write_text(there + body, "utf-8")


@pytest.fixture(scope="module")
def guide() -> Guide:
    return Guide()


@pytest.fixture(scope="module")
def followed(guide: Guide, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """The guide's folder after its first three sections."""
    shell = Shell(tmp_path_factory.mktemp("guide"))
    assert shell(*guide.commands[0], city=None).code == 0
    guide.write(shell.folder / "our-city")
    return shell


def test_the_guide_writes_all_it_speaks_of(guide: Guide) -> None:
    assert [name for name, _ in guide.files] == [
        "organization/departments.yaml",
        "standards/elements/shop.yaml",
        "services/food-licence.yaml",
        "services/shop-sign.yaml",
        "life-events/open-restaurant.yaml",
    ]
    assert [command[0] if command[0] != "--city" else command[2] for command in guide.commands] == [
        "new", "check", "demo", "bpmn",
    ]  # fmt: skip


def test_its_commands_work_one_after_the_other(guide: Guide, followed: Shell) -> None:
    for command in guide.commands[1:]:
        done = followed(*command, city=None)
        assert done.code == 0, (command, done.all)
    drawn = (followed.folder / "open-restaurant.bpmn").read_text("utf-8")
    assert "food-licence" in drawn
    assert "shop-sign" in drawn
    count = "from zhengtong.site.commands import set_up; set_up(); from zhengtong.services.models import Case;"
    count += "print(Case.objects.exclude(phase='open').count(), Case.objects.count())"
    shell = followed(code=f"import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'zhengtong.site.settings'; {count}")
    closed, cases = (int(number) for number in shell.out.split())
    assert cases == 30
    assert closed > 20


def test_the_fault_it_shows_is_what_the_check_says(guide: Guide, followed: Shell) -> None:
    file = followed.folder / "our-city/life-events/open-restaurant.yaml"
    right = file.read_text("utf-8")
    file.write_text(right.replace("when: sign ==", "when: sing =="), "utf-8")
    try:
        (fault,) = check(followed.folder / "our-city")
    finally:
        file.write_text(right, "utf-8")
    assert fault.say("en") == guide.fault


@pytest.mark.django_db(transaction=True)
def test_a_case_runs_to_its_end_by_clicks_and_is_measured(followed: Shell, state: Path, settings) -> None:
    settings.ZHENGTONG_CITY = followed.folder / "our-city"
    prepare()
    make_demo_accounts()
    parent = visitor(Account.objects.get(username="parent"))
    asked = "/life-events/open-restaurant/apply/?sign=yes"
    page = parent.get(asked)
    assert said(page).count("Name of the shop") == 1, "asked once for two services"
    form = {
        "applicant_name": "林晓梅", "applicant_id": "110101199003070134", "contact_mobile": "13800001000",
        "shop_name": "莲塘街小面馆", "sign_text": "小面馆", "floor-plan": picture("plan.png"),
    }  # fmt: skip
    sent = post(parent, asked, **form)
    found = CASE.search(sent.get("Location", ""))
    assert found, said(sent)
    case = found.group()
    for department, step in (("market", "food-licence"), ("urban", "shop-sign")):
        officer = visitor(Account.objects.get(username=f"officer-{department}"))
        for act in ("accept", "grant"):
            done = post(officer, f"/workbench/{case}/{step}/act/", act=act)
            assert done.status_code == 302, said(done)
    assert Case.objects.get(number=case).phase == "completed"
    seal()
    event = life_event("open-restaurant")
    cases = queries.picture("open-restaurant").cases
    measured = queries.measured(cases)
    # of five fields the telephone is known from the sign-in
    assert (measured["steps"], measured["fields"], measured["visits"]) == (2, 4, 0)
    lines = {line.measure: line for line in queries.compared(event, event.event.before[0], cases)}
    assert (lines["fields"].before, lines["fields"].measured, lines["fields"].why_not) == (14, 4, "")
    serving._loaded.cache_clear()
