# SPDX-License-Identifier: Apache-2.0
"""What Django's own deployment checks do not know: keys and who may read them, demo accounts, proxies, the address.

They run with `zhengtong check --deploy`, never at start-up: some ask the database, and one
tries a public password against the accounts of those who hold a role.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError

from zhengtong.organization.demo import PASSWORD
from zhengtong.organization.models import Account, ApiToken
from zhengtong.site.proxies import SOCKET, networks

SECRET_CHARACTERS = 43
"""256 bits in base64."""
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
MOST_TRIED = 2000
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def _message(number: int, zh: str, en: str, hint: str, kind: type[CheckMessage] = Error) -> CheckMessage:
    level = "E" if kind is Error else "W"
    made: Callable[..., CheckMessage] = kind
    return made(f"{en} / {zh}", hint=hint, id=f"zhengtong.{level}{number:03d}")


def _modes() -> Iterator[CheckMessage]:
    if settings.DEBUG:
        yield _message(1, "调试模式开着", "debugging is on", "unset ZHENGTONG_DEBUG")
    if settings.ZHENGTONG_DEMO:
        yield _message(2, "演示模式开着", "demo mode is on", "unset ZHENGTONG_DEMO")
    if not settings.HTTPS:
        yield _message(3, "没有启用 HTTPS", "HTTPS is not on", "set ZHENGTONG_HTTPS=1 behind TLS")


def _secret() -> Iterator[CheckMessage]:
    if len(settings.SECRET_KEY) < SECRET_CHARACTERS or len(set(settings.SECRET_KEY)) < 16:
        hint = "leave ZHENGTONG_SECRET_KEY unset (one is made), or set at least 43 random characters"
        yield _message(4, "签名密钥太短或太简单", "the secret key is short or simple", hint)


def _address() -> Iterator[CheckMessage]:
    found = urlsplit(settings.ZHENGTONG_PUBLIC_URL)
    host = found.hostname or ""
    if found.scheme != "https" or host in LOOPBACK:
        hint = "set ZHENGTONG_PUBLIC_URL to the https address people use; it is printed on notices"
        yield _message(5, "公开地址不是 https", "the public address is not an https one", hint)
    if any(name in ("*", "") or name.startswith(".") for name in settings.ALLOWED_HOSTS):
        hint = "name the hosts in ZHENGTONG_HOSTS"
        yield _message(6, "接受任意主机名", "any host name is answered", hint)
    elif host not in LOOPBACK and host not in settings.ALLOWED_HOSTS:
        hint = "add its host to ZHENGTONG_HOSTS"
        yield _message(7, "公开地址的主机名不在允许之列", "the public address is none of the hosts answered", hint)


def _proxies() -> Iterator[CheckMessage]:
    try:
        trusted, socket = networks(settings.ZHENGTONG_TRUSTED_PROXIES)
    except ValueError as error:
        yield _message(8, "受信代理写错了", f"a trusted proxy is none: {error}", "see ZHENGTONG_TRUSTED_PROXIES")
        return
    wide = [str(network) for network in trusted if network.prefixlen < (8 if network.version == 4 else 7)]
    if wide:
        hint = "name the proxies' own addresses in ZHENGTONG_TRUSTED_PROXIES"
        yield _message(9, "受信代理的范围太大", f"half the world is a trusted proxy: {', '.join(wide)}", hint)
    if settings.HTTPS and not trusted and not socket:
        hint = f"set ZHENGTONG_TRUSTED_PROXIES to the TLS proxy's address (or {SOCKET}), else every request redirects"
        yield _message(10, "启用了 HTTPS，但没有受信代理", "HTTPS is on and no proxy is trusted", hint, Warning)


def _files() -> Iterator[CheckMessage]:
    """Keys, database, uploads: nobody but the service's own account may read them."""
    state: Path = settings.ZHENGTONG_STATE
    keys = state / "keys"
    private = [state / "secret-key", keys, *(sorted(keys.rglob("*")) if keys.is_dir() else [])]
    for path in private:
        if path.exists() and path.stat().st_mode & OTHERS:
            yield _message(11, "密钥文件他人可读", f"others may read a key: {path.name}", f"chmod go= {path.name}")
    if state.exists() and state.stat().st_mode & stat.S_IRWXO:
        hint = f"chmod o= {state.name}"
        yield _message(12, "状态目录他人可读", "everyone on the machine may look into the state folder", hint)


def _accounts() -> Iterator[CheckMessage]:
    try:
        demo = Account.objects.filter(demo=True).count()
        posts = Account.objects.filter(appointments__ended_us=None, appointments__isnull=False, demo=False)
        known = [a.username for a in posts.distinct()[:MOST_TRIED] if check_password(PASSWORD, a.password)]
        persons = ApiToken.objects.filter(account__machine=False, revoked_us=None).count()
    except DatabaseError:
        hint = "run the check where ZHENGTONG_STATE or ZHENGTONG_DATABASE_URL points to the real database"
        yield _message(
            13, "数据库不可用，未检查账号", "the database is not ready; accounts were not looked at", hint, Warning
        )
        return
    if demo:
        hint = "begin with an empty state folder: demo accounts have a public password"
        yield _message(14, f"有 {demo} 个演示账号", f"{demo} demo accounts are there", hint)
    if known:
        hint = "give them passwords of their own"
        yield _message(15, "有账号使用公开的密码", f"the demo's password opens: {', '.join(known[:5])}", hint)
    if persons:
        hint = "revoke them: zhengtong tokens revoke"
        yield _message(16, "有令牌发给了个人账号", f"{persons} tokens stand for persons", hint)


CHECKS: Sequence[Callable[[], Iterator[CheckMessage]]] = (_modes, _secret, _address, _proxies, _files, _accounts)


@register(Tags.security, deploy=True)
def deployment(app_configs: Sequence[AppConfig] | None = None, **_: Any) -> list[CheckMessage]:
    """Every fault of this installation."""
    return [message for check in CHECKS for message in check()]


def all_messages() -> list[CheckMessage]:
    """Ours, Django's own, and those of the database's modes, worst first."""
    from django.core.checks import run_checks

    found = run_checks(include_deployment_checks=True, databases=["default"])
    silenced = set(settings.SILENCED_SYSTEM_CHECKS)
    return sorted((m for m in found if m.id not in silenced), key=lambda message: -message.level)
