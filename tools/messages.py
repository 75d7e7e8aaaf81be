# SPDX-License-Identifier: Apache-2.0
"""Translations: `check` them, `extract` what is missing into the rooms' .po files, `compile` them to .mo.

    python tools/messages.py check | extract | compile

Messages are English in templates and code; each room keeps its Chinese in locale/zh_Hans/LC_MESSAGES/django.po.
Babel reads and writes the catalogues, Django's `templatize` turns templates into what Babel can read: no gettext
binaries. `check` ends with 1 and names every message that lacks a translation, disagrees with its original about
placeholders, is fuzzy, or is used no more.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

SOURCE = Path(__file__).resolve().parent.parent / "src/zhengtong"
LOCALE = "zh_Hans"
PO = Path("locale") / LOCALE / "LC_MESSAGES/django.po"
TEMPLATES = {".html", ".txt", ".svg"}
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "_lazy": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
HEADER = f"""# SPDX-License-Identifier: Apache-2.0
msgid ""
msgstr ""
"Language: {LOCALE}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""  # no dates or names: they would change with every run
PLACEHOLDER = re.compile(r"%\(\w+\)[sdf]|%[sd]|\{\w*\}")


@dataclass(frozen=True, order=True)
class Fault:
    """What is wrong with one message of one catalogue; `where` is a place that uses it, if any."""

    room: str
    problem: str
    message: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.room}: {self.problem}: {self.message!r}" + (f" ({self.where})" if self.where else "")


def rooms(source: Path) -> list[Path]:
    """Every package of the house, whether or not it has messages yet."""
    return sorted(path for path in source.iterdir() if path.is_dir() and (path / "__init__.py").is_file())


def used(room: Path) -> Catalog:
    """Every message the room's code and templates use, with its places."""
    catalog = Catalog(locale=LOCALE)
    for path in sorted(room.rglob("*")):
        if path.suffix == ".py":
            code = path.read_text(encoding="utf-8")
        elif path.suffix in TEMPLATES and "templates" in path.parts:
            # templatize keeps the template's indentation, which a Python tokenizer would refuse.
            lines = templatize(path.read_text(encoding="utf-8"), origin=str(path)).splitlines()
            code = "\n".join(line.lstrip() for line in lines) + "\n"
        else:
            continue
        for line, message, _comments, context in extract("python", io.BytesIO(code.encode()), KEYWORDS):
            if message and (isinstance(message, str) or all(message)):
                catalog.add(message, locations=[(path.relative_to(room).as_posix(), line)], context=context)
    return catalog


def read(room: Path) -> Catalog:
    path = room / PO
    if not path.is_file():
        return Catalog(locale=LOCALE)
    with path.open("rb") as file:
        return read_po(file, locale=LOCALE, abort_invalid=True)


def _messages(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def _key(message: Message) -> tuple[str, str | None]:
    return (message.id[0] if isinstance(message.id, tuple | list) else message.id, message.context)


def _forms(text: object) -> list[str]:
    return [text] if isinstance(text, str) else [str(form) for form in text] if isinstance(text, tuple | list) else []


def _faults(room: str, wanted: Message, held: Message | None) -> Iterator[Fault]:
    name = _key(wanted)[0]
    where = f"{wanted.locations[0][0]}:{wanted.locations[0][1]}"
    if held is None:
        yield Fault(room, "not in the catalogue", name, where)
        return
    if held.fuzzy:
        yield Fault(room, "fuzzy", name, where)
    translations = _forms(held.string)
    if not translations or not all(form.strip() for form in translations):
        yield Fault(room, "no translation", name, where)
        return
    if len(_forms(wanted.id)) != len(_forms(held.id)):
        yield Fault(room, "singular and plural do not match the code", name, where)
    # Chinese has one form; it must name what the plural names.
    expected = set(PLACEHOLDER.findall(_forms(wanted.id)[-1]))
    for form in translations:
        if set(PLACEHOLDER.findall(form)) != expected:
            yield Fault(room, f"placeholders differ, expected {sorted(expected)}", name, where)


def check(source: Path) -> list[Fault]:
    """Every fault of every room."""
    found: list[Fault] = []
    for room in rooms(source):
        wanted = {_key(message): message for message in _messages(used(room))}
        catalog = read(room)
        held = {_key(message): message for message in _messages(catalog)}
        for key, message in wanted.items():
            found.extend(_faults(room.name, message, held.get(key)))
        found.extend(Fault(room.name, "used no more", key[0]) for key in held if key not in wanted)
        found.extend(Fault(room.name, "obsolete", _key(message)[0]) for message in catalog.obsolete.values())
    return sorted([*found, *_quarrels(source)])


def _quarrels(source: Path) -> Iterator[Fault]:
    """Django merges the catalogues: one message with two translations would read the same in both rooms anyway."""
    first: dict[tuple[str, str | None], tuple[str, list[str]]] = {}
    for room in rooms(source):
        for message in _messages(read(room)):
            translations = _forms(message.string)
            holder, said = first.setdefault(_key(message), (room.name, translations))
            if said != translations:
                yield Fault(room.name, f"translated differently in {holder}: {said}", _key(message)[0])


def add_missing(source: Path) -> int:
    """Put messages that no catalogue holds yet, untranslated, into the rooms' .po files; how many."""
    added = 0
    for room in rooms(source):
        catalog = read(room)
        held = {_key(message) for message in _messages(catalog)}
        new = [message for message in _messages(used(room)) if _key(message) not in held]
        for message in new:
            # A single "" for every plural form: Chinese has one.
            empty = ("",) if isinstance(message.id, tuple | list) else ""
            catalog.add(message.id, empty, context=message.context)
        if new:
            write(room, catalog)
        added += len(new)
    return added


def write(room: Path, catalog: Catalog) -> None:
    (room / PO).parent.mkdir(parents=True, exist_ok=True)
    with (room / PO).open("wb") as file:
        file.write(HEADER.encode())
        write_po(file, catalog, width=120, omit_header=True, no_location=True)


def compile_all(source: Path) -> list[Path]:
    """Write every room's .mo beside its .po, each in one rename: another process may be reading the old one."""
    written = []
    for room in rooms(source):
        if not (room / PO).is_file():
            continue
        target = (room / PO).with_suffix(".mo")
        handle, aside = tempfile.mkstemp(dir=target.parent, suffix=".mo.tmp")
        with os.fdopen(handle, "wb") as file:
            write_mo(file, read(room))
        Path(aside).replace(target)
        written.append(target)
    return written


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["check", "extract", "compile"])
    parser.add_argument("--source", type=Path, default=SOURCE, help="the folder of the rooms")
    given = parser.parse_args(arguments)
    if given.command == "extract":
        print(f"{add_missing(given.source)} messages added")
    elif given.command == "compile":
        print(f"{len(compile_all(given.source))} catalogues compiled")
    else:
        faults = check(given.source)
        for fault in faults:
            print(fault, file=sys.stderr)
        print(f"{len(faults)} faults in the translations")
        return 1 if faults else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
