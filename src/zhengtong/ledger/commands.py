# SPDX-License-Identifier: Apache-2.0
"""`zhengtong ledger …` and `zhengtong verify FILE`."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from zhengtong.city.text import language, say
from zhengtong.errors import BadInput, ZhengtongError
from zhengtong.ledger import verifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zhengtong.ledger.composed import Log

app = typer.Typer(
    no_args_is_help=True,
    help=say(
        "存证记录：封存、取证、核验、审计。\n\n例：zhengtong ledger seal；zhengtong ledger audit --json",
        "The event record: seal, prove, verify, audit."
        "\n\nExamples: zhengtong ledger seal; zhengtong ledger audit --json",
    ),
)
Json = Annotated[bool, typer.Option("--json", help=say("以 JSON 输出", "print JSON"))]
_screen = Console()
_errors = Console(stderr=True)


@app.command(
    help=say(
        "封存所有已提交的事件，签发并发布检查点，导出分段。\n\n例：zhengtong ledger seal",
        "Seal all committed events, sign and publish a checkpoint, export segments.\n\nExample: zhengtong ledger seal",
    )
)
def seal(
    batch: Annotated[
        int, typer.Option(min=1, max=100_000, help=say("每个事务封存的事件数", "events a transaction"))
    ] = 1000,
    as_json: Json = False,
) -> None:
    with _faces_errors():
        from zhengtong.ledger.segments import export

        log = _log()
        sealed = log.seal(now_us=time.time_ns() // 1000, batch=batch)
        export(log)
    if as_json:
        _print_json(asdict(sealed))
        return
    _screen.print(
        say(
            f"新封存 {sealed.added} 个事件，共 {sealed.size} 个。",
            f"{sealed.added} events sealed, {sealed.size} in all.",
        )
    )
    if sealed.webhook not in {"off", "sent", "known"}:
        _errors.print(
            say("检查点未能送达，下次封存时再送：", "the checkpoint was not delivered; next time again: ")
            + sealed.webhook
        )


@app.command(
    help=say(
        "取得一个事件的凭证（JSON）。--since 为读者信任的检查点大小。\n\n"
        "例：zhengtong ledger prove 01997a… --since 1200 --out proof.json",
        "Fetch the bundle of an event (JSON). --since is the size of the checkpoint its reader trusts.\n\n"
        "Example: zhengtong ledger prove 01997a… --since 1200 --out proof.json",
    )
)
def prove(
    event: Annotated[str, typer.Argument(help=say("事件编号", "the event's id"))],
    since: Annotated[int | None, typer.Option(help=say("可信检查点的大小", "size of a trusted checkpoint"))] = None,
    at: Annotated[int | None, typer.Option(help=say("用这个大小的检查点", "use the checkpoint of this size"))] = None,
    out: Annotated[Path | None, typer.Option(help=say("写入文件", "write to a file"))] = None,
) -> None:
    with _faces_errors():
        text = json.dumps(_log().prove(event, since=since, at=at), ensure_ascii=False, indent=1) + "\n"
    if out:
        out.write_text(text, "utf-8")
    else:
        sys.stdout.write(text)


@app.command(
    help=say(
        "用可信的公钥和检查点核验整个日志：每个事件、每个节点、每个检查点。\n\n"
        "例：zhengtong ledger verify --key key.txt --checkpoint 1200.txt",
        "Check the whole log against a key and a checkpoint you trust: every event, node and checkpoint.\n\n"
        "Example: zhengtong ledger verify --key key.txt --checkpoint 1200.txt",
    )
)
def verify(
    key: Annotated[Path, typer.Option(exists=True, dir_okay=False, help=say("可信公钥", "the key you trust"))],
    checkpoint: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help=say("可信检查点", "the checkpoint you trust"))
    ],
    as_json: Json = False,
) -> None:
    from zhengtong.ledger.findings import Finding

    with _faces_errors(), _progress(as_json) as progress:
        log = _log()
        from zhengtong.ledger.whole import verify_log

        found: list[Finding] = verify_log(log, key.read_text("utf-8"), checkpoint.read_text("utf-8"), progress)
    _report(found, len(found), as_json)


@app.command(
    help=say(
        "找出绕过系统所做的一切改动：事件、树、检查点、数据行。发现问题时退出码为 1。"
        "\n\n例：zhengtong ledger audit --json",
        "Name everything changed behind the application's back: events, tree, checkpoints, rows."
        " Exits 1 with findings.\n\nExample: zhengtong ledger audit --json",
    )
)
def audit(as_json: Json = False) -> None:
    with _faces_errors(), _progress(as_json) as progress:
        log = _log()
        from zhengtong.ledger.audit import audit as run

        result = run(log, progress=progress)
    if as_json:
        _print_json(asdict(result))
        raise typer.Exit(1 if result.count else 0)
    if not result.count:
        _screen.print(
            say(
                f"{result.leaves} 个已封存事件、{result.rows} 行数据均自记录以来未被改动；"
                f"{result.waiting} 个事件待封存。",
                f"{result.leaves} sealed events and {result.rows} rows are unchanged since recorded; "
                f"{result.waiting} events wait to be sealed.",
            )
        )
        return
    _report(result.findings, result.count, as_json)


@app.command(
    "export-key",
    help=say(
        "输出日志的公钥。\n\n例：zhengtong ledger export-key > key.txt",
        "Print the log's public key.\n\nExample: zhengtong ledger export-key > key.txt",
    ),
)
def export_key() -> None:
    with _faces_errors():
        sys.stdout.write(_log().key_file())


def verify_file(
    file: Path, *, key: Path, checkpoint: Path | None = None, document: Path | None = None
) -> verifier.Verdict:
    """`zhengtong verify FILE` for bundles: offline, no database. Raises `BadInput` for what is no bundle."""
    try:
        return verifier.verify_bundle(
            file.read_text("utf-8"),
            key.read_text("utf-8"),
            checkpoint.read_text("utf-8") if checkpoint else None,
            now_us=time.time_ns() // 1000,
            document=document.read_bytes() if document else None,
        )
    except verifier.Malformed as error:
        raise BadInput(error.zh, error.en, where=file.name) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput("无法读取文件", "the file cannot be read", where=file.name, found=str(error)) from None


VERIFY_HELP = say(
    "核验凭证：已证明（退出码 0），仅承诺或相互矛盾（1）。\n\n"
    "例：zhengtong verify proof.json --key key.txt --checkpoint latest.txt",
    "Check a bundle: proven (exit 0), promised or contradicted (1).\n\n"
    "Example: zhengtong verify proof.json --key key.txt --checkpoint latest.txt",
)


def verify_command(
    file: Annotated[Path, typer.Argument(help=say("凭证（JSON）", "the bundle (JSON)"))],
    key: Annotated[Path, typer.Option(help=say("可信公钥", "the key you trust"))],
    checkpoint: Annotated[Path | None, typer.Option(help=say("可信检查点", "the checkpoint you trust"))] = None,
    document: Annotated[Path | None, typer.Option(help=say("凭证所指的文件", "the file the bundle speaks of"))] = None,
    as_json: Json = False,
) -> None:
    """The top-level `verify`; its help is `VERIFY_HELP`."""
    with _faces_errors():
        verdict = verify_file(file, key=key, checkpoint=checkpoint, document=document)
    if as_json:
        _print_json(asdict(verdict))
    else:
        zh = {"proven": "已证明", "promised": "仅承诺", "contradicted": "相互矛盾"}[verdict.state]
        _screen.print(say(zh, verdict.state), style="green" if verdict.state == "proven" else "red")
        for reason in verdict.reasons:
            _screen.print("  " + say(*reason))
    raise typer.Exit(0 if verdict.state == "proven" else 1)


def _log() -> Log:
    """The installation's log. Commands may run before anything else has set Django up."""
    import django
    from django.apps import apps

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhengtong.site.settings")
    if not apps.ready:
        django.setup()
    from django.core.management import call_command

    from zhengtong import ledger

    call_command("migrate", verbosity=0, interactive=False)  # an empty state folder holds an empty record
    return ledger.log()


