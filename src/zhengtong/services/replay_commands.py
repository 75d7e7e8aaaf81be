# SPDX-License-Identifier: Apache-2.0
"""`zhengtong ledger replay`: the record folded into where every case and step stands."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from zhengtong.city.text import say
from zhengtong.ui.progress import progress_bar

if TYPE_CHECKING:
    from zhengtong.services.replaying import Replayed

_screen = Console()
SHOWN = 50
_WHAT = {
    "state": ("状态不同", "another state"),
    "definition": ("所依据的版本不同", "another version of the life event"),
    "version": ("行的版本号不同", "another version of the row"),
    "events": ("缺少事件", "events are missing"),
    "row": ("表中没有，或本应删除", "no row, or one that was deleted"),
    "record": ("记录中没有", "not in the record"),
}

REPLAY_HELP = say(
    "只凭事件记录重新推出每个办件和环节的状态；--compare 与数据表逐一核对，有出入时退出码为 1。\n\n"
    "例：zhengtong ledger replay --compare",
    "Work out from the events alone where every case and step stands; --compare holds it against the tables and"
    " exits 1 where they differ.\n\nExample: zhengtong ledger replay --compare",
)


def replay_command(
    *,
    compare: Annotated[bool, typer.Option(help=say("与数据表核对", "compare with the tables"))] = False,
    as_json: Annotated[bool, typer.Option("--json", help=say("输出 JSON", "print JSON"))] = False,
) -> None:
    import django
    from django.apps import apps
    from django.core.management import call_command

    if not apps.ready:
        django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    from zhengtong.services.replaying import replay

    with progress_bar(say("重放", "replaying")) as progress:
        done = replay(compare=compare, progress=progress)
    if as_json:
        plain = asdict(done) | {"events_per_second": done.events_per_second, "compared": compare}
        typer.echo(json.dumps(plain, ensure_ascii=False))
    else:
        _show(done, compared=compare)
    raise typer.Exit(1 if done.differs else 0)


def _show(done: Replayed, *, compared: bool) -> None:
    _screen.print(
        say(
            f"{done.events} 个事件，{done.cases} 个办件，{done.steps} 个环节；每秒 {done.events_per_second} 个事件。",
            f"{done.events} events, {done.cases} cases, {done.steps} steps; {done.events_per_second} events a second.",
        )
    )
    if not compared:
        table = Table(say("状态", "state"), say("数量", "number"))
        for name, count in done.states.items():
            table.add_row(name, str(count))
        _screen.print(table)
        return
    if not done.differs:
        _screen.print(say("与数据表一致。", "The tables agree."))
        return
    table = Table(say("编号", "id"), say("出入", "what differs"), say("记录", "record"), say("数据表", "table"))
    for one in done.differs[:SHOWN]:
        table.add_row(one.object_id, say(*_WHAT[one.what]), one.replayed, one.stored)
    _screen.print(table)
    _screen.print(say(f"共 {len(done.differs)} 处。", f"{len(done.differs)} in all."))
