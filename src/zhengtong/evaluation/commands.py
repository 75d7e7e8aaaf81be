# SPDX-License-Identifier: Apache-2.0
"""`zhengtong logs` and `zhengtong mine`. Errors of the tree pass through to the command line's own face."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from zhengtong.city.text import language, say
from zhengtong.errors import Contradicted, WrongUse
from zhengtong.evaluation.definition import LogMapping, load_mapping
from zhengtong.evaluation.engine import ocel_tables, sources
from zhengtong.evaluation.engine.exporting import Exported, Format, export_log
from zhengtong.evaluation.engine.importing import Imported, import_log
from zhengtong.evaluation.engine.mining import EventLog
from zhengtong.evaluation.engine.report import Mined, mine_source
from zhengtong.evaluation.exporting import own_record
from zhengtong.evaluation.rules.lateness import Basis, readable
from zhengtong.ledger.engine.segments import Segments

ImportSource = Callable[..., Imported]
"""`import_log` itself, or an act that calls it with the same arguments and records the event."""

SHOWS_PROGRESS_FROM = 20 * 2**20


def state_folder() -> Path:
    return Path(os.environ.get("ZHENGTONG_STATE", "state"))


def logs_commands(import_source: ImportSource = import_log, record: Callable[[], Segments] = own_record) -> typer.Typer:
    """The `logs` group. `import_source` is what really carries an import out, `record` what gives the own record."""
    help_ = say("日志来源：导入、查看、导出", "Logs as sources: import, list, export")
    app = typer.Typer(help=help_, no_args_is_help=True)
    app.command("import", help=IMPORT_HELP)(_import(import_source))
    app.command("export", help=EXPORT_HELP)(_export(record))
    app.command("list", help=LIST_HELP)(_list)
    return app


IMPORT_HELP = (
    say(
        "导入一份日志（XES、CSV 或 OCEL 2.0，可为 .gz），成为来源",
        "Import a log (XES, CSV or OCEL 2.0, also .gz) as a source",
    )
    + "\n\n"
    + say("例：", "Examples:")
    + "\n\n    zhengtong logs import receipt.xes.gz --source permits"
    + "\n\n    zhengtong logs import export.csv --source vth --map vth.yaml --zone Europe/Amsterdam"
    + "\n\n    zhengtong logs import orders.jsonocel --source orders --case-type Invoice"
)


def _import(import_source: ImportSource) -> Callable[..., None]:
    """The command `logs import`, carried out by `import_source`."""

    def import_(
        file: Annotated[Path, typer.Argument(help=say("日志文件", "the log file"))],
        *,
        source: Annotated[str, typer.Option("--source", help=say("来源名称", "name of the source"))],
        mapping: Annotated[
            Path | None, typer.Option("--map", help=say("映射文件（YAML）", "mapping file (YAML)"))
        ] = None,
        zone: Annotated[
            str | None,
            typer.Option(help=say("无时区时间所用时区，如 Asia/Shanghai", "zone of times written without one")),
        ] = None,
        case_type: Annotated[
            str | None,
            typer.Option(
                "--case-type",
                help=say("OCEL：作为办件的对象类型", "OCEL: the type of object that plays the case"),
            ),
        ] = None,
        replace: Annotated[
            bool,
            typer.Option("--replace", help=say("替换同名的另一份日志", "replace another log of this name")),
        ] = False,
        as_json: Annotated[bool, typer.Option("--json", help=say("输出 JSON", "print JSON"))] = False,
    ) -> None:
        mapped = load_mapping(mapping) if mapping else LogMapping()
        if zone:
            mapped = mapped.in_zone(zone)
        if case_type:
            mapped = mapped.for_case_type(case_type)
        with _progress(file) as progress:
            done = import_source(
                file,
                source,
                state_folder(),
                now_us=time.time_ns() // 1000,
                mapping=mapped,
                replace=replace,
                progress=progress,
            )
        _say_imported(done, as_json)

    return import_


LIST_HELP = say(
    "列出已导入的来源。\n\n例：zhengtong logs list --json",
    "List the imported sources.\n\nExample: zhengtong logs list --json",
)


EXPORT_HELP = (
    say(
        "导出日志：一个来源；不写 --source 则为本市自己的存证记录（已封存的部分）。OCEL 2.0、XES 或 Parquet（目录）。"
        "存证记录中没有姓名和证件号码；化名和办件编号仍是引用，对能还原的人而言仍是个人信息，请据此保管。",
        "Export a log: a source, or without --source the city's own record as far as it is sealed. OCEL 2.0, XES or "
        "Parquet (a folder). The record holds no names or numbers of persons; pseudonyms and case numbers stay "
        "references, which are personal information to whoever can resolve them: keep the file accordingly.",
    )
    + "\n\n"
    + say("例：", "Examples:")
    + "\n\n    zhengtong logs export --format ocel-json --out record.jsonocel"
    + "\n\n    zhengtong logs export --source permits --format xes --out permits.xes"
)


def _export(record: Callable[[], Segments]) -> Callable[..., None]:
    def export(
        *,
        out: Annotated[Path, typer.Option("--out", help=say("写到哪里", "where to write it"))],
        format_: Annotated[
            Format, typer.Option("--format", help=say("格式；parquet 为一个目录", "the format; parquet is a folder"))
        ],
        source: Annotated[str | None, typer.Option("--source", help=say("来源名称", "name of the source"))] = None,
        case_type: Annotated[
            str | None,
            typer.Option(
                "--case-type", help=say("XES：作为办件的对象类型", "XES: the type of object that plays the case")
            ),
        ] = None,
        as_of: Annotated[
            int | None,
            typer.Option("--as-of", min=1, help=say("只到第几个封存的事件", "as of so many sealed events")),
        ] = None,
        replace: Annotated[
            bool, typer.Option("--replace", help=say("替换已有的文件", "replace what is there"))
        ] = False,
        as_json: Annotated[bool, typer.Option("--json", help=say("输出 JSON", "print JSON"))] = False,
    ) -> None:
        if source is not None and as_of is not None:
            raise WrongUse("--as-of 只用于本市的存证记录", "--as-of is for the city's own record only")
        origin = sources.get_source(state_folder(), source) if source is not None else record()
        done = export_log(origin, out, format_, case_type=case_type, as_of=as_of, replace=replace)
        _say_exported(done, as_json)

    return export


def _say_exported(done: Exported, as_json: bool) -> None:
    if as_json:
        print(json.dumps({**asdict(done), "path": str(done.path)}, ensure_ascii=False))
        return
    print(
        say(
            f"已导出 {done.path}：{done.events} 个事件，{done.objects} 个对象",
            f"exported {done.path}: {done.events} events, {done.objects} objects",
        )
    )
    if done.leaves is not None:
        print(say(f"  截至第 {done.leaves} 个封存的事件", f"  as of leaf {done.leaves}"))
    if done.left_out:
        print(say(f"  {done.left_out} 个事件不涉及办件，未列入", f"  {done.left_out} events concern no case: left out"))


def _list(
    as_json: Annotated[bool, typer.Option("--json", help=say("输出 JSON", "print JSON"))] = False,
) -> None:
    found = sources.list_sources(state_folder())
    if as_json:
        print(json.dumps([source.about for source in found], ensure_ascii=False, indent=2))
        return
    table = _table(
        say("来源", "source"),
        say("事件", "events"),
        say("办件", "cases"),
        say("活动", "activities"),
        say("自", "from"),
        say("至", "to"),
        say("文件", "file"),
    )
    for source in found:
        about = source.about
        counts = (str(about[key]) for key in ("events", "cases", "activities"))
        table.add_row(source.name, *counts, _day(about["first_us"]), _day(about["last_us"]), about["file"]["name"])
    Console().print(table if found else say("还没有来源", "no sources yet"))


def mine(
    source: Annotated[str, typer.Argument(help=say("来源名称", "name of the source"))],
    as_json: Annotated[bool, typer.Option("--json", help=say("输出 JSON", "print JSON"))] = False,
    top: Annotated[int, typer.Option(min=1, help=say("每张表显示多少行", "how many rows of each table"))] = 10,
    case_type: Annotated[
        str | None,
        typer.Option("--case-type", help=say("OCEL 来源：换一个对象类型看", "OCEL: see it by another type of object")),
    ] = None,
) -> None:
    """Registered by `zhengtong.cli` as the command `mine` with `MINE_HELP`."""
    found = sources.get_source(state_folder(), source)
    changed = found.changed()
    if changed:
        raise Contradicted(
            "来源文件已不是导入时的样子",
            "the source's files are not what the import wrote",
            where=source,
            found=", ".join(changed),
        )
    with ocel_tables.seen_by(found, case_type) as files, EventLog(*files) as log:
        mined = mine_source(found, log, top)
    if as_json:
        print(json.dumps(mined.to_json(), ensure_ascii=False, indent=2))
    else:
        _say_mined(mined, top)


MINE_HELP = (
    say(
        "过程挖掘：流程图、路径、时长、返工、逾期",
        "Process mining: map, variants, durations, rework, lateness",
    )
    + "\n\n"
    + say("例：", "Examples:")
    + "\n\n    zhengtong mine permits --top 20\n\n    zhengtong mine permits --json"
)


@contextmanager
def _progress(file: Path) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on standard error for a large file on a terminal; nothing for programs."""
    console = Console(stderr=True)
    if not console.is_terminal or not file.is_file() or file.stat().st_size < SHOWS_PROGRESS_FROM:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(say("读取", "reading"), total=file.stat().st_size)
        yield lambda taken, size: bar.update(task, completed=taken, total=size)


