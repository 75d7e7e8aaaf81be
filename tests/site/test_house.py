# SPDX-License-Identifier: Apache-2.0
"""The house's own rules, each as a test: doors, directions, sizes, licences, documents."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from django.apps import apps
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver
from typer.core import TyperGroup

from zhengtong import cli
from zhengtong.acts import authority
from zhengtong.ui.pages import Route, declared, undeclared, walk

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "src/zhengtong"
ROOMS = ("ledger", "acts", "ui", "organization", "services", "evaluation", "site")
"""From the ground up: a table refers to its own room or to one before it."""
API = ("api/v1/",)


def tracked() -> list[Path]:
    """What git holds, and what is about to be added to it."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True
    )
    if listed.returncode:
        pytest.skip("this is no git work tree: what belongs to the house is not known")
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


# Doors


def routes() -> dict[str, Route]:
    return {address: found for address, view in walk() if not address.startswith(API) and (found := declared(view))}


def test_every_route_declares_its_permission_or_why_it_is_public() -> None:
    assert undeclared(skip=API) == []
    assert len(routes()) > 30, "the walk found the site"
    for address, route in routes().items():
        assert route.permission or len(route.reason) > 5, address


def test_every_permission_of_a_route_is_one_that_somebody_holds() -> None:
    known = authority.rules()
    asked = {route.permission for route in routes().values() if route.permission}
    assert {permission for permission in asked if not known.get(permission)} == set()


def test_a_route_that_takes_a_post_says_so_and_nothing_takes_more() -> None:
    assert {method for route in routes().values() for method in route.methods} == {"GET", "HEAD", "POST"}
    writing = {address for address, route in routes().items() if "POST" in route.methods and not route.permission}
    assert writing == {"login/", "logout/", "ui/language", "ui/large-print", "verify/<str:code>/"}


@pytest.mark.django_db
def test_every_operation_of_the_interface_for_programs_answers_nobody_unasked() -> None:
    """Its addresses stand outside the pages' marks, so each is asked without a sign-in."""
    from django.test import Client

    found = [address for address, _view in walk() if address.startswith(API)]
    assert found
    open_to_all = set()
    for address in found:
        plain = re.sub(r"<[^>]+>", "M26-000001", "/" + address.replace("^", "").replace("$", ""))
        if Client().get(plain).status_code == 200:
            open_to_all.add(address)
    known = {"openapi.json", "life-events", "catalogue.jsonld", "docs"}
    assert {address.rsplit("/", 1)[-1] for address in open_to_all} <= known


def test_the_errors_of_django_have_pages_of_ours() -> None:
    resolver = get_resolver()
    for status in (400, 403, 404, 500):
        assert resolver.resolve_error_handler(status).__module__ == "zhengtong.ui.views"
    from django.conf import settings

    assert settings.CSRF_FAILURE_VIEW == "zhengtong.ui.views.csrf_failure"


def test_every_address_has_one_name_and_one_view() -> None:
    named = [name for name in _names(get_resolver().url_patterns) if name]
    assert sorted(set(named)) == sorted(named)


