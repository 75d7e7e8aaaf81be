# SPDX-License-Identifier: Apache-2.0
"""The data bureau's pages: lists, what changed, quality down to the item, and cases moved between versions."""

from __future__ import annotations

import csv
import io
import shutil
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from people import account, grant, publish, submit
from services.item_factory import COLUMNS, items, write_csv, write_map
from services.record import VACCINATION
from visits import classed, errors_at, links, said, visitor
from zhengtong.acts import serving
from zhengtong.acts.actor import SYSTEM
from zhengtong.ledger.models import Event
from zhengtong.organization.models import Account
from zhengtong.services.itemlists import import_list
from zhengtong.services.models import Case, ItemSnapshot

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
AT = {name: n for n, name in enumerate(COLUMNS)}


@pytest.fixture
def bureau(state: Path, transactional_db: None) -> Client:
    return visitor(account("bureau", "data_bureau", "data"))


def taken(folder: Path, rows: list[list[str]]) -> str:
    file = write_csv(folder / "list.csv", rows)
    return import_list(file, write_map(folder / "map.yaml"), "province", SYSTEM).hash


def table(response: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


def test_a_list_opens_down_to_its_faults_and_the_items_that_break_a_rule(bureau: Client, tmp_path: Path) -> None:
    rows = list(items(6))
    rows[1][AT["承诺办结时限"]] = "五天"
    rows[2][AT["设定依据"]] = ""
    name = taken(tmp_path, rows)
    overview = bureau.get("/bureau/items/")
    assert f"/bureau/items/{name}/" in links(overview)
    one = bureau.get(f"/bureau/items/{name}/")
    assert "五天" in said(one) and "a whole number is expected" in said(one)
    down = [address for address in links(one, "/bureau/items/quality/") if "rule=basis-present" in address]
    failing = bureau.get(down[0])
    assert "ID00000002" in said(failing) and "The legal basis is given" in said(failing)
    exported = table(bureau.get(f"{down[0]}&as=csv"))
    assert exported[0] == ["Item", "Department", "Rule", "Severity"]
    assert [row[0] for row in exported[1:] if row[0] == "ID00000002"] == ["ID00000002"]


def test_the_citys_own_services_open_by_department_and_rule(bureau: Client) -> None:
    by_rule = bureau.get("/bureau/items/quality/?rule=statutory-present")
    assert "Survey of the published items" in said(by_rule)
    narrowed = [address for address in links(by_rule, "/bureau/items/quality/") if "department=cdc" in address]
    assert "vaccination-record" in said(bureau.get(narrowed[0]))
    assert bureau.get("/bureau/items/quality/?department=nobody").status_code == 422


def test_what_changed_is_shown_and_handed_out_without_formulas(bureau: Client, tmp_path: Path) -> None:
    rows = list(items(3))
    before = taken(tmp_path, rows)
    rows[0][AT["事项名称"]] = '=HYPERLINK("http://x","y")'
    rows[1][AT["咨询电话"]] = "+86"
    after = taken(tmp_path, rows[:2])
    address = f"/bureau/items/changes/?before={before}&after={after}"
    assert "0 items added, 1 removed, 2 changed." in said(bureau.get(address))
    cells = {cell for row in table(bureau.get(f"{address}&as=csv")) for cell in row}
    assert '\'=HYPERLINK("http://x","y")' in cells and "'+86" in cells
    assert not [cell for cell in cells if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]
    assert bureau.get(f"/bureau/items/changes/?before={before}&after=").status_code == 404


def test_lists_are_the_bureaus_and_the_auditors(bureau: Client) -> None:
    for path in ("items/", "items/quality/", "versions/"):
        assert visitor(account(f"parent-{uuid.uuid4().hex[:6]}")).get(f"/bureau/{path}").status_code == 403
        assert visitor().get(f"/bureau/{path}").status_code == 302
        assert bureau.get(f"/bureau/{path}").status_code == 200


def test_cases_are_looked_at_moved_and_put_back_on_a_page(bureau: Client, tmp_path: Path, settings: Any) -> None:
    old = publish()
    number, decided = submit(old), submit(old)
    grant(decided, VACCINATION)
    settings.ZHENGTONG_CITY = folder = Path(shutil.copytree(settings.ZHENGTONG_CITY, tmp_path / "city"))
    event = folder / "life-events/newborn.yaml"
    event.write_text(event.read_text("utf-8").replace("  - {service: vaccination-record}\n", ""), "utf-8")
    serving._loaded.cache_clear()
    new = publish()
    (address,) = links(bureau.get("/bureau/versions/"), "/bureau/versions/migration/")
    seen = said(bureau.get(address))
    assert "1 can be moved, 1 stay where they are." in seen and "decided would vanish" in seen
    assert Case.objects.filter(definition=new).count() == 0
    form = {"from": old, "to": new, "act": "move", "act_key": uuid.uuid4().hex}
    for _again in range(2):
        assert bureau.post("/bureau/versions/migrate/", form).status_code == 302
        assert [case.number for case in Case.objects.filter(definition=new)] == [number]
    assert bureau.post("/bureau/versions/migrate/", {**form, "act": "dance"}).status_code == 422
    assert visitor(account("auditor", "auditor")).post("/bureau/versions/migrate/", form).status_code == 403
    bureau.post("/bureau/versions/migrate/", {**form, "act": "revert", "act_key": uuid.uuid4().hex})
    assert not Case.objects.filter(definition=new).exists()


def sent(folder: Path, rows: list[list[str]], **changes: object) -> dict[str, object]:
    """The form of an import as a browser sends it."""
    given = write_csv(folder / "list.csv", rows).read_bytes()
    form: dict[str, object] = {
        "list": SimpleUploadedFile("省清单.csv", given, "text/csv"),
        "mapping": SimpleUploadedFile("map.yaml", write_map(folder / "map.yaml").read_bytes()),
        "source": "province",
        "act_key": uuid.uuid4().hex,
        **changes,
    }
    return {name: value for name, value in form.items() if value is not None}


def test_the_bureau_takes_a_list_in_on_a_page_and_sees_its_report(bureau: Client, tmp_path: Path) -> None:
    rows = list(items(5))
    rows[1][AT["承诺办结时限"]] = "五天"
    rows[4][AT["事项主键"]] = rows[3][AT["事项主键"]]
    assert "/bureau/items/import/" in links(bureau.get("/bureau/items/"))
    for _again in range(2):
        taken_in = bureau.post("/bureau/items/import/", sent(tmp_path, rows), follow=True)
        told = said(taken_in)
        assert "五天" in told and "the key stands in row 5 already" in told
        assert "4 items were taken in. 1 row was left out." in taken_in.content.decode()
    row = ItemSnapshot.objects.get()
    assert (row.rows, row.rejected, row.source) == (4, 1, "province")
    assert row.hash == taken(tmp_path, rows), "the command reads the same file into the same snapshot"
    event = Event.objects.get(type="items_imported")
    assert event.actor == Account.objects.get(username="bureau").pseudonym


def test_what_is_wrong_with_an_import_stands_at_the_file_at_fault_and_nothing_is_kept(
    bureau: Client, tmp_path: Path
) -> None:
    rows = list(items(2))
    broken = SimpleUploadedFile("map.yaml", b"key: item_id\ncolumns: {nonsense: x}\n")
    other = SimpleUploadedFile("map.yaml", b"key: item_id\ncolumns: {item_id: nowhere}\n")
    old = SimpleUploadedFile("list.xls", b"\xd0\xcf\x11\xe0 a workbook of 1997")
    for changes, at, words in (
        ({"list": None}, "list", "choose a file"),
        ({"list": SimpleUploadedFile("empty.csv", b"")}, "list", "choose a file"),
        ({"list": old}, "list", "save it as .xlsx or CSV"),
        ({"mapping": other}, "list", "no such column"),
        ({"mapping": broken}, "mapping", "mapping.yaml:1: there is no such field"),
        ({"mapping": SimpleUploadedFile("map.yaml", b"x" * 300_000)}, "mapping", "too large"),
        ({"source": "two words"}, "source", "in one word"),
        ({"source": "../up"}, "source", "in one word"),
    ):
        answer = bureau.post("/bureau/items/import/", sent(tmp_path, rows, **changes))
        assert answer.status_code == 422, changes
        errors = errors_at(answer)
        assert list(errors) == [at] and words in errors[at], (changes, errors)
    assert bureau.post("/bureau/items/import/", sent(tmp_path, rows, act_key=None)).status_code == 422
    assert not ItemSnapshot.objects.exists() and not Event.objects.filter(type="items_imported").exists()


def test_only_the_bureau_imports(bureau: Client, tmp_path: Path) -> None:
    auditor = visitor(account("auditor", "auditor"))
    assert "/bureau/items/import/" not in links(auditor.get("/bureau/items/"))
    assert auditor.post("/bureau/items/import/", sent(tmp_path, list(items(2)))).status_code == 403
    assert not ItemSnapshot.objects.exists()


def test_the_overview_names_the_worst_and_leads_to_all(bureau: Client) -> None:
    """A page that a phone can show: a few rows each, most failures first, the whole one click away."""
    overview = bureau.get("/bureau/items/")
    failed = [int(cell.text_content()) for cell in classed(overview, "num") if cell.get("data-label") == "Fail"]
    assert 0 < len(failed) <= 12 and 0 not in failed
    assert "/bureau/items/quality/" in links(overview)
    every = [cell for cell in classed(bureau.get("/bureau/items/quality/"), "num") if cell.get("data-label") == "Fail"]
    assert len(every) > len(failed)