NOTES = {
    "events_out_of_order": (
        "处事件在文件中先后颠倒，已按时间排列",
        "events stood out of order and were sorted by time",
    ),
    "transitions": (
        "种生命周期状态都算作事件；可在映射中用 lifecycle 选择",
        "kinds of transition all count as events; choose with lifecycle in the mapping",
    ),
    "traces_merged": ("个办件由多段 trace 合并", "cases were merged from several traces"),
    "traces_without_events": ("个 trace 没有事件，未计入", "traces hold no event and are left out"),
    "case_attributes_changing": (
        "个办件的属性前后不一，取最后的值",
        "cases change an attribute on the way; the last value is kept",
    ),
    "times_left_out_by_clock_change": (
        "个时间落在拨快钟表的空档里",
        "times fall into the hour a clock change leaves out",
    ),
    "times_doubled_by_clock_change": ("个时间在拨慢钟表时出现两次", "times occur twice at a clock change"),
    "relations_doubled": ("条关系重复，只计一次", "relations stood twice and count once"),
    "rows_skipped": ("行有误，按映射略去", "faulty rows were skipped, as the mapping says"),
}


def _say_imported(done: Imported, as_json: bool) -> None:
    about = done.source.about
    if as_json:
        print(json.dumps({"fresh": done.fresh, **about}, ensure_ascii=False, indent=2))
        return
    if done.fresh:
        print(
            say(
                f"已导入 {about['name']}：{about['events']} 个事件，{about['cases']} 个办件，"
                f"{about['activities']} 种活动",
                f"imported {about['name']}: {about['events']} events, {about['cases']} cases, "
                f"{about['activities']} activities",
            )
        )
    else:
        print(say("这份日志早已导入，没有改动", "this very log is imported already; nothing was changed"))
    if "case_type" in about:
        types = "、" if language() == "zh" else ", "
        others = types.join(one for one in about["case_types"] if one != about["case_type"])
        print(
            say(
                f"  以“{about['case_type']}”为办件；其他对象类型（--case-type）：{others or '无'}",
                f"  the case is “{about['case_type']}”; other types of object (--case-type): {others or 'none'}",
            )
        )
    for code, count in about["notes"].items():
        print(f"  {count} {say(*NOTES[code])}")


