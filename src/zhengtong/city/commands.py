# SPDX-License-Identifier: Apache-2.0
"""`zhengtong check`, `new` and `schema`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from zhengtong.city import kinds
from zhengtong.city.ground import register_ground
from zhengtong.city.kinds import Kind
from zhengtong.city.load import City, find_city, load
from zhengtong.city.seeding import calendar_file, published_years
from zhengtong.city.text import language, say
from zhengtong.errors import CityFaults, Fault, WrongUse

CALENDARS_OF_A_NEW_CITY = 3

_CHECK_HELP = say(
    "检查城市目录：一次列出全部错误，写明文件、行、字段、实际与应有。\n\n"
    "--deploy 还检查部署是否安全。\n\n"
    "例：zhengtong check examples/city　　zhengtong check --json",
    "Check a city folder: every fault in one run, with file, line, field, found and expected.\n\n"
    "--deploy also asks whether the installation is set up safely.\n\n"
    "Examples: zhengtong check examples/city    zhengtong check --json",
)
_NEW_HELP = say(
    "新建一个小而完整的城市目录，可以直接检查。\n\n例：zhengtong new 我们的城市",
    "Start a small, complete city folder that passes the check.\n\nExample: zhengtong new our-city",
)
_SCHEMA_HELP = say(
    "输出某类文件的 JSON Schema，供编辑器提示；不写类别则列出全部类别。\n\n例：zhengtong schema element > element.json",
    "Print the JSON Schema of one kind of file for your editor; without a kind, list them all.\n\n"
    "Example: zhengtong schema element > element.json",
)


Deployment = Callable[[], list[dict[str, str]]]
"""→ what is wrong with an installation: `id`, `level`, `message` and `hint` of each."""
_deployment: list[Deployment] = []


def set_deployment_check(check: Deployment) -> None:
    """What `check --deploy` asks besides: the site knows how it is set up, the ground does not."""
    _deployment[:] = [check]


def add_to(app: typer.Typer) -> None:
    """Add the room's commands to the command line."""
    app.command("check", help=_CHECK_HELP)(check)
    app.command("new", help=_NEW_HELP)(new)
    app.command("schema", help=_SCHEMA_HELP)(schema)


def check(
    directory: Annotated[Path | None, typer.Argument(metavar="DIR", help=say("城市目录", "the city folder"))] = None,
    as_json: Annotated[bool, typer.Option("--json", help=say("输出 JSON", "print JSON"))] = False,
    deploy: Annotated[
        bool, typer.Option("--deploy", help=say("同时检查部署是否安全", "check the installation's security too"))
    ] = False,
) -> None:
    """Exit 0 when the folder can be used, 1 when it holds faults; wrong use raises WrongUse."""
    folder = find_city(directory)
    city: City | None
    faults: tuple[Fault, ...] = ()
    try:
        city = load(folder)
    except CityFaults as error:
        city, faults = None, error.faults
    found = [one for ask in _deployment for one in ask()] if deploy and city is not None else []
    if as_json:
        report = _report(city, faults) | ({"deployment": found} if deploy else {})
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
    elif city is None:
        _show_faults(faults)
    else:
        _show_counts(city)
        for one in found:
            typer.echo(f"{one['level']} {one['id']}: {one['message']}" + (f" ({one['hint']})" if one["hint"] else ""))
        if deploy and not found:
            typer.echo(say("部署没有发现问题", "nothing is wrong with the installation"))
    if city is None or any(one["level"] == "error" for one in found):
        raise typer.Exit(1)


def _report(city: City | None, faults: tuple[Fault, ...]) -> dict[str, Any]:
    checked = {name: len(of) for name, of in city.items.items()} if city else {}
    return {
        "ok": city is not None,
        "faults": [asdict(fault) for fault in faults],
        "checked": checked,
        "digest": city.digest if city else None,
    }


