# SPDX-License-Identifier: Apache-2.0
"""`zhengtong serve`, `worker` and `demo`: what needs all rooms together."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from zhengtong.city.text import language, say

if TYPE_CHECKING:
    from zhengtong.site.registers import Size

_errors = Console(stderr=True)


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("serve", help=SERVE_HELP)(serve)
    app.command("worker", help=WORKER_HELP)(worker)
    app.command("demo", help=DEMO_HELP)(demo)


def set_up() -> None:
    """Load Django once, for commands that need the database."""
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()


def import_source(*arguments: Any, **options: Any) -> Any:
    """The import of a log as an act: what `logs import` calls."""
    set_up()
    from django.core.management import call_command

    from zhengtong.evaluation.importing import import_source as carried_out

    call_command("migrate", verbosity=0, interactive=False)
    return carried_out(*arguments, **options)


def deployment_findings() -> list[dict[str, str]]:
    """What `check --deploy` tells besides the city folder's faults; warnings and worse."""
    set_up()
    from django.core.checks import ERROR, WARNING

    from zhengtong.site.checks import all_messages

    return [
        {
            "id": message.id or "",
            "level": "error" if message.level >= ERROR else "warning",
            "message": str(message.msg),
            "hint": str(message.hint or ""),
        }
        for message in all_messages()
        if message.level >= WARNING
    ]


SERVE_HELP = say(
    "启动网站和后台。--demo 使用演示城市的账号和数据。\n\n例：zhengtong --city examples/city serve --demo --port 8000",
    "Start the web and the worker. --demo brings the demo city's accounts and data.\n\n"
    "Example: zhengtong --city examples/city serve --demo --port 8000",
)
WORKER_HELP = say(
    "运行后台：外部系统、文书、时限、封存。\n\n例：zhengtong worker",
    "Run the worker: external systems, notices, limits, sealing.\n\nExample: zhengtong worker",
)
DEMO_HELP = say(
    "用真实的操作填充一年的演示活动，时间为模拟。--story 埋下三个原因，可在驾驶舱里找；--reveal 说出答案。\n\n"
    "例：zhengtong demo --cases 3000 --story 7",
    "Fill in a year of demo activity through the real actions under a simulated clock. --story hides three causes "
    "that the cockpit lets one find; --reveal tells them.\n\nExample: zhengtong demo --cases 3000 --story 7",
)


def serve(
    *,
    port: Annotated[int, typer.Option(min=1, max=65535, help=say("端口", "port"))] = 8000,
    host: Annotated[str, typer.Option(help=say("监听地址", "address to listen on"))] = "127.0.0.1",
    with_demo: Annotated[bool, typer.Option("--demo", help=say("演示模式", "demo mode"))] = False,
    cases: Annotated[int, typer.Option(min=0, help=say("演示办件数", "demo cases"))] = 240,
    story: Annotated[int | None, typer.Option(help=say("演示故事的种子", "seed of the demo's story"))] = None,
    workers: Annotated[int, typer.Option(min=1, help=say("网站进程数", "web processes"))] = 2,
    threads: Annotated[int, typer.Option(min=1, help=say("每个进程的线程数", "threads of each"))] = 8,
) -> None:
    if with_demo:
        os.environ["ZHENGTONG_DEMO"] = "1"
    os.environ.setdefault("ZHENGTONG_PUBLIC_URL", f"http://{host}:{port}")
    set_up()
    from django.conf import settings

    from zhengtong.site.serving import STAND_IN, Family, check_free, prepare

    check_free(host, port)
    prepare()
    family = Family(settings.ZHENGTONG_STATE)
    try:
        if with_demo:
            _fill(cases, story, only_if_empty=True)
            if STAND_IN.is_file():
                family.start_stand_in("card-system")
        family.start_web(host, port, workers, threads)
        family.start_worker()
        _errors.print(
            say(
                f"政通已启动：http://{host}:{port}/　按 Ctrl-C 停止",
                f"Zhengtong is up: http://{host}:{port}/  (Ctrl-C stops it)",
            )
        )
        code = family.watch()
    finally:
        family.end()
    raise typer.Exit(code)


def worker() -> None:
    set_up()
    from zhengtong.site.worker import Worker

    Worker().run()


def demo(
    *,
    cases: Annotated[int, typer.Option(min=1, help=say("办件数", "cases"))] = 3000,
    story: Annotated[int | None, typer.Option(help=say("故事的种子", "seed of the story"))] = None,
    residents: Annotated[int, typer.Option(min=200, help=say("登记簿中的人数", "people in the registers"))] = 9000,
    gaps: Annotated[float, typer.Option(min=0, max=1, help=say("登记簿缺漏的比例", "share the registers lack"))] = 0.03,
    reveal: Annotated[int | None, typer.Option(help=say("说出这个种子的原因", "tell the causes of this seed"))] = None,
) -> None:
    os.environ["ZHENGTONG_DEMO"] = "1"
    set_up()
    from zhengtong.site.registers import Size
    from zhengtong.site.serving import prepare

    prepare()
    if reveal is not None:
        _tell(reveal)
        return
    _fill(cases, story, only_if_empty=False, size=Size(residents, max(200, cases // 3), gaps))


def _tell(seed: int) -> None:
    """The truth about a story, one line a cause."""
    from zhengtong.site.demo import remembered_story

    for cause in remembered_story(seed).causes:
        typer.echo(cause.told().say(language()))


def _fill(cases: int, story: int | None, *, only_if_empty: bool, size: Size | None = None) -> None:
    """Demo accounts, then the simulated activity, with progress on a terminal."""
    from zhengtong.organization.demo import make_demo_accounts
    from zhengtong.services.models import Case
    from zhengtong.site.demo import simulate
    from zhengtong.site.worker import seal

    make_demo_accounts()
    if not cases or (only_if_empty and Case.objects.exists()):
        return
    with _progress() as progress:
        done = simulate(cases, story=story, progress=progress, size=size)
        seal()
    _errors.print(
        say(
            f"演示：{done.cases} 个办件，{done.acts} 次操作，跨 {done.days} 天（模拟）。",
            f"Demo: {done.cases} cases, {done.acts} acts over {done.days} simulated days.",
        )
    )


class _progress:  # noqa: N801  # reads as a function where it is used
    """A bar on a terminal, silence elsewhere."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, console=_errors, transient=True, disable=not _errors.is_terminal)

    def __enter__(self) -> Callable[[int, int], None]:
        self.bar.start()
        task = self.bar.add_task(say("模拟活动", "simulating"))
        return lambda done, total: self.bar.update(task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        self.bar.stop()
