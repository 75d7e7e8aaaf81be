# SPDX-License-Identifier: Apache-2.0
"""`zhengtong accounts`: who may sign in, and as what. Run by whoever operates the installation."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from zhengtong.city.text import say
from zhengtong.errors import BadInput

app = typer.Typer(no_args_is_help=True, help=say("账号与任命", "Accounts and appointments"))
_screen = Console()

Username = Annotated[str, typer.Argument(help=say("账号", "the account"))]
RoleKey = Annotated[str, typer.Option("--role", help=say("角色（城市目录）", "a role of the city folder"))]
DepartmentKey = Annotated[
    str, typer.Option("--department", help=say("部门（城市目录）", "a department of the city folder"))
]


def _set_up() -> None:
    import django
    from django.apps import apps
    from django.core.management import call_command

    if not apps.ready:
        django.setup()
    call_command("migrate", verbosity=0, interactive=False)


@app.command(
    "add",
    help=say("开立账号。\n\n例：zhengtong accounts add chen --name 陈明", "Open an account.")
    + "\n\n"
    + say("密码：--password-file，或在提示后输入。", "Example: zhengtong accounts add chen --name 'Chen Ming'"),
)
def add(
    username: Username,
    *,
    name: Annotated[str, typer.Option(help=say("姓名", "the person's name"))],
    password_file: Annotated[
        Path | None, typer.Option(help=say("密码文件（首行）", "file whose first line is the password"))
    ] = None,
    machine: Annotated[
        bool,
        typer.Option("--machine", help=say("系统账号：无密码，只用令牌", "another system: no password, tokens only")),
    ] = False,
) -> None:
    _set_up()
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    from zhengtong.acts.actor import SYSTEM
    from zhengtong.acts.perform import perform
    from zhengtong.organization.actions.open_account import OpenAccount

    if machine:
        perform(OpenAccount(username, name, make_password(None), machine=True), SYSTEM, uuid.uuid4().hex)
        _screen.print(say(f"已开立系统账号 {username}。", f"Machine account {username} is open."))
        return
    if password_file:
        password = password_file.read_text("utf-8").splitlines()[0]
    else:
        password = typer.prompt(say("密码", "Password"), hide_input=True, confirmation_prompt=True)
    try:
        validate_password(password)
    except ValidationError as error:
        raise BadInput("密码不合要求", "the password will not do", found=" ".join(error.messages)) from None
    perform(OpenAccount(username, name, make_password(password)), SYSTEM, uuid.uuid4().hex)
    _screen.print(say(f"已开立账号 {username}。", f"Account {username} is open."))


@app.command(
    "appoint",
    help=say(
        "任命。\n\n例：zhengtong accounts appoint chen --role officer --department police",
        "Give a role.\n\nExample: zhengtong accounts appoint chen --role officer --department police",
    ),
)
def appoint(username: Username, *, role: RoleKey, department: DepartmentKey = "") -> None:
    _set_up()
    from zhengtong.acts.actor import SYSTEM
    from zhengtong.acts.perform import perform
    from zhengtong.organization.actions.appoint import Appoint

    perform(Appoint(username, role, department), SYSTEM, uuid.uuid4().hex)
    _screen.print(say(f"已任命 {username}：{role} {department}", f"{username} is now {role} {department}".rstrip()))


@app.command(
    "dismiss",
    help=say(
        "免去任命。\n\n例：zhengtong accounts dismiss chen --role officer --department police",
        "Take a role back.\n\nExample: zhengtong accounts dismiss chen --role officer --department police",
    ),
)
def dismiss(username: Username, *, role: RoleKey, department: DepartmentKey = "") -> None:
    _set_up()
    from zhengtong.acts.actor import SYSTEM
    from zhengtong.acts.perform import perform
    from zhengtong.organization.actions.end_appointment import EndAppointment

    perform(EndAppointment(username, role, department), SYSTEM, uuid.uuid4().hex)
    _screen.print(say(f"已免去 {username} 的 {role}", f"{username} is no longer {role}"))


@app.command(
    "list",
    help=say("列出账号与任命。\n\n例：zhengtong accounts list", "List accounts.\n\nExample: zhengtong accounts list"),
)
def list_(as_json: Annotated[bool, typer.Option("--json", help=say("输出 JSON", "print JSON"))] = False) -> None:
    _set_up()
    from zhengtong.organization.models import Account

    accounts = (
        Account.objects.exclude(username__startswith="person-").order_by("username").prefetch_related("appointments")
    )
    rows = [
        (
            a.username,
            a.name,
            [f"{p.role}@{p.department}".rstrip("@") for p in a.appointments.all() if p.ended_us is None],
        )
        for a in accounts
    ]
    if as_json:
        print(json.dumps([{"username": u, "name": n, "appointments": p} for u, n, p in rows], ensure_ascii=False))
        return
    table = Table(say("账号", "account"), say("姓名", "name"), say("任命", "appointments"))
    for username, name, held in rows:
        table.add_row(username, name, ", ".join(held))
    _screen.print(table if rows else say("还没有账号", "no accounts yet"))
