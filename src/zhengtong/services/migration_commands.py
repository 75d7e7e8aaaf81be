# SPDX-License-Identifier: Apache-2.0
"""`zhengtong cases versions|migrate|revert`: running cases moved from one version of a life event to another."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from zhengtong.city.spreadsheets import harmless
from zhengtong.city.text import language, say
from zhengtong.services.item_commands import set_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zhengtong.services.migrating import CaseReport

_out = Console()
_errors = Console(stderr=True)
SHOWN = 20


def add_to(app: typer.Typer) -> None:
    """Add these commands to the group `cases`."""
    app.command("versions", help=VERSIONS_HELP)(versions)
    app.command("migrate", help=MIGRATE_HELP)(migrate)
    app.command("revert", help=REVERT_HELP)(revert)


From = Annotated[
    str, typer.Option("--from", help=say("现在的版本（哈希前 8 位以上）", "version they are on, 8 digits or more"))
]
To = Annotated[str, typer.Option("--to", help=say("要迁到的版本", "version to move to"))]
Report = Annotated[
    Path | None,
    typer.Option("--report", help=say("逐件报告写入文件（.csv 或 .json）", "write the report by case, .csv or .json")),
]
Json = Annotated[bool, typer.Option("--json", help=say("输出 JSON", "print JSON"))]

VERSIONS_HELP = say(
    "列出已发布的版本和在其上运行的办件数。\n\n例：zhengtong cases versions",
    "List published versions and how many cases run on each.\n\nExample: zhengtong cases versions",
)


def versions(as_json: Json = False) -> None:
    set_up()
    from zhengtong.services.queries import versions_in_use

    rows = versions_in_use()
    if as_json:
        typer.echo(json.dumps([row.__dict__ for row in rows], ensure_ascii=False, indent=2))
        return
    table = Table(say("一件事", "life event"), say("版本", "version"), say("办理中", "running"), say("全部", "all"))
    for row in rows:
        table.add_row(row.key, row.hash[:12] + (" *" if row.newest else ""), str(row.running), str(row.cases))
    _out.print(table)


MIGRATE_HELP = say(
    "把办理中的办件迁到同一件事的另一个已发布版本。已作出决定的环节不会消失，未问过的内容不会事后补问："
    "这样的办件不迁，并写明原因。"
    "\n\n例：zhengtong cases migrate --from 1f2e3d4c --to 9a8b7c6d --dry-run --report report.csv",
    "Move running cases to another published version of their life event. No decided step vanishes and nothing "
    "is asked afterwards: such cases stay, with the reason.\n\n"
    "Example: zhengtong cases migrate --from 1f2e3d4c --to 9a8b7c6d --dry-run --report report.csv",
)


def migrate(
    from_: From,
    to: To,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=say("只看结果，不迁移", "look only, move nothing"))
    ] = False,
    report: Report = None,
    as_json: Json = False,
) -> None:
    set_up()
    from zhengtong.acts.actor import SYSTEM
    from zhengtong.services import migrating

    old, new = migrating.version(from_), migrating.version(to)
    with Progress(console=_errors, transient=True, disable=not _errors.is_terminal) as bar:
        task = bar.add_task(say("逐件检查", "looking at each case"))

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        reports = migrating.dry_run(old, new, progress) if dry_run else migrating.migrate(old, new, SYSTEM, progress)
    _tell(reports, report, as_json=as_json)


REVERT_HELP = say(
    "撤回一次迁移：迁移后没有新进展的办件回到原版本。\n\n例：zhengtong cases revert --from 1f2e3d4c --to 9a8b7c6d",
    "Take a migration back: cases in which nothing has happened since go back to the version they were on.\n\n"
    "Example: zhengtong cases revert --from 1f2e3d4c --to 9a8b7c6d",
)


def revert(from_: From, to: To, report: Report = None, as_json: Json = False) -> None:
    set_up()
    from zhengtong.acts.actor import SYSTEM
    from zhengtong.services import migrating

    _tell(migrating.revert(migrating.version(from_), migrating.version(to), SYSTEM), report, as_json=as_json)


OUTCOMES = {
    "would_move": ("可以迁移", "would be moved"),
    "moved": ("已迁移", "moved"),
    "refused": ("不能迁移", "may not be moved"),
    "failed": ("未完成", "not done"),
    "reverted": ("已撤回", "taken back"),
}
COLUMNS = ("case", "outcome", "kept", "added", "removed", "handed", "refusals", "error")


def report_row(one: CaseReport) -> list[str]:
    """A report as cells of a table file; codes and keys only, so nothing in it can be a formula."""
    refusals = "; ".join(code + (f" ({', '.join(about)})" if about else "") for code, about in one.refusals)
    lists = [", ".join(names) for names in (one.kept, one.added, one.removed, one.handed)]
    return [one.case, one.outcome, *lists, refusals, one.error]


def _tell(reports: Sequence[CaseReport], file: Path | None, *, as_json: bool) -> None:
    """Exit 1 where some case was not moved."""
    if file is not None:
        _write(reports, file)
    if as_json:
        typer.echo(json.dumps([one.__dict__ for one in reports], ensure_ascii=False, indent=2))
    else:
        counted = Counter(one.outcome for one in reports)
        for outcome, count in sorted(counted.items()):
            _out.print(f"{say(*OUTCOMES[outcome])}: {count}")
        for one in [r for r in reports if r.refusals or r.error][:SHOWN]:
            _out.print(f"  {one.case}: {_why(one)}", highlight=False)
        if not reports:
            _out.print(say("这个版本上没有这样的办件", "no such case is on this version"))
    if any(one.outcome in {"refused", "failed"} for one in reports):
        raise typer.Exit(1)


def _why(one: CaseReport) -> str:
    from zhengtong.services.migrating import refusal_words
    from zhengtong.services.rules.migration import Refusal

    words = refusal_words([Refusal(code, about) for code, about in one.refusals], language())  # type: ignore[arg-type]  # codes of the rule itself
    return one.error or "; ".join(words)


def _write(reports: Sequence[CaseReport], file: Path) -> None:
    if file.suffix == ".csv":
        with file.open("w", encoding="utf-8-sig", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(COLUMNS)
            writer.writerows([harmless(cell) for cell in report_row(one)] for one in reports)
    else:
        file.write_text(json.dumps([one.__dict__ for one in reports], ensure_ascii=False, indent=2), "utf-8")
