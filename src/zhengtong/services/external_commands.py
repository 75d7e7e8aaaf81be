# SPDX-License-Identifier: Apache-2.0
"""`zhengtong external`: the systems of other authorities that decide steps, and whether their books agree with ours."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from zhengtong.city.text import language, say

if TYPE_CHECKING:
    from zhengtong.services.reconciling import Standing

app = typer.Typer(no_args_is_help=True, help=say("外部系统：时滞与对账", "External systems: lag and reconciliation"))
_screen = Console()

LEG_NAMES = {
    "handing_over": ("推送到接收", "handing over"),
    "deciding": ("接收到决定", "deciding"),
    "reporting": ("决定到回传", "reporting"),
    "whole": ("全程", "whole way"),
}
KIND_NAMES = {
    "missing_there": ("对方没有", "missing there"),
    "missing_here": ("我方没有", "missing here"),
    "state": ("状态不同", "states differ"),
    "number": ("证照号不同", "numbers differ"),
}
AsJson = Annotated[bool, typer.Option("--json", help=say("输出 JSON", "print JSON"))]


def _set_up() -> None:
    import django
    from django.apps import apps
    from django.core.management import call_command

    if not apps.ready:
        django.setup()
    call_command("migrate", verbosity=0, interactive=False)


@app.command(
    "status",
    help=say(
        "各外部系统的时滞、等待中的环节和未处理的对账差异。\n\n例：zhengtong external status card-system",
        "Lag, steps waiting and open differences of external systems.\n\n"
        "Example: zhengtong external status card-system",
    ),
)
def status(
    system: Annotated[str, typer.Argument(help=say("系统编码，缺省为全部", "key of a system; all if absent"))] = "",
    as_json: AsJson = False,
) -> None:
    _set_up()
    from zhengtong.acts.perform import now_us
    from zhengtong.services.reconciling import standing, standings

    found = [standing(system, now_us())] if system else standings(now_us())
    if as_json:
        typer.echo(json.dumps([_plain(one) for one in found], ensure_ascii=False))
    else:
        for one in found:
            _show(one)


@app.command(
    "reconcile",
    help=say(
        "立即取对方清单并对账；有未处理的差异时退出码为 1。\n\n例：zhengtong external reconcile card-system",
        "Fetch the system's list now and compare; exit code 1 while differences are open.\n\n"
        "Example: zhengtong external reconcile card-system",
    ),
)
def reconcile_(
    system: Annotated[str, typer.Argument(help=say("系统编码", "key of the system"))], as_json: AsJson = False
) -> None:
    _set_up()
    from zhengtong.acts.perform import now_us
    from zhengtong.services.reconciling import reconcile, standing

    done = reconcile(system).result
    one = standing(system, now_us())
    if as_json:
        typer.echo(json.dumps({**done, **_plain(one)}, ensure_ascii=False))
    else:
        _screen.print(
            say(
                f"一致 {done['agreed']} 件，在途 {done['moving']} 件，不一致 {done['found']} 件。",
                f"{done['agreed']} agree, {done['moving']} on the way, {done['found']} differ.",
            )
        )
        _differences(one)
    raise typer.Exit(1 if one.open else 0)


def _plain(one: Standing) -> dict[str, object]:
    return {
        "system": one.system.key,
        "lag_us": {
            leg: {"count": s.count, "median": s.median_us, "p90": s.p90_us} if s else None
            for leg, s in one.lags.items()
        },
        "waiting": [step.reference for step in one.waiting],
        "listed_us": one.last.listed_us if one.last else None,
        "open": [
            {"difference": row.reference, "application": row.application, "kind": row.kind}
            | {"ours": row.ours, "theirs": row.theirs}
            for row in one.open
        ],
    }


def _show(one: Standing) -> None:
    from zhengtong.acts.serving import city

    legs = Table(
        say("环节", "leg"), say("件数", "count"), say("中位数", "median"), say("90 分位", "p90"),
        title=one.system.name.say(language()), title_justify="left",
    )  # fmt: skip
    for leg, spread in one.lags.items():
        times = (_duration(spread.median_us), _duration(spread.p90_us)) if spread else ("–", "–")
        legs.add_row(say(*LEG_NAMES[leg]), str(spread.count if spread else 0), *times)
    _screen.print(legs)
    _screen.print(say(f"等待对方的环节：{len(one.waiting)}", f"Steps waiting: {len(one.waiting)}"))
    last = say("从未", "never")
    if one.last:
        last = f"{datetime.fromtimestamp(one.last.listed_us / 1e6, city().calendar.zone):%Y-%m-%d %H:%M}"
    _screen.print(say(f"上次对账：{last}", f"Last reconciled: {last}"))
    _differences(one)


def _differences(one: Standing) -> None:
    if not one.open:
        _screen.print(say("没有未处理的差异。", "No difference is open."))
        return
    table = Table(
        say("申请", "application"), say("差异", "difference"), say("我方", "ours"), say("对方", "theirs"),
    )  # fmt: skip
    for row in one.open:
        table.add_row(row.application, say(*KIND_NAMES[row.kind]), row.ours or "–", row.theirs or "–")
    _screen.print(table)


def _duration(us: int) -> str:
    """Seconds, minutes, hours or days: the largest of which there is at least one."""
    for size, zh, en in ((86_400, "天", "d"), (3_600, "小时", "h"), (60, "分钟", "min")):
        if us >= size * 1_000_000:
            return f"{us / 1e6 / size:.1f} {say(zh, en)}"
    return f"{us / 1e6:.1f} {say('秒', 's')}"
