# SPDX-License-Identifier: Apache-2.0
"""Importing item lists: every fault named by row and column, one content one snapshot, comparison field by field."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from people import PARENT, key
from services.item_factory import COLUMNS, MAP, items, write_csv, write_map, write_xlsx
from services.record import events, written
from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.perform import perform
from zhengtong.acts.serving import city
from zhengtong.errors import BadInput, CityFaults, Contradicted, NotFound, Refused
from zhengtong.services.actions.import_item_list import ImportItemList
from zhengtong.services.engine.itemimport import import_items
from zhengtong.services.engine.itemstore import Snapshot, diff, iterate, open_snapshot
from zhengtong.services.item_files import load_item_mapping
from zhengtong.services.itemlists import (
    fault_counts,
    faults,
    import_list,
    layout,
    linked,
    names_of,
    present,
    recorded,
    repeated_codes,
)
from zhengtong.services.models import ItemSnapshot
from zhengtong.services.rules.itemfields import FIELDS, read_cell

AT = {name: n for n, name in enumerate(COLUMNS)}
FOOD = "11999900MB0000059H3990100502001"


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    return write_map(tmp_path / "map.yaml")


def changed(row: list[str], **values: str) -> list[str]:
    return [values.get(name, cell) for name, cell in zip(COLUMNS, row, strict=True)]


def taken(tmp_path: Path, rows: list[list[str]], mapping: Path, source: str = "province", **options: Any) -> Snapshot:
    file = write_csv(tmp_path / "list.csv", rows, **options)
    return import_items(file, layout(load_item_mapping(mapping)), tmp_path / "shelf", source, about={})


def test_the_same_list_is_one_snapshot_whatever_file_and_order_it_comes_in(tmp_path: Path, mapping: Path) -> None:
    rows = list(items(30))
    read = layout(load_item_mapping(mapping))
    files = [
        write_csv(tmp_path / "utf8.csv", rows),
        write_csv(tmp_path / "bom.csv", rows, encoding="utf-8-sig"),
        write_csv(tmp_path / "gbk.csv", rows, encoding="gb18030"),
        write_xlsx(tmp_path / "book.xlsx", rows),
        write_csv(tmp_path / "turned.csv", rows[::-1]),
    ]
    found = [import_items(file, read, tmp_path / "shelf", "province", about={}) for file in files]
    assert {one.manifest["rows"] for one in found} == {30}
    assert len({one.hash for one in found}) == 1
    assert [one.name for one in (tmp_path / "shelf").iterdir()] == [found[0].hash]
    assert taken(tmp_path, rows, mapping, "ministry").hash != found[0].hash
    assert taken(tmp_path, [changed(rows[0], 事项名称="别的"), *rows[1:]], mapping).hash != found[0].hash


def test_values_are_read_as_their_fields_say(tmp_path: Path, mapping: Path) -> None:
    row = changed(
        next(items(1)), 法定办结时限="20.0", 服务对象="自然人，企业法人,自然人", 是否收费="是", 网上办理深度="IV"
    )
    (read,) = iterate(taken(tmp_path, [row], mapping))
    assert (read["statutory_days"], read["audience"], read["fee"], read["online_depth"]) == (
        20, ["自然人", "企业法人"], True, 4,
    )  # fmt: skip
    assert read["kind"] in FIELDS["kind"].options
    assert read["fee_item"] is None


FAULTY: dict[str, tuple[dict[str, str], str, str, str]] = {
    "a code with a wrong check": ({"实施编码": "11440000MB00000013440100000000"}, "实施编码", "value", "31 characters"),
    "a number in words": ({"承诺办结时限": "五天"}, "承诺办结时限", "value", "whole number"),
    "a negative number": ({"到办事现场次数": "-1"}, "到办事现场次数", "value", "whole number"),
    "a word of no dictionary": ({"办件类型": "马上办"}, "办件类型", "value", "knows no such value"),
    "neither yes nor no": ({"是否收费": "看情况"}, "是否收费", "value", "yes or no"),
    "an invisible character": ({"事项名称": "出生\u200b登记"}, "事项名称", "value", "invisible"),
    "a character lost in conversion": ({"事项名称": "出生\ufffd登记"}, "事项名称", "value", "broken"),
    "a required field left empty": ({"事项名称": " "}, "事项名称", "missing", "empty"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_of_a_cell_is_named_and_the_rest_of_the_row_kept(tmp_path: Path, mapping: Path, name: str) -> None:
    change, column, code, words = FAULTY[name]
    rows = list(items(3))
    snapshot = taken(tmp_path, [rows[0], changed(rows[1], **change), rows[2]], mapping)
    (fault,) = faults(snapshot)
    assert (fault["line"], fault["column"], fault["code"], fault["rejected"]) == (3, column, code, False)
    assert words in fault["en"]
    assert snapshot.manifest["rows"] == 3


def test_rows_that_cannot_be_told_apart_are_left_out_and_say_so(tmp_path: Path, mapping: Path) -> None:
    rows = list(items(4))
    rows[1][0] = ""
    rows[2][0] = rows[0][0]
    rows.append([*rows[3], "more"])
    rows.append(rows[3][:5])
    snapshot = taken(tmp_path, rows, mapping)
    said = [(f["line"], f["code"], f["rejected"]) for f in faults(snapshot)]
    assert said == [
        (3, "missing", False), (3, "no_key", True), (4, "duplicate", True), (6, "width", True), (7, "width", True),
    ]  # fmt: skip
    assert (snapshot.manifest["rows"], snapshot.manifest["rejected"]) == (2, 4)
    assert "第 2 行" in faults(snapshot)[2]["zh"]
    assert fault_counts(snapshot)[0] == ("", "width", 2)


def test_a_file_that_is_no_list_is_refused_whole(tmp_path: Path, mapping: Path) -> None:
    read = layout(load_item_mapping(mapping))

    def refused(content: bytes, words: str, name: str = "list.csv") -> None:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadInput, match=words):
            import_items(tmp_path / name, read, tmp_path / "shelf", "province", about={})

    refused(b"", "no header")
    refused(",".join(COLUMNS).encode(), "no usable row")
    refused(",".join(COLUMNS[1:]).encode() + b"\n", "no such column")
    refused(",".join([*COLUMNS, COLUMNS[0]]).encode() + b"\n", "names a column twice")
    refused(b"\xff\xfe\x00\x01" * 9, "neither UTF-8 nor GB18030")
    refused(",".join(COLUMNS).encode() + b'\n"never closed', "quote")
    refused(b"\xd0\xcf\x11\xe0old excel", "no .xlsx workbook", "list.xls")
    assert list((tmp_path / "shelf").iterdir()) == []


def test_a_workbook_is_read_from_the_sheet_and_row_the_mapping_names(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["说明"])
    sheet = book.create_sheet("事项")
    sheet.append(["某省事项清单"])
    sheet.append(["主键", "名称", "时限"])
    sheet.append(["A", "出生登记", 5.0])
    sheet.append([None, None, None])
    sheet.append(["B", "落户", 10])
    book.save(tmp_path / "book.xlsx")
    text = "key: item_id\nsheet: 事项\nheader: 2\ncolumns: {item_id: 主键, name: 名称, promised_days: 时限}\n"
    read = layout(load_item_mapping(write_map(tmp_path / "map.yaml", text)))
    snapshot = import_items(tmp_path / "book.xlsx", read, tmp_path / "shelf", "province", about={})
    assert [(row["line"], row["key"], row["promised_days"]) for row in iterate(snapshot)] == [(3, "A", 5), (5, "B", 10)]
    wrong = layout(load_item_mapping(write_map(tmp_path / "map.yaml", text.replace("sheet: 事项", "sheet: 清单"))))
    with pytest.raises(BadInput, match="no such sheet"):
        import_items(tmp_path / "book.xlsx", wrong, tmp_path / "shelf", "province", about={})


MAPPINGS = {
    "a field nobody has": ("name: {column: 事项名称, required: true}", "nmae: 事项名称", "no such field"),
    "no column for the key": ("key: item_id", "key: handling_code", "the key has no column"),
    "a choice nobody has": ("即办件: immediate", "即办件: imediate", "no such choice"),
    "no regular expression": ('split: "[、]"', 'split: "[、"', "regular expression"),
    "an unknown key": ("key: item_id", "key: item_id\ncolour: red", "colour"),
}


@pytest.mark.parametrize("name", MAPPINGS)
def test_a_mapping_that_cannot_be_used_says_where(tmp_path: Path, name: str) -> None:
    old, new, words = MAPPINGS[name]
    with pytest.raises(CityFaults) as error:
        load_item_mapping(write_map(tmp_path / "map.yaml", MAP.replace(old, new, 1)))
    assert words in error.value.say("en") and "map.yaml:" in error.value.say("en")


def test_two_snapshots_differ_by_what_was_added_removed_and_changed(tmp_path: Path, mapping: Path) -> None:
    rows = list(items(6))
    before = taken(tmp_path, rows[:5], mapping)
    later = [rows[0], changed(rows[1], 承诺办结时限="99", 服务对象="企业法人"), *rows[3:]]
    after = taken(tmp_path, later, mapping)
    found = diff(before, after)
    assert (found.added, found.removed) == ([("ID00000005", "事项5")], [("ID00000002", "事项2")])
    assert [(c.key, c.field, c.after) for c in found.changed] == [
        ("ID00000001", "audience", ["企业法人"]), ("ID00000001", "promised_days", 99),
    ]  # fmt: skip
    assert diff(after, after) == diff(before, before)
    back = diff(after, before)
    assert (back.added, back.removed) == (found.removed, found.added)


PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), max_size=8)


@given(PAIRS, PAIRS)
@settings(deadline=None, max_examples=15)
def test_a_difference_carries_one_list_over_into_the_other(
    tmp_path_factory: pytest.TempPathFactory, one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("lists")
    text = "key: item_id\ncolumns: {item_id: k, promised_days: d}\n"
    read = layout(load_item_mapping(write_map(folder / "map.yaml", text)))
    snapshots, states = [], []
    for n, pairs in enumerate((one, other)):
        state = dict([*pairs, (9, 0)])
        file = write_csv(folder / f"{n}.csv", [[str(k), str(v)] for k, v in state.items()], columns=("k", "d"))
        snapshots.append(import_items(file, read, folder / "shelf", "s", about={}))
        states.append({str(k): v for k, v in state.items()})
    found = diff(*snapshots)
    carried = {k: v for k, v in states[0].items() if k not in dict(found.removed)}
    carried |= {k: states[1][k] for k, _ in found.added}
    carried |= {c.key: int(str(c.after)) for c in found.changed}
    assert carried == states[1]
    assert (not found.added and not found.removed and not found.changed) == (snapshots[0].hash == snapshots[1].hash)


# --- the act ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_import_is_recorded_once_and_its_files_are_held_to_the_record(
    state: Path, tmp_path: Path, mapping: Path
) -> None:
    file = write_csv(tmp_path / "list.csv", list(items(5)))
    snapshot = import_list(file, mapping, "province", SYSTEM)
    again = import_list(file, mapping, "province", SYSTEM)
    row = ItemSnapshot.objects.get()
    assert row.hash == snapshot.hash == again.hash
    assert (row.rows, row.faults, row.source) == (5, 0, "province")
    assert recorded(snapshot.hash[:10])[0] == row
    before = snapshot.rows.read_bytes()
    snapshot.rows.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    with pytest.raises(Contradicted, match="changed since it was imported"):
        recorded(snapshot.hash)
    manifest = json.loads((snapshot.folder / "manifest.json").read_text("utf-8"))
    manifest["files"]["rows.parquet"] = "0" * 64
    (snapshot.folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(Contradicted, match="not what was recorded"):
        recorded(snapshot.hash)


@pytest.mark.django_db
def test_only_the_data_bureau_imports_and_the_event_names_hashes_only(
    state: Path, tmp_path: Path, mapping: Path
) -> None:
    file = write_csv(tmp_path / "list.csv", list(items(2)))
    snapshot = import_list(file, mapping, "province", SYSTEM)
    fields = {n: getattr(ItemSnapshot.objects.get(), n) for n in (f.name for f in dataclasses.fields(ImportItemList))}
    before = written()
    with pytest.raises(Refused):
        perform(ImportItemList(**fields), PARENT, key())
    assert written() == before
    done = perform(ImportItemList(**{**fields, "hash": "1" * 64}), SYSTEM, key())
    ((type, objects, about),) = events(done)
    assert (type, objects) == ("items_imported", [f"item_snapshot:{'1' * 64}*"])
    assert about == {"source": "province", "rows": 2, "rejected": 0, "faults": 0}
    with pytest.raises(NotFound):
        open_snapshot(snapshot.folder.parent, "1" * 64)
    with pytest.raises(NotFound):
        open_snapshot(snapshot.folder.parent, "../../etc")


def test_the_citys_services_stand_beside_the_list_by_their_codes(tmp_path: Path, mapping: Path) -> None:
    food = changed(next(items(1)), 实施编码=FOOD, 事项名称="食品经营许可（新办）", 承诺办结时限="9", 到办事现场次数="0")
    links = {one.service: one for one in linked(taken(tmp_path, [food], mapping), city())}
    assert set(links) == set(city().keys("service"))
    assert not links["birth-registration"].found
    differs = {name: (theirs, ours) for name, theirs, ours in links["food-licence"].differs}
    assert differs["promised_days"] == (9, 10)
    assert "name" not in differs and "visits" not in differs


def test_a_report_counts_what_is_there_and_which_codes_stand_twice(tmp_path: Path, mapping: Path) -> None:
    rows = list(items(4))
    rows[1] = changed(rows[1], 实施编码=rows[0][1], 法定办结时限="")
    snapshot = taken(tmp_path, [changed(row, 法定办结时限=row[AT["法定办结时限"]] and "20") for row in rows], mapping)
    assert repeated_codes(snapshot) == (1, 2)
    expected = sum(bool(row[AT["法定办结时限"]]) for row in rows)
    assert (present(snapshot)["item_id"], present(snapshot)["statutory_days"]) == (4, expected)
    assert names_of(snapshot, ["ID00000002", "nobody"]) == {"ID00000002": "事项2"}


@pytest.mark.parametrize("text", ["=1+1", "7.5", "１２"])
def test_whole_numbers_are_whole(text: str) -> None:
    if text == "１２":
        assert read_cell(FIELDS["visits"], text) == 12
    else:
        with pytest.raises(BadInput):
            read_cell(FIELDS["visits"], text)
