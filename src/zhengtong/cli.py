# SPDX-License-Identifier: Apache-2.0
"""`zhengtong`: the rooms' commands under one roof. Exit 0 done, 1 the answer is "no", 2 wrong use."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from zhengtong.city.text import language, say
from zhengtong.errors import ZhengtongError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=say(
        "政通：运行并衡量一座城市的数字化转型。语言：ZHENGTONG_LANGUAGE=zh|en",
        "Zhengtong: run and measure a city's digital transformation. Language: ZHENGTONG_LANGUAGE=zh|en",
    ),
)


@app.callback()
def options(
    city: Annotated[
        Path | None, typer.Option(help=say("城市目录（默认 ZHENGTONG_CITY）", "city folder (default ZHENGTONG_CITY)"))
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help=say("状态目录（默认 ./state）", "state folder (default ./state)"))
    ] = None,
) -> None:
    """What every command shares; the environment carries it on."""
    if city is not None:
        os.environ["ZHENGTONG_CITY"] = str(city)
    if state is not None:
        os.environ["ZHENGTONG_STATE"] = str(state)


def _add_rooms() -> None:
    """The rooms' commands; none of them loads Django before it runs."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhengtong.site.settings")
    from zhengtong.city import commands as city_commands
    from zhengtong.evaluation import commands as evaluation_commands
    from zhengtong.ledger import commands as ledger_commands
    from zhengtong.organization import commands as organization_commands
    from zhengtong.organization import definition as _organization  # noqa: F401  # registers its kinds
    from zhengtong.organization import token_commands
    from zhengtong.services import (  # noqa: F401  # `check` knows every room's kinds
        archive_commands,
        case_commands,
        definition,
        definition_applicants,
        definition_archive,
        definition_tickets,
        external_commands,
        item_commands,
        migration_commands,
        preview_commands,
        replay_commands,
    )
    from zhengtong.services import commands as services_commands
    from zhengtong.site import commands as site_commands
    from zhengtong.site.keeping import commands as keeping_commands

    city_commands.add_to(app)
    city_commands.set_deployment_check(site_commands.deployment_findings)
    ledger_commands.app.command("replay", help=replay_commands.REPLAY_HELP)(replay_commands.replay_command)
    app.add_typer(ledger_commands.app, name="ledger")
    app.command("verify", help=ledger_commands.VERIFY_HELP)(ledger_commands.verify_command)
    app.add_typer(evaluation_commands.logs_commands(site_commands.import_source), name="logs")
    app.add_typer(organization_commands.app, name="accounts")
    app.add_typer(token_commands.app, name="tokens")
    app.command("mine", help=evaluation_commands.MINE_HELP)(evaluation_commands.mine)
    app.command("bpmn", help=services_commands.BPMN_HELP)(services_commands.bpmn)
    app.command("preview", help=preview_commands.PREVIEW_HELP)(preview_commands.preview)
    app.add_typer(services_commands.export, name="export")
    app.add_typer(external_commands.app, name="external")
    app.add_typer(item_commands.app, name="items")
    migration_commands.add_to(case_commands.app)
    app.add_typer(case_commands.app, name="cases")
    app.add_typer(archive_commands.app, name="archive")
    site_commands.add_to(app)
    keeping_commands.add_to(app)


def main() -> None:
    """Run the command line; errors of the tree are told, not traced."""
    _add_rooms()
    try:
        app()
    except ZhengtongError as error:
        Console(stderr=True).print(f"[bold red]{say('错误', 'Error')}[/] ", end="")
        print(error.say(language()), file=sys.stderr)
        raise SystemExit(error.exit) from None
