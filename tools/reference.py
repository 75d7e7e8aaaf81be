# SPDX-License-Identifier: Apache-2.0
"""Write docs/reference/city-folder.md and commands.md from the models and commands themselves.

`python tools/reference.py` writes; with `--check` it exits 1 where a file is not what it would write, or where
`reference_words.yaml` lacks the words for a key or the example of a command, or holds words for what is gone.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

os.environ["ZHENGTONG_LANGUAGE"] = "en"  # the words of commands are chosen when they are imported

import typer
import yaml

from zhengtong import cli
from zhengtong.city import kinds
from zhengtong.city.commands import schema_of
from zhengtong.city.ground import register_ground

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs/reference"
GENERATED = "<!-- Written by tools/reference.py; change the models, or tools/reference_words.yaml. -->\n"
SKIPPED = frozenset({"Text"})
"""`{zh, en}` is explained once, at the head of the page."""


class Words:
    """The words at hand, and which of them were asked for."""

    def __init__(self, path: Path) -> None:
        self.given: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
        self.used: set[tuple[str, str]] = set()
        self.missing: list[str] = []

    def field(self, model: str, name: str) -> str:
        fields = self.given["fields"]
        own = fields.get(model, {})
        if name in own:
            self.used.add((model, name))
            return str(own[name]).rstrip(".")
        shared = fields.get(name)
        if not isinstance(shared, str):
            self.missing.append(f"fields: {model}.{name}")
            return ""
        self.used.add(("", name))
        return shared.rstrip(".")

    def example(self, command: str) -> str:
        if command not in self.given["examples"]:
            self.missing.append(f"examples: {command}")
        self.used.add(("examples", command))
        return str(self.given["examples"].get(command, ""))

    def unused(self) -> list[str]:
        """Words for keys and commands that no longer exist."""
        fields = self.given["fields"]
        held = {("", name) for name, text in fields.items() if isinstance(text, str)}
        held |= {(model, name) for model, own in fields.items() if isinstance(own, dict) for name in own}
        held |= {("examples", name) for name in (*self.given["examples"], *self.given["exits"])}
        return [" ".join(part for part in one if part) for one in sorted(held - self.used)]


def registered() -> Mapping[str, kinds.Kind]:
    register_ground(kinds.registry)
    import zhengtong.organization.definition
    import zhengtong.services.definition
    import zhengtong.services.definition_applicants  # registers its kinds
    import zhengtong.services.definition_archive  # and so do these
    import zhengtong.services.definition_tickets  # noqa: F401

    order = ["city", "calendar", "department", "role", "system", "supervision", "element", "code-list", "regime"]
    found = kinds.registry.kinds
    return {name: found[name] for name in [*order, *(name for name in found if name not in order)]}


def _head(name: str) -> str:
    """What a person wrote for the top of a page."""
    return Path(__file__).with_name(f"reference_{name}.md").read_text("utf-8")


def city_folder(words: Words) -> str:
    """The page about every kind of file and key."""
    parts = [GENERATED, _head("city_folder")]
    shown: set[str] = set()
    for kind in registered().values():
        where = f"`{kind.folder}`" if kind.is_file else f"`{kind.folder}/`"
        if kind.one_per_file:
            how = "one object" if kind.is_file else "one file each, named by its key"
        else:
            how = "a list" if kind.is_file else f"lists, in any number of files (or `{kind.folder}.yaml`)"
        note = words.given["notes"].get(kind.kind, "")
        parts.append(f"\n## {kind.kind} · {kind.name.zh}\n\n{where} — {how}. {note}".rstrip() + "\n")
        parts.extend(_models(kind, words, shown))
    return "".join(parts)


def _models(kind: kinds.Kind, words: Words, shown: set[str]) -> Iterator[str]:
    schema = schema_of(kind)
    items = schema.get("items", schema)
    definitions = {name: one for name, one in schema.get("$defs", {}).items() if "properties" in one}
    for name, one in {kind.model.__name__: items, **definitions}.items():
        if name in SKIPPED or name in shown:
            continue
        shown.add(name)
        if one is not items:
            yield f"\n### {name}\n"
        yield "\n| key | value | |\n|---|---|---|\n"
        required = set(one.get("required", ()))
        for key, value in one["properties"].items():
            must = "**required**" if key in required else _default(value)
            yield f"| `{key}` | {_type(value)}; {must} | {words.field(name, key)} |\n"


def _default(value: Mapping[str, Any]) -> str:
    default = value.get("default")
    if default is None or default == []:
        return "optional"
    return f"default `{str(default).lower() if isinstance(default, bool) else default}`"


def _type(value: Mapping[str, Any]) -> str:
    """A JSON Schema type in words."""
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return "text `{zh, en}`" if name == "Text" else name
    if "anyOf" in value:
        return " or ".join(_type(one) for one in value["anyOf"] if one.get("type") != "null")
    if "enum" in value or "const" in value:
        return " · ".join(f"`{one}`" for one in value.get("enum", [value.get("const")]))
    if "x-reference" in value:
        return f"key of a {value['x-reference']}"
    if "x-condition" in value:
        return "condition (CEL)"
    if value.get("type") == "array":
        items = value.get("items") or (value.get("prefixItems") or [{}])[0]
        return f"list of {_type(items)}"
    if value.get("type") == "integer":
        low, high = value.get("minimum"), value.get("maximum")
        return "integer" if low is None else f"integer ≥ {low}" if high is None else f"integer {low}–{high}"
    return {"string": str(value.get("format", "text")), "boolean": "`true` · `false`"}.get(
        str(value.get("type")), "value"
    )


def commands(words: Words) -> str:
    """The page about every command and option."""
    cli._add_rooms()
    root = typer.main.get_command(cli.app)
    parts = [GENERATED, _head("commands"), "\n## Options of every command\n\n"]
    parts.extend(_parameters(root))
    for name, command in _walk(root, ""):
        first, _, _ = _plain(command.help or "").partition("\n")
        parts.append(f"\n## zhengtong {name}\n\n{first}\n\n")
        parts.extend(_parameters(command))
        parts.append(f"\n```sh\n{words.example(name)}\n```\n")
        exits = words.given["exits"].get(name)
        if exits:
            parts.append(f"\nExit codes: {exits}.\n")
    return "".join(parts)


def _walk(command: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, one in sorted(getattr(command, "commands", {}).items()):
        path = f"{prefix} {name}".strip()
        if getattr(one, "commands", None):
            yield from _walk(one, path)
        else:
            yield path, one


def _plain(text: str) -> str:
    """A help text whose first sentence is English: some commands speak both languages at once."""
    lines = [line for line in text.splitlines() if line.strip() and not re.match(r"[\u4e00-\u9fff]", line)]
    return "\n".join(lines)


def _parameters(command: Any) -> Iterator[str]:
    rows = [one for one in command.params if one.name not in {"help", "install_completion", "show_completion"}]
    if not rows:
        yield "No options.\n"
        return
    yield "| argument or option | value | |\n|---|---|---|\n"
    for one in rows:
        option = any(name.startswith("-") for name in one.opts)
        name = ", ".join(one.opts) if option else (one.metavar or one.name).strip("[]{}").upper()
        given = "" if one.default in (None, False, "") else f"default `{one.default}`"
        must = "**required**" if one.required else given
        said = "; ".join(part for part in ("flag" if getattr(one, "is_flag", False) else _kind(one), must) if part)
        yield f"| `{name}` | {said} | {one.help or ''} |\n"


def _kind(parameter: Any) -> str:
    annotation = parameter.type_descriptor.annotation
    name = {"Path": "path", "str": "text", "int": "integer"}.get(annotation.__name__, annotation.__name__)
    low, high = parameter.min, parameter.max
    return name if low is None else f"{name} ≥ {low}" if high is None else f"{name} {low}–{high:,}"


def pages() -> tuple[dict[Path, str], list[str]]:
    """What every generated page should hold, and what the words lack or have too many of."""
    words = Words(Path(__file__).with_name("reference_words.yaml"))
    found = {REFERENCE / "city-folder.md": city_folder(words), REFERENCE / "commands.md": commands(words)}
    problems = [f"no words for {one}" for one in words.missing]
    problems += [f"words for what is gone: {one}" for one in words.unused()]
    return found, problems


def main(arguments: list[str]) -> int:
    found, problems = pages()
    if "--check" in arguments:
        problems += [
            f"{path.relative_to(ROOT)} is out of date: run `python tools/reference.py`"
            for path, text in found.items()
            if not path.is_file() or path.read_text("utf-8") != text
        ]
    else:
        for path, text in found.items():
            path.write_text(text, "utf-8")
    for problem in problems:
        print(f"tools/reference.py: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
