# SPDX-License-Identifier: Apache-2.0
"""`zhengtong cases`: case tables of another system into the record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from zhengtong.city.text import language, say
from zhengtong.ui.progress import progress_bar

if TYPE_CHECKING:
    from zhengtong.services.case_import import Report

app = typer.Typer(
    no_args_is_help=True,
    help=say("办件：导入已有系统的办件表，版本迁移", "Cases: tables of existing systems, migration between versions"),
)
_screen = Console()
SHOWN = 20


@app.command(
    "import",
    help=say(
        "按映射文件导入办件表（申请、受理、过程、特别程序、办结）；逐行检查，有错的办件不导入。再次导入只取变化。\n\n"
        "例：zhengtong cases import dump --map map.yaml --dry-run --report faults.csv",
        "Import case tables (applications, acceptances, stages, special procedures, completions) by a mapping file; "
        "each row is checked, a case with a fault is left out. Importing again takes what has changed.\n\n"
        "Example: zhengtong cases import dump --map map.yaml --dry-run --report faults.csv",
    ),
)
def import_(
    folder: Annotated[Path, typer.Argument(help=say("存放表的目录", "folder that holds the tables"), exists=True)],
    mapping: Annotated[Path, typer.Option("--map", help=say("映射文件", "mapping file"), exists=True)],
    *,
    dry_run: Annotated[bool, typer.Option(help=say("试运行，什么都不写入", "do all of it and keep nothing"))] = False,
    report: Annotated[
        Path | None, typer.Option(help=say("把逐行问题写入 .csv 或 .json", "write the faults to a .csv or .json"))
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=say("输出 JSON", "print JSON"))] = False,
) -> None:
    import django
    from django.apps import apps
    from django.core.management import call_command

    if not apps.ready:
        django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    from zhengtong.services.case_import import import_cases, write_report
    from zhengtong.services.engine.case_mapping import load_case_map

    read = load_case_map(mapping)
    with progress_bar(say("导入办件", "importing cases")) as progress:
        done = import_cases(folder, read, dry_run=dry_run, progress=progress)
    if report is not None:
        write_report(done, report)
    if as_json:
        typer.echo(json.dumps(done.plain(), ensure_ascii=False))
    else:
        _show(done)
    raise typer.Exit(1 if done.faults else 0)


def _show(done: Report) -> None:
    if done.dry_run:
        _screen.print(say("试运行，没有写入任何内容。", "Dry run: nothing was kept."))
    cases = done.cases
    _screen.print(
        say(
            f"新导入 {cases['imported']} 件，有进展 {cases['continued']} 件，无变化 {cases['unchanged']} 件，"
            f"未导入 {cases['left_out']} 件；共 {sum(done.rows.values())} 行，每秒 {done.rows_per_second} 行。",
            f"{cases['imported']} imported, {cases['continued']} brought on, {cases['unchanged']} unchanged, "
            f"{cases['left_out']} left out; {sum(done.rows.values())} rows, {done.rows_per_second} a second.",
        )
    )
    if done.on_time:
        agree, ours, theirs = (done.on_time[key] for key in ("agree", "only_ours", "only_theirs"))
        _screen.print(
            say(
                f"是否按时：与来源一致 {agree} 件，仅我方认为超期 {ours} 件，仅来源认为超期 {theirs} 件。",
                f"On time or not: {agree} agree with the source, {ours} late by our clock alone, "
                f"{theirs} late by the source alone.",
            )
        )
    if done.faults:
        table = Table(
            say("表", "table"), say("行", "row"), say("办件", "case"), say("问题", "fault"), say("实际", "found")
        )
        for fault in done.faults[:SHOWN]:
            words = fault.zh if language() == "zh" else fault.en
            table.add_row(fault.table, str(fault.row or "–"), fault.number, words, fault.found or "–")
        _screen.print(table)
        _screen.print(say(f"共 {len(done.faults)} 处问题。", f"{len(done.faults)} faults in all."))
