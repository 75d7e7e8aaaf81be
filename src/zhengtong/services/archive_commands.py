# SPDX-License-Identifier: Apache-2.0
"""`zhengtong archive`: packages of closed cases, made, checked, listed, handed over."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from zhengtong.city.text import language, say
from zhengtong.errors import WrongUse, ZhengtongError
from zhengtong.ui.progress import progress_bar

if TYPE_CHECKING:
    from zhengtong.services.engine.archive import Finding
    from zhengtong.services.models import ArchivePackage

app = typer.Typer(no_args_is_help=True, help=say("电子文件归档", "Archive packages of closed cases"))
_screen = Console()
AsJson = Annotated[bool, typer.Option("--json", help=say("输出 JSON", "print JSON"))]


def _set_up() -> None:
    import django
    from django.apps import apps
    from django.core.management import call_command

    if not apps.ready:
        django.setup()
    call_command("migrate", verbosity=0, interactive=False)


@app.command(
    "build",
    help=say(
        "为办结的办件制作归档包。不写办件编号则处理最早办结的若干件。\n\n例：zhengtong archive build --limit 50",
        "Make packages of closed cases; without a case, of those closed first.\n\n"
        "Example: zhengtong archive build --limit 50",
    ),
)
def build_(
    case: Annotated[str, typer.Argument(help=say("办件编号", "number of a case"))] = "",
    limit: Annotated[int, typer.Option(min=1, help=say("最多制作几件", "at most so many"))] = 100,
) -> None:
    _set_up()
    from zhengtong.acts.actor import SYSTEM
    from zhengtong.acts.perform import now_us
    from zhengtong.ledger import log
    from zhengtong.services.archiving import build, prepare, to_file

    numbers = [case] if case else list(to_file().values_list("number", flat=True)[:limit])
    failed: list[tuple[str, ZhengtongError]] = []
    with progress_bar(say("制作归档包", "making packages")) as progress:
        for number in numbers:
            prepare(number)
        log().seal(now_us=now_us())
        for done, number in enumerate(numbers, 1):
            try:
                build(number, SYSTEM, uuid.uuid4().hex)
            except ZhengtongError as error:
                failed.append((number, error))
            progress(done, len(numbers))
    made = len(numbers) - len(failed)
    _screen.print(
        say(f"已归档 {made} 件，未能归档 {len(failed)} 件。", f"{made} filed, {len(failed)} could not be filed.")
    )
    for number, why in failed[:20]:
        _screen.print(f"{number}: {why.say(language())}")
    raise typer.Exit(1 if failed else 0)


@app.command(
    "verify",
    help=say(
        "核验归档包：文件齐全、内容未变；给出公钥和检查点时逐个核验存证。不写文件则核验库里的全部。\n\n"
        "例：zhengtong archive verify package.zip --key key.txt --checkpoint 1200.txt",
        "Check packages: nothing missing, nothing changed; with a key and a checkpoint every proof too. Without a "
        "file, all that lie in the store.\n\n"
        "Example: zhengtong archive verify package.zip --key key.txt --checkpoint 1200.txt",
    ),
)
def verify(
    file: Annotated[Path | None, typer.Argument(help=say("归档包", "a package"), exists=True, dir_okay=False)] = None,
    key: Annotated[Path | None, typer.Option(help=say("可信公钥", "the key you trust"), exists=True)] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help=say("可信检查点", "a checkpoint you trust"), exists=True)
    ] = None,
    as_json: AsJson = False,
) -> None:
    if (key is None) != (checkpoint is None):
        raise WrongUse("公钥和检查点要一起给出", "give the key and the checkpoint together")
    texts = {"key": key.read_text("utf-8"), "checkpoint": checkpoint.read_text("utf-8")} if key and checkpoint else {}
    from zhengtong.services.engine.archive import verify_package

    found: dict[str, list[Finding]] = {}
    if file is not None:
        found[file.name] = verify_package(file, **texts)
    else:
        _set_up()
        from zhengtong.services.archive_work import folder
        from zhengtong.services.models import ArchivePackage

        for row in ArchivePackage.objects.exclude(state="destroyed").order_by("id"):
            found[row.number] = verify_package(folder() / f"{row.sha256}.zip", manifest=row.manifest, **texts)
    _report(found, as_json)


def _report(found: dict[str, list[Finding]], as_json: bool) -> None:
    wrong = {name: findings for name, findings in found.items() if findings}
    if as_json:
        plain = {name: [{"kind": one.kind, "path": one.path} for one in findings] for name, findings in found.items()}
        typer.echo(json.dumps(plain, ensure_ascii=False))
    else:
        _screen.print(
            say(f"{len(found)} 个归档包，{len(wrong)} 个有问题。", f"{len(found)} packages, {len(wrong)} faulty.")
        )
        for name, findings in wrong.items():
            for one in findings:
                _screen.print(f"{name}: {one.kind} {one.path} – {say(one.zh, one.en)}")
    raise typer.Exit(1 if wrong else 0)


@app.command(
    "list",
    help=say(
        "列出归档包；--due 只列出到期应移交或应鉴定的。\n\n例：zhengtong archive list --due",
        "List packages; --due only those to be handed over or appraised by now.\n\n"
        "Example: zhengtong archive list --due",
    ),
)
def list_(
    due: Annotated[bool, typer.Option("--due", help=say("只列到期的", "only what is due"))] = False,
    as_json: AsJson = False,
) -> None:
    _set_up()
    from zhengtong.services.archiving import listed

    rows = listed(due=due)
    if as_json:
        typer.echo(json.dumps([_plain(row) for row in rows], ensure_ascii=False))
        return
    table = Table(
        say("档号", "number"),
        say("保管期限", "kept"),
        say("移交", "hand over"),
        say("鉴定", "appraise"),
        say("状态", "state"),
    )
    for row in rows:
        kept = (
            say("永久", "for ever")
            if row.keep_years is None
            else say(f"{row.keep_years} 年", f"{row.keep_years} years")
        )
        table.add_row(row.number, kept, str(row.transfer_on or "–"), str(row.appraise_on or "–"), row.state)
    _screen.print(table)


def _plain(row: ArchivePackage) -> dict[str, object]:
    return {
        "number": row.number,
        "case": row.case.number,
        "sha256": row.sha256,
        "state": row.state,
        "transfer_on": row.transfer_on.isoformat() if row.transfer_on else None,
        "appraise_on": row.appraise_on.isoformat() if row.appraise_on else None,
    }


@app.command(
    "transfer",
    help=say(
        "把归档包复制给接收单位，附移交清单，并凭其回执记录移交。\n\n"
        "例：zhengtong archive transfer 0099-2026-police-M26-000017 --to out --receiver 明川市档案馆 "
        "--receipt 移〔2026〕3号",
        "Copy packages for the archives with a list of them, and record the transfer against their receipt.\n\n"
        "Example: zhengtong archive transfer 0099-2026-police-M26-000017 --to out --receiver 'City archives' "
        "--receipt 3/2026",
    ),
)
def transfer(
    packages: Annotated[list[str], typer.Argument(help=say("档号", "numbers of packages"))],
    *,
    to: Annotated[Path, typer.Option(help=say("复制到的目录", "folder to copy to"))],
    receiver: Annotated[str, typer.Option(help=say("接收单位", "who receives them"))],
    receipt: Annotated[str, typer.Option(help=say("回执编号", "number of the receipt"))],
) -> None:
    _set_up()
    from zhengtong.acts.actor import SYSTEM
    from zhengtong.acts.perform import perform
    from zhengtong.services.actions.transfer_archive import TransferArchive
    from zhengtong.services.archive_work import file_of
    from zhengtong.services.models import ArchivePackage

    to.mkdir(parents=True, exist_ok=True)
    listed = []
    for number in packages:
        perform(TransferArchive(number, receiver, receipt), SYSTEM, uuid.uuid4().hex)
        row = ArchivePackage.objects.get(number=number)
        shutil.copyfile(file_of(row), to / f"{number}.zip")
        listed.append({"number": number, "sha256": row.sha256, "manifest": row.manifest, "size": row.size})
    text = json.dumps({"receiver": receiver, "receipt": receipt, "packages": listed}, ensure_ascii=False, indent=1)
    (to / "transfer.json").write_text(text + "\n", "utf-8")
    _screen.print(say(f"已移交 {len(listed)} 个归档包。", f"{len(listed)} packages handed over."))
