# SPDX-License-Identifier: Apache-2.0
"""`zhengtong bpmn` and `zhengtong export`: what a city defines, in the formats of others."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from zhengtong.city.text import language, say
from zhengtong.errors import WrongUse

BPMN_HELP = say(
    "将已发布的一件事导出为 BPMN 2.0（含图形布局）；--answer 只导出一种情形。\n\n"
    "例：zhengtong bpmn newborn --out newborn.bpmn\n\n"
    "例：zhengtong bpmn newborn --answer birth_place=institution --answer parents=married",
    "Export a published life event as BPMN 2.0 with its layout; --answer exports one situation.\n\n"
    "Example: zhengtong bpmn newborn --out newborn.bpmn\n\n"
    "Example: zhengtong bpmn newborn --answer birth_place=institution --answer parents=married",
)


def bpmn(
    life_event: Annotated[str, typer.Argument(help=say("一件事的编码", "key of the life event"))],
    answer: Annotated[
        list[str] | None, typer.Option("--answer", help=say("情形问题=选项", "question=option, one each"))
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help=say("写入文件", "write to a file"))] = None,
) -> None:
    """Registered by `zhengtong.cli` with `BPMN_HELP`; words in the command line's language."""
    answers = dict(_pair(one) for one in answer or ())
    import django
    from django.apps import apps

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhengtong.site.settings")
    if not apps.ready:
        django.setup()
    from django.core.management import call_command

    from zhengtong.services.flowchart import life_event_bpmn, system_names
    from zhengtong.services.queries import life_event as newest

    call_command("migrate", verbosity=0, interactive=False)  # an empty state folder holds no published version
    body = life_event_bpmn(newest(life_event), language(), answers or None, system_names())
    if out is not None:
        out.write_bytes(body)
    else:
        sys.stdout.buffer.write(body)


def _pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign:
        raise WrongUse("--answer 应写作 问题=选项", "--answer is written question=option", found=text)
    return key, value


export = typer.Typer(
    no_args_is_help=True,
    help=say("把城市目录导出为其他标准的格式", "The city folder in the formats of other standards"),
)


@export.callback()
def _group() -> None:
    """A group even while it has one command."""


@export.command(
    "cpsv-ap",
    help=say(
        "将事项、一件事、材料、结果、依据和部门导出为 CPSV-AP 3.2 的 JSON-LD。\n\n"
        "例：zhengtong --city examples/city export cpsv-ap --out catalogue.jsonld",
        "Services, life events, evidence, outputs, rules and organisations as CPSV-AP 3.2 in JSON-LD.\n\n"
        "Example: zhengtong --city examples/city export cpsv-ap --out catalogue.jsonld",
    ),
)
def cpsv_ap(
    out: Annotated[Path | None, typer.Option("--out", help=say("写入文件", "write to a file"))] = None,
    site: Annotated[
        str | None,
        typer.Option(
            "--site", help=say("网站地址（默认 ZHENGTONG_PUBLIC_URL）", "the site (default ZHENGTONG_PUBLIC_URL)")
        ),
    ] = None,
) -> None:
    """Reads files only: a city can be exported before it is ever served. Raises CityFaults."""
    from zhengtong.city.load import find_city, load
    from zhengtong.services.engine.cpsv import CATALOGUE_PATH, catalogue

    portal = (site or os.environ.get("ZHENGTONG_PUBLIC_URL", "http://127.0.0.1:8000")).rstrip("/")
    body = catalogue(load(find_city()), portal + CATALOGUE_PATH, portal)
    text = json.dumps(body, ensure_ascii=False, indent=1) + "\n"
    if out is not None:
        out.write_text(text, encoding="utf-8")
    else:
        sys.stdout.buffer.write(text.encode())
