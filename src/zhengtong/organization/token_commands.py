# SPDX-License-Identifier: Apache-2.0
"""`zhengtong tokens`: let other systems into the API, and out again. The page for the data bureau is `/tokens/`."""

from __future__ import annotations

import json
import uuid
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from zhengtong.city.text import say
from zhengtong.organization.rules.scopes import SCOPES

app = typer.Typer(no_args_is_help=True, help=say("API 令牌", "API tokens"))
_screen = Console()


def _set_up() -> None:
    import django
    from django.apps import apps
    from django.core.management import call_command

    if not apps.ready:
        django.setup()
    call_command("migrate", verbosity=0, interactive=False)


@app.command(
    "issue",
    help=say(
        "为系统账号签发令牌，只显示这一次。\n\n例：zhengtong tokens issue gateway --scope cases.read --days 90",
        "Issue a token to a machine account; it is shown this once.\n\n"
        "Example: zhengtong tokens issue gateway --scope cases.read --days 90",
    ),
)
def issue(
    username: Annotated[str, typer.Argument(help=say("系统账号", "the machine account"))],
    *,
    scope: Annotated[list[str], typer.Option(help=say("用途：", "purpose: ") + ", ".join(SCOPES))],
    days: Annotated[int, typer.Option(help=say("有效天数", "days it is valid"))] = 90,
) -> None:
    """The secret alone goes to standard output, so that it can be put where it belongs without being seen."""
    _set_up()
    from zhengtong.acts.actor import SYSTEM
    from zhengtong.acts.perform import perform
    from zhengtong.organization.actions.issue_token import IssueToken
    from zhengtong.organization.tokens import new_secret, secret_hash

    secret = new_secret()
    perform(IssueToken(username, secret_hash(secret), tuple(scope), days), SYSTEM, uuid.uuid4().hex)
    typer.echo(secret)


@app.command(
    "list",
    help=say("列出令牌。\n\n例：zhengtong tokens list", "List tokens.\n\nExample: zhengtong tokens list"),
)
def list_(as_json: Annotated[bool, typer.Option("--json", help=say("输出 JSON", "print JSON"))] = False) -> None:
    _set_up()
    from zhengtong.acts.serving import city
    from zhengtong.organization.queries import tokens

    days = city().calendar
    rows = [
        {
            "token": row.reference,
            "account": row.account.username,
            "scopes": row.scopes,
            "expires": f"{days.date_of(row.expires_us):%Y-%m-%d}",
            "revoked": row.revoked_us is not None,
        }
        for row in tokens()
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table(*(say(zh, en) for zh, en in (("令牌", "token"), ("系统", "account"), ("用途", "scopes"),
                                               ("到期", "expires"), ("已撤销", "revoked"))))  # fmt: skip
    for row in rows:
        scopes = ", ".join(str(scope) for scope in row["scopes"])
        table.add_row(
            str(row["token"]), str(row["account"]), scopes, str(row["expires"]), "×" if row["revoked"] else ""
        )
    _screen.print(table if rows else say("还没有令牌", "no tokens yet"))


@app.command(
    "revoke",
    help=say(
        "撤销令牌，立即生效。\n\n例：zhengtong tokens revoke 3f2a…",
        "Revoke a token, at once.\n\nExample: zhengtong tokens revoke 3f2a…",
    ),
)
def revoke(token: Annotated[str, typer.Argument(help=say("令牌编号", "reference of the token"))]) -> None:
    _set_up()
    from zhengtong.acts.actor import SYSTEM
    from zhengtong.acts.perform import perform
    from zhengtong.organization.actions.revoke_token import RevokeToken

    perform(RevokeToken(token), SYSTEM, uuid.uuid4().hex)
    _screen.print(say("已撤销。", "Revoked."))
