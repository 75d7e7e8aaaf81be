# SPDX-License-Identifier: Apache-2.0
"""`zhengtong preview`: a life event in every situation, from the city's files alone."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from zhengtong.city.text import language, say
from zhengtong.services.preview import Preview, Situation, from_files

PREVIEW_HELP = say(
    "发布之前查看一件事的每一种情形：问什么、带什么、哪些环节、多少天。"
    "有情形什么也不办，或有事项从不办理时，以 1 结束。\n\n"
    "例：zhengtong --city examples/city preview newborn",
    "A life event in every situation before it is published: what is asked, brought and decided, in how many days. "
    "Ends with 1 where a situation leads to nothing, or nothing leads to a service.\n\n"
    "Example: zhengtong --city examples/city preview newborn",
)


def preview(
    life_event: Annotated[str, typer.Argument(help=say("一件事的编码", "key of the life event"))],
    as_json: Annotated[bool, typer.Option("--json", help=say("供程序读取", "for programs"))] = False,
) -> None:
    """Registered by `zhengtong.cli` with `PREVIEW_HELP`. Reads files only. Raises CityFaults and NotFound."""
    from zhengtong.city.load import find_city, load

    found = from_files(load(find_city()), life_event)
    if as_json:
        typer.echo(json.dumps(_plain(found), ensure_ascii=False, indent=1))
    else:
        _show(found)
    if found.unused or any(one.empty for one in found.situations):
        raise typer.Exit(1)


def _plain(found: Preview) -> dict[str, object]:
    return {
        "life_event": found.event.key,
        "hash": found.event.hash,
        "total": found.total,
        "unused": [name.say(language()) for name in found.unused],
        "situations": [
            {
                "answers": dict(one.answers),
                "steps": [[step.key for step in wave] for wave in one.waves],
                "perhaps": [name.say(language()) for name in one.perhaps],
                "brings": [name.say(language()) for name in one.brings],
                "passed_on": [name.say(language()) for name in one.passed_on],
                "fields": one.fields,
                "departments": one.departments,
                "working_days": one.working_days,
            }
            for one in found.situations
        ],
    }


def _show(found: Preview) -> None:
    console = Console()
    table = Table(title=found.event.event.name.say(language()), show_lines=True)
    heads = ("情形 Situation", "环节 Steps", "材料 Documents", "填写 Questions", "部门 Departments", "工作日 Days")
    for head in heads:
        zh, en = head.split()
        table.add_column(say(zh, en))
    for one in found.situations:
        days = "–" if one.working_days is None else str(one.working_days)
        brings = "\n".join(name.say(language()) for name in one.brings) or "–"
        table.add_row(_words(one), _flow(one), brings, str(one.fields), str(one.departments), days)
    console.print(table)
    if found.total > len(found.situations):
        shown = len(found.situations)
        console.print(
            say(f"共 {found.total} 种情形，只列前 {shown} 种", f"the first {shown} of {found.total} situations")
        )
    for name in found.unused:
        text = name.say(language())
        console.print(say(f"没有任何情形会办理：{text}", f"no situation leads to: {text}"), style="red")


def _words(one: Situation) -> str:
    return "\n".join(answer.say(language()) for _question, answer in one.words) or "–"


def _flow(one: Situation) -> str:
    """One line a wave; what the form decides comes last, with a question mark."""
    if one.empty:
        return say("什么也不办", "nothing would be done")
    waves = [" + ".join(step.name.say(language()) for step in wave) for wave in one.waves]
    lines = [f"{index}. {wave}" for index, wave in enumerate(waves, start=1)]
    return "\n".join([*lines, *(f"? {name.say(language())}" for name in one.perhaps)])