def _say_mined(mined: Mined, top: int) -> None:
    console = Console()
    process, durations = mined.map, mined.durations
    console.print(
        say(
            f"{mined.source}：{process.events} 个事件，{process.cases} 个办件，{len(process.activities)} 种活动，"
            f"{len(process.arcs)} 条弧，{mined.variants.total} 种路径",
            f"{mined.source}: {process.events} events, {process.cases} cases, {len(process.activities)} activities, "
            f"{len(process.arcs)} arcs, {mined.variants.total} variants",
        )
    )
    if durations:
        console.print(
            say("办件时长：中位 ", "case duration: median ")
            + _long(durations.median_us)
            + say("，平均 ", ", mean ")
            + _long(durations.mean_us)
            + say("，九成在此以内 ", ", nine in ten within ")
            + _long(durations.percentiles[90])
        )
    arcs = _table(
        say("从", "from"),
        say("到", "to"),
        say("次数", "count"),
        say("中位", "median"),
        say("等待合计", "waiting in all"),
    )
    for arc in process.arcs[:top]:
        arcs.add_row(arc.source, arc.target, str(arc.count), _long(arc.median_us), _long(arc.waiting_us))
    console.print(say("流程图", "process map"), arcs)
    waits = _table(say("从", "from"), say("到", "to"), say("等待合计", "waiting in all"), say("中位", "median"))
    for arc in process.bottlenecks(top):
        waits.add_row(arc.source, arc.target, _long(arc.waiting_us), _long(arc.median_us))
    console.print(say("瓶颈", "bottlenecks"), waits)
    _say_paths(console, mined, top)
    _say_late(console, mined)


