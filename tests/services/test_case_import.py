# SPDX-License-Identifier: Apache-2.0
"""A made-up hall's tables brought into the record: what is spoilt stays out, what is whole is measured by our clock."""

from __future__ import annotations

import csv
import importlib.util
import json
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

from people import account, do, officer
from visits import said, visitor
from zhengtong.acts.models import PerformedAct
from zhengtong.errors import BadInput, Conflict, NotFound
from zhengtong.ledger.models import Event
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.case_import import Report, import_cases, imported_figures, write_report
from zhengtong.services.casework import calendar, open_case
from zhengtong.services.engine.case_mapping import CaseMap, load_case_map
from zhengtong.services.models import Case, ImportedCase, Step
from zhengtong.services.sweep import sweep

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

DUMP = Path(__file__).resolve().parents[2] / "examples/dump"
HEADS = {
    "申请": "办件编号,事项编码,申请时间,承诺时限,法定时限",
    "受理": "办件编号,受理时间,受理结果",
    "过程": "办件编号,环节名称,办理时间",
    "特别程序": "办件编号,种类,开始时间,结束时间",
    "办结": "办件编号,办结时间,办结结果,是否按时,证照编号",
}
WHOLE = {
    "申请": ["H1,户口登记,2026-03-02 10:00:00,5,20"],
    "受理": ["H1,2026-03-03 09:00:00,受理"],
    "过程": ["H1,初审,2026-03-04 15:00:00"],
    "特别程序": ["H1,听证,2026-03-05 09:00:00,2026-03-12 17:00:00"],
    "办结": ["H1,2026-03-16 11:00:00,准予,否,Z001"],
}


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_dump", DUMP / "make_dump.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def mapping(**changes: object) -> CaseMap:
    return load_case_map(DUMP / "map.yaml").model_copy(update=changes)


def tables(folder: Path, **changes: list[str]) -> Path:
    """The one whole case, with some tables' rows replaced."""
    folder.mkdir(exist_ok=True)
    for name, rows in {**WHOLE, **changes}.items():
        (folder / f"{name}.csv").write_text("\n".join([HEADS[name], *rows]) + "\n", "utf-8")
    return folder


def load(folder: Path, **options: bool) -> Report:
    return import_cases(folder, mapping(), **options)  # type: ignore[arg-type]


def faults(report: Report) -> list[tuple[str, int, str]]:
    return [(fault.table, fault.row, fault.code) for fault in report.faults]


# --- one case -----------------------------------------------------------------------------------------------------


def test_a_case_comes_with_its_past_recorded_now(tmp_path: Path) -> None:
    assert load(tables(tmp_path / "d")).cases == {"left_out": 0, "unchanged": 0, "imported": 1}
    row = ImportedCase.objects.select_related("case").get()
    assert (row.source, row.source_number, row.result, row.case.channel) == ("hall", "H1", "Z001", "import")
    events = Event.objects.filter(objects_touched__object_id=row.case.number).distinct().order_by("time_us", "id")
    happened = [(e.type, calendar().date_of(e.time_us).isoformat()) for e in events if e.type != "form_recorded"]
    assert happened[:-1] == [
        ("case_submitted", "2026-03-02"), ("step_received", "2026-03-02"), ("step_accepted", "2026-03-03"),
        ("stage_recorded", "2026-03-04"), ("step_paused", "2026-03-05"), ("step_resumed", "2026-03-12"),
        ("step_granted", "2026-03-16"), ("case_closed", "2026-03-16"),
    ]  # fmt: skip
    assert happened[-1][0] == "case_imported"
    assert len(set(events.values_list("act", flat=True))) == 1
    assert all(e.recorded_us > e.time_us + 86_400_000_000 for e in events[:5]), "it does not pretend to be old"
    assert {e.attributes["source"] for e in events if "source" in e.attributes} == {"hall"}
    assert not row.case.notices.exists() and not hasattr(Step.objects.get(), "output"), "the source issued them, not we"


def test_our_clock_takes_the_pause_out_where_the_source_forgot_it(tmp_path: Path) -> None:
    report = load(tables(tmp_path / "d"))
    row = ImportedCase.objects.get()
    assert (row.late, row.source_on_time) == (False, False)
    assert report.on_time == {"only_theirs": 1}
    limit = open_case(row.case.number, row.service).limits(row.service, row.imported_us).limit("decide")
    assert limit and limit.promised and limit.statutory
    assert (limit.promised.amount, limit.statutory.amount, limit.excluded) == (5, 20, 5)
    assert limit.promised.due == date(2026, 3, 17)
    granted = Event.objects.get(type="step_granted")
    assert granted.attributes["promised_due_us"] == calendar().end_of_day(date(2026, 3, 17))


def test_a_decision_after_the_promise_is_late_whatever_the_source_says(tmp_path: Path) -> None:
    folder = tables(tmp_path / "d", 办结=["H1,2026-03-18 00:00:01,准予,是,Z001"])
    assert load(folder).on_time == {"only_ours": 1}
    assert ImportedCase.objects.get().late is True