def _names(patterns: list[URLPattern | URLResolver], space: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _names(pattern.url_patterns, f"{space}{pattern.namespace or ''}:")
        else:
            yield f"{space}{pattern.name}"


# Directions


def upward(models: list[type[Model]]) -> list[str]:
    """Relations that point at a table of a room above. Django's own tables are below all."""
    faults = []
    for model in models:
        for field in model._meta.get_fields():
            other = field.related_model
            if not field.is_relation or field.auto_created or not isinstance(other, type):
                continue
            if _height(other) > _height(model):
                faults.append(f"{model._meta.label}.{field.name} → {other._meta.label}")
    return faults


def _height(model: type[Model]) -> int:
    module = model.__module__.split(".")
    return ROOMS.index(module[1]) if module[0] == "zhengtong" else -1


def test_no_relation_between_tables_points_upward() -> None:
    ours = [model for model in apps.get_models() if model.__module__.startswith("zhengtong.")]
    assert len(ours) > 10
    assert upward(ours) == []


def test_a_relation_that_points_upward_would_be_found() -> None:
    from django.db import models
    from django.test.utils import isolate_apps

    with isolate_apps("zhengtong.ledger", "zhengtong.services"):

        class Above(models.Model):
            class Meta:
                app_label = "services"

        class Below(models.Model):
            above = models.ForeignKey(Above, on_delete=models.CASCADE)

            class Meta:
                app_label = "ledger"

    Above.__module__, Below.__module__ = "zhengtong.services.models", "zhengtong.ledger.models"
    assert upward([Above, Below]) == ["ledger.Below.above → services.Above"]


def test_the_rooms_here_are_the_rooms_there_are() -> None:
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert packages - {"city"} == set(ROOMS), "a new room takes its place in the order"


# Sizes and licences


def test_every_source_file_begins_with_its_licence() -> None:
    held = [path for path in tracked() if path.suffix in {".py", ".html", ".css", ".js", ".po", ".typ", ".sh"}]
    assert len(held) > 200
    missing = [
        path.relative_to(ROOT).as_posix()
        for path in held
        if path.stat().st_size and "SPDX-License-Identifier: Apache-2.0" not in _head(path)
    ]
    assert missing == []


def _head(path: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8").splitlines()[:2])


def python_files() -> list[Path]:
    return [path for path in sorted(SOURCE.rglob("*.py")) if "migrations" not in path.parts]


def test_no_file_is_longer_than_400_lines() -> None:
    long = {p.relative_to(SOURCE).as_posix(): n for p in python_files() if (n := len(p.read_text().splitlines())) > 400}
    assert long == {}


def functions(source: str) -> Iterator[tuple[str, int]]:
    """(name, lines from `def` to the end) of every function."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_function_is_longer_than_60_lines() -> None:
    long = {
        f"{path.relative_to(SOURCE)}:{name}": lines
        for path in python_files()
        for name, lines in functions(path.read_text(encoding="utf-8"))
        if lines > 60
    }
    assert long == {}
    assert list(functions("def f():\n" + "    pass\n" * 60)) == [("f", 61)]


# What must not be committed

HOST = re.compile(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}|(?:--index-url|--find-links|--extra-index-url|registry\s*=)")
HELD = ("requirements", "Makefile", "pyproject.toml", "package.json", "package-lock.json", ".ci", ".npmrc")


def build_files() -> list[Path]:
    return [path for path in tracked() if path.relative_to(ROOT).parts[0] in HELD]


def test_lock_files_and_build_scripts_name_no_host() -> None:
    names = {path.name for path in build_files()}
    assert {"base.txt", "dev.txt", "Makefile", "package-lock.json", "run"} <= names
    found = {}
    for path in build_files():
        lines = path.read_text(encoding="utf-8").splitlines()
        hosts = [line for line in lines if HOST.search(line) and "127.0.0.1" not in line]
        # Where a package asks for support is its own metadata, and no address anything is fetched from.
        hosts = [line for line in hosts if not re.match(r'\s*"url": "https://(opencollective|github)\.com/', line)]
        if hosts:
            found[path.name] = hosts
    assert found == {}
    assert HOST.search('"resolved": "https://registry.example.org/x.tgz"') and HOST.search("--index-url x")


def test_every_locked_package_carries_its_hash() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        for package in re.split(r"\n(?=\S)", path.read_text(encoding="utf-8").strip()):
            if not package.startswith("#"):
                assert "--hash=sha256:" in package, f"{path.name}: {package[:60]}"


PERSONAL = re.compile(r"/(?:home|root|Users)/[a-z]")


def test_nothing_committed_names_a_path_of_somebodys_machine() -> None:
    found = {}
    for path in tracked():
        if path == Path(__file__) or path.suffix in {".png", ".pdf", ".gz", ".ico"}:
            continue
        lines = [line[:120] for line in path.read_text(encoding="utf-8").splitlines() if PERSONAL.search(line)]
        if lines:
            found[path.relative_to(ROOT).as_posix()] = lines
    assert found == {}


# Documents

SETTING = re.compile(r"ZHENGTONG_[A-Z][A-Z0-9_]*[A-Z0-9]")


def test_every_setting_is_documented() -> None:
    """What the source reads from the environment; `ZHENGTONG_SYSTEM_…` stands for one pair a system."""
    text = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    read = re.compile(r"""(?:environ(?:\.get|\.setdefault)?[(\[]|getenv\(|_flag\()\s*f?["'](ZHENGTONG_[A-Z0-9_]+)""")
    asked = {name for path in python_files() for name in read.findall(path.read_text(encoding="utf-8"))}
    assert len(asked) >= 10, "the search found the settings"
    assert {name for name in asked if name not in text} == set()


def test_no_document_speaks_of_a_setting_that_is_not_there() -> None:
    text = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    code = "".join(path.read_text(encoding="utf-8") for path in [*SOURCE.rglob("*.py"), *ROOT.glob("tests/**/*.py")])
    known = set(SETTING.findall(code))
    unknown = {n for n in SETTING.findall(text) if n not in known and not n.startswith("ZHENGTONG_SYSTEM_")}
    assert unknown == set()


def commands() -> list[str]:
    """Every command by its whole name, as typed after `zhengtong`."""
    if not cli.app.registered_commands:
        cli._add_rooms()
    group = typer.main.get_command(cli.app)
    assert isinstance(group, TyperGroup)
    return sorted(_below(group, ""))


def _below(group: TyperGroup, before: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _below(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"


def test_every_command_is_documented_and_says_in_both_languages_what_it_does() -> None:
    found = commands()
    assert {"serve", "worker", "demo", "check", "new", "mine", "verify", "ledger audit", "logs import"} <= set(found)
    text = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")
    assert [name for name in found if not re.search(rf"^## zhengtong {name}$", text, re.MULTILINE)] == []
    told = {
        language: subprocess.run(
            [str(ROOT / ".venv/bin/zhengtong"), "ledger", "--help"],
            env={"ZHENGTONG_LANGUAGE": language, "PATH": "/usr/bin:/bin", "ZHENGTONG_STATE": "/nonexistent"},
            capture_output=True,
            text=True,
        ).stdout
        for language in ("zh", "en")
    }
    assert "审计" in told["zh"] and "audit" in told["en"] and "审计" not in told["en"]


def test_the_glossary_leads_to_files_that_are_there() -> None:
    text = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    named = set(
        re.findall(r"`((?:src|examples|docs|tests|tools)?/?[\w-]+(?:/[\w.-]+)+\.(?:py|yaml|md|html|typ))`", text)
    )
    assert named
    gone = {name for name in named if not (ROOT / name).exists() and not (SOURCE / name).exists()}
    assert gone == set()


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = set()
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if not (path.parent / target).exists():
                broken.add(f"{path.name}: {target}")
    assert broken == set()