def _say_paths(console: Console, mined: Mined, top: int) -> None:
    paths = _table(say("办件", "cases"), say("路径", "variant"))
    for variant in mined.variants.top:
        paths.add_row(str(variant.cases), " → ".join(variant.sequence))
    console.print(say("路径", "variants"), paths)
    again = _table(
        say("活动", "activity"), say("办件", "cases"), say("重复", "repeats"), say("原地重复", "at once again")
    )
    for repeat in mined.rework.repeats[:top]:
        again.add_row(repeat.activity, str(repeat.cases), str(repeat.repeats), str(repeat.self_loops))
    console.print(say(f"返工（{mined.rework.cases} 个办件）", f"rework ({mined.rework.cases} cases)"), again)


def _say_late(console: Console, mined: Mined) -> None:
    if not mined.lateness:
        return
    late = _table(
        say("期限", "limit"),
        say("比较", "compared"),
        say("办结", "finished"),
        say("有期限", "with limit"),
        say("逾期", "late"),
        say("按时率", "on time"),
    )
    for one in mined.lateness:
        points = one.on_time_basis_points
        how = say("按日", "by date") if one.basis is Basis.DATE else say("按时刻", "by instant")
        share = "—" if points is None else f"{points / 100:.2f} %"
        late.add_row(one.due, how, str(one.finished), str(one.compared), str(one.late), share)
    console.print(say("逾期", "lateness"), late)
    if not mined.lateness[0].rule_declared:
        console.print(
            say(
                "日志没有说明何为办结，以最后一个事件为准",
                "the log does not say what finished means; a case's last event counts as its end",
            )
        )


def _table(*heads: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def _long(us: int) -> str:
    return readable(us)[0 if language() == "zh" else 1]


def _day(us: Any) -> str:
    return datetime.fromtimestamp(int(us) // 1_000_000, UTC).date().isoformat()