def test_what_was_withdrawn_or_is_still_open_is_counted_as_what_it_is(tmp_path: Path) -> None:
    load(tables(tmp_path / "d", 办结=["H1,2026-03-16 11:00:00,撤回,是,"]))
    assert ImportedCase.objects.get().late is None, "nobody decided it"
    load(
        tables(
            tmp_path / "e",
            申请=["H2,户口登记,2026-03-02,5,20"],
            受理=["H2,2026-03-03,受理"],
            过程=[],
            特别程序=[],
            办结=[],
        )
    )
    assert ImportedCase.objects.get(source_number="H2").late is True, "open for months"
    (figures,) = imported_figures()
    assert (figures.cases, figures.closed, figures.late, figures.differ) == (2, 0, 1, 0)


def test_the_same_tables_again_change_nothing_and_write_nothing(tmp_path: Path) -> None:
    folder = tables(tmp_path / "d")
    load(folder)
    before = Event.objects.count(), PerformedAct.objects.count()
    assert load(folder).cases == {"left_out": 0, "unchanged": 1}
    assert (Event.objects.count(), PerformedAct.objects.count()) == before


def test_what_has_gone_on_in_the_source_is_taken_up_where_it_stood(tmp_path: Path) -> None:
    folder = tables(tmp_path / "d", 办结=[], 特别程序=[])
    load(folder)
    number = Case.objects.get().number
    assert Step.objects.get().state == "accepted"
    tables(folder)
    assert load(folder).cases["continued"] == 1
    assert Case.objects.get().phase == "completed" and Case.objects.get().number == number
    assert Event.objects.filter(type="step_accepted").count() == 1, "nothing is told twice"
    assert Event.objects.filter(type="case_imported").count() == 2


def test_a_source_that_rewrites_what_is_recorded_is_refused_and_named(tmp_path: Path) -> None:
    folder = tables(tmp_path / "d")
    load(folder)
    tables(folder, 受理=["H1,2026-03-03 16:00:00,受理"])
    report = load(folder)
    assert faults(report) == [("applications", 0, "conflict")] and report.faults[0].found != report.faults[0].expected
    assert open_case(Case.objects.get().number).case.phase == "completed"


def test_a_dry_run_finds_the_same_and_keeps_nothing(tmp_path: Path) -> None:
    folder = tables(tmp_path / "d")
    dry = load(folder, dry_run=True)
    assert (dry.cases["imported"], dry.on_time) == (1, {"only_theirs": 1})
    assert not Case.objects.exists() and not Event.objects.exists() and not PerformedAct.objects.exists()
    assert load(folder).cases["imported"] == 1


def test_an_imported_case_is_decided_where_it_came_from(tmp_path: Path) -> None:
    load(tables(tmp_path / "d", 办结=[], 特别程序=[]))
    number = Case.objects.get().number
    with pytest.raises(Conflict) as error:
        do(DecideStep(number, "birth-registration", True), officer("police"))
    assert error.value.en.startswith("this case is decided by the system it came from")
    assert sweep(calendar().end_of_day(date(2026, 9, 1))) == 0, "what silence did there is for the source to tell"


# --- faults -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"申请": []}, ("acceptances", 2, "orphan")),
        ({"申请": ["H1,户口登记,2026-02-30 10:00:00,5,20"]}, ("applications", 2, "time")),
        ({"申请": ["H1,户口登记,昨天,5,20"]}, ("applications", 2, "time")),
        ({"申请": ["H1,A-9,2026-03-02,5,20"]}, ("applications", 2, "code")),
        ({"申请": ["H1,户口登记,2026-03-02,,20"]}, ("applications", 2, "limit")),
        ({"申请": ["H1,户口登记,2026-03-02,五,20"]}, ("applications", 2, "days")),
        ({"申请": [*WHOLE["申请"], "H1,户口登记,2026-03-01,5,20"]}, ("applications", 3, "duplicate")),
        ({"申请": ["=1+1,户口登记,2026-03-01,5,20"]}, ("applications", 2, "number")),
        ({"受理": ["H1,2026-03-01 10:00:00,受理"]}, ("acceptances", 2, "order")),
        ({"受理": ["H1,2026-03-03 10:00:00,准予"]}, ("acceptances", 2, "outcome")),
        ({"受理": []}, ("completions", 2, "not_accepted")),
        ({"过程": ["H1,密谈,2026-03-04"]}, ("processes", 2, "code")),
        ({"办结": ["H1,2099-01-01,准予,是,"]}, ("completions", 2, "future")),
        ({"办结": ["H1,2026-03-16,不详,是,"]}, ("completions", 2, "code")),
        ({"办结": [*WHOLE["办结"], "H1,2026-03-20,不予,是,"]}, ("completions", 3, "duplicate")),
        ({"特别程序": ["H1,听证,2026-03-05,"]}, ("specials", 2, "open")),
        ({"申请": ["H1,户口登记,2026-03-02,90,20"]}, ("applications", 0, "bad_input")),
    ],
)
def test_each_fault_names_its_table_row_and_kind_and_the_case_stays_out(
    tmp_path: Path, changes: dict[str, list[str]], expected: tuple[str, int, str]
) -> None:
    report = load(tables(tmp_path / "d", **changes))
    assert expected in faults(report)
    assert not Case.objects.exists() and report.cases["imported"] == 0