def _report(found: Any, count: int, as_json: bool) -> None:
    """Findings as a table, or as JSON; exits 1 if there are any."""
    if as_json:
        _print_json({"count": count, "findings": [asdict(one) for one in found]})
    elif not count:
        _screen.print(say("一致：自记录以来未被改动。", "It agrees: unchanged since recorded."))
    else:
        table = Table(
            say("种类", "kind"),
            say("编号", "id"),
            say("发现", "finding"),
            say("涉及", "about"),
            title=say("不一致", "What disagrees"),
        )
        for one in found:
            about = ", ".join(f"{kind} {name}" for kind, name in one.related)
            table.add_row(one.object_type, one.object_id, say(one.zh, one.en), about)
        _screen.print(table)
        _screen.print(say(f"共 {count} 处。", f"{count} findings."))
    raise typer.Exit(1 if count else 0)


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on standard error for a person at a terminal; None for programs."""
    if quiet or not _errors.is_terminal:
        yield None
        return
    with Progress(console=_errors, transient=True) as bar:
        task = bar.add_task(say("核对", "checking"))
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _faces_errors() -> Iterator[None]:
    try:
        yield
    except ZhengtongError as error:
        _errors.print(error.say(language()), style="red", markup=False)
        raise typer.Exit(error.exit) from None


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