def _show_faults(faults: tuple[Fault, ...]) -> None:
    console = Console()
    title = say(f"{len(faults)} 处错误", f"{len(faults)} faults")
    if not console.is_terminal:
        # in a file or a pipe a fault is one line, which nothing folds
        typer.echo("\n".join([*(fault.say(language()) for fault in faults), title]))
        return
    table = Table(title=title, title_justify="left")
    table.add_column(say("位置", "place"), no_wrap=True)
    for zh, en in (("字段", "field"), ("错误", "fault"), ("实际", "found"), ("应为", "expected")):
        table.add_column(say(zh, en), overflow="fold")
    for fault in faults:
        words = fault.zh if language() == "zh" else fault.en
        cells = (f"{fault.file}:{fault.line}", fault.field, words, fault.found, fault.expected)
        # plain cells: square brackets of a file are no markup
        table.add_row(*(_plain(cell) for cell in cells))
    console.print(table)


def _plain(text: str) -> Any:
    from rich.text import Text

    return Text(text)


def _show_counts(city: City) -> None:
    table = Table(title=say("没有错误，已检查", "no faults; checked"), title_justify="left")
    table.add_column(say("类别", "kind"))
    table.add_column(say("数量", "number"), justify="right")
    for name, of in city.items.items():
        table.add_row(_plain(kinds.registry.kinds[name].name.say(language())), str(len(of)))
    console = Console()
    console.print(table)
    years = ", ".join(str(year.year) for year in city.calendar.years if year.published) or "—"
    console.print(
        _plain(
            say(
                f"放假通知已录入：{years}；其他年份的期限为暂定",
                f"holiday notices on file: {years}; limits in other years are provisional",
            )
        )
    )


def new(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help=say("新目录，须为空", "a new or empty folder"))],
) -> None:
    """Raises WrongUse for a folder that holds anything: nothing is ever overwritten."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise WrongUse(
            "目录不是空的，没有写入任何文件", "the folder is not empty; nothing was written", found=directory
        )
    for package in ("zhengtong.city", *kinds.registry.templates):
        with as_file(files(package) / "template") as template:
            shutil.copytree(template, directory, dirs_exist_ok=True)
    calendars = directory / "calendar"
    calendars.mkdir(exist_ok=True)
    for year in published_years()[-CALENDARS_OF_A_NEW_CITY:]:
        (calendars / f"{year}.yaml").write_text(calendar_file(year), encoding="utf-8")
    typer.echo(say(f"已建立 {directory}", f"made {directory}"))
    typer.echo(
        say(
            f"下一步：改 city.yaml，然后 zhengtong check {directory}",
            f"next: edit city.yaml, then zhengtong check {directory}",
        )
    )


def schema(
    kind: Annotated[str | None, typer.Argument(metavar="KIND", help=say("类别", "the kind"))] = None,
) -> None:
    """JSON Schema (2020-12) of one file of the kind. Raises WrongUse for a kind nobody registered."""
    register_ground(kinds.registry)
    registered = kinds.registry.kinds
    if kind is None:
        table = Table()
        table.add_column(say("类别", "kind"))
        table.add_column(say("名称", "name"))
        table.add_column(say("位置", "place"))
        for one in registered.values():
            table.add_row(one.kind, _plain(one.name.say(language())), one.folder + ("" if one.is_file else "/"))
        Console().print(table)
        return
    if kind not in registered:
        raise WrongUse("没有这个类别", "there is no such kind", found=kind, expected=", ".join(registered))
    typer.echo(json.dumps(schema_of(registered[kind]), ensure_ascii=False, indent=2))


def schema_of(kind: Kind) -> dict[str, Any]:
    """The schema of a whole file: of one object, or of a list of them."""
    one = kind.model.model_json_schema()
    whole: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    if kind.one_per_file:
        return {**whole, **one}
    definitions = one.pop("$defs", {})
    return {**whole, "type": "array", "items": one, "$defs": definitions}