def test_the_very_same_row_twice_says_nothing_new(tmp_path: Path) -> None:
    twice = {name: [*WHOLE[name], *WHOLE[name]] for name in ("申请", "受理", "办结")}
    report = load(tables(tmp_path / "d", **twice))
    assert report.faults == [] and report.cases["imported"] == 1


def test_where_the_map_says_so_the_citys_own_limit_stands_in(tmp_path: Path) -> None:
    folder = tables(tmp_path / "d", 申请=["H1,户口登记,2026-03-02,,"])
    assert import_cases(folder, mapping(missing_limit="ours")).cases["imported"] == 1
    row = ImportedCase.objects.get()
    limit = open_case(row.case.number, row.service).limits(row.service, row.imported_us).limit("decide")
    assert limit and limit.promised and limit.promised.amount == 5


def test_a_missing_file_or_column_is_told_before_anything_is_done(tmp_path: Path) -> None:
    folder = tables(tmp_path / "d")
    (folder / "办结.csv").write_text("办件编号,办结时间\nH1,2026-03-16\n", "utf-8")
    with pytest.raises(BadInput) as error:
        load(folder)
    assert "办结结果" in str(error.value.expected)
    (folder / "办结.csv").unlink()
    with pytest.raises(NotFound):
        load(folder)
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("file: 申请.csv", "file: ../secret.csv", "no such file"),
        ("number: 办件编号, service", "numbr: 办件编号, service", "needs the column number"),
        ("source: hall", "source: hall\ncolour: red", "no such key"),
        ("准予: granted", "准予: given", "not one of the allowed"),
        ("{pause: hearing}", "{}", "either pause or correction"),
    ],
)
def test_a_faulty_mapping_says_where_and_what(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = (DUMP / "map.yaml").read_text("utf-8")
    assert old in text
    path = tmp_path / "map.yaml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises((BadInput, NotFound)) as error:
        import_cases(tables(tmp_path / "d"), load_case_map(path))
    assert words in error.value.say("en")


# --- a whole hall -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "gb18030", "sqlite", "xlsx"])
def test_exactly_the_spoilt_cases_of_a_dump_stay_out_in_every_format(tmp_path: Path, form: str) -> None:
    spoilt = maker().make(tmp_path / "d", 40, seed=3, faults=30, form=form)
    whole = mapping()
    if form in {"sqlite", "xlsx"}:
        where = {"file": "hall.sqlite"} if form == "sqlite" else {"file": "hall.xlsx"}
        names = {name: table.file.removesuffix(".csv") for name, table in whole.tables.items()}
        key = "table" if form == "sqlite" else "sheet"
        changed = {n: t.model_copy(update={**where, key: names[n]}) for n, t in whole.tables.items()}
        whole = whole.model_copy(update={"tables": changed})
    report = import_cases(tmp_path / "d", whole, dry_run=form != "csv")
    assert len(spoilt) > 5
    assert {fault.number for fault in report.faults} == set(spoilt)
    assert report.cases["imported"] == 40 - len(spoilt) == 40 - report.cases["left_out"]
    assert sum(figure.cases for figure in imported_figures()) == (report.cases["imported"] if form == "csv" else 0)


def test_the_report_lists_every_fault_and_no_cell_becomes_a_formula(tmp_path: Path) -> None:
    report = load(tables(tmp_path / "d", 申请=["=HYPERLINK(1),户口登记,2026-03-01,5,20"]))
    write_report(report, tmp_path / "r.csv")
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(report.faults) and rows[0]["number"].startswith("'=")
    write_report(report, tmp_path / "r.json")
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))["rows"]["applications"] == 1
    with pytest.raises(BadInput):
        write_report(report, tmp_path / "r.pdf")


def test_the_page_shows_both_clocks_and_opens_the_case_to_its_department(tmp_path: Path) -> None:
    load(tables(tmp_path / "d"))
    number = Case.objects.get().number
    police = visitor(account("police", "officer", "police"))
    page = police.get("/workbench/imported/?differ=1")
    assert "1 imported case" in said(page) and number in said(page) and "H1" in said(page)
    address = f"/workbench/{number}/birth-registration/"
    assert address.encode() in page.content
    step = police.get(address)
    assert step.status_code == 200 and b'value="grant"' not in step.content
    assert address.encode() not in visitor(account("cdc", "officer", "cdc")).get("/workbench/imported/").content
    assert visitor(account("parent")).get("/workbench/imported/").status_code == 403
