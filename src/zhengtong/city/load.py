# SPDX-License-Identifier: Apache-2.0
"""A city folder as one immutable `City`, or every fault in it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, overload

from pydantic import BaseModel

from zhengtong.city import kinds
from zhengtong.city.calendar import WorkingCalendar, conflicts
from zhengtong.city.definition import CalendarYear, CityFile, WeeklyHours, element_variables
from zhengtong.city.kinds import Registry
from zhengtong.city.linking import Links, condition_fault, link
from zhengtong.city.reading import Raw, Reading, read_folder
from zhengtong.city.source import Path_, dotted
from zhengtong.city.text import Text
from zhengtong.city.validation import validate
from zhengtong.city.versions import Node, versions
from zhengtong.errors import CityFaults, Fault, NotFound, WrongUse

CITY_VARIABLE = "ZHENGTONG_CITY"
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Item:
    """One object with where it stands and its content hash."""

    kind: str
    key: str
    value: BaseModel
    version: str
    _raw: Raw = field(repr=False, compare=False)

    @property
    def file(self) -> str:
        return self._raw.document.file

    def line(self, path: Path_ = ()) -> int:
        """The line of a part of the object, such as `("steps", 2, "after")`; of its nearest parent if it is
        absent.
        """
        return self._raw.document.line((*self._raw.at, *path))


@dataclass(frozen=True)
class City:
    """All definitions of a city, read once. Processes share it; a change of files is a new City."""

    root: Path
    meta: CityFile
    calendar: WorkingCalendar
    items: Mapping[str, Mapping[str, Item]]
    """By kind, then key, in the order of files and lines."""
    _kinds: Mapping[type[BaseModel], str] = field(repr=False, compare=False)

    @overload
    def get(self, kind: type[M], key: str) -> M: ...
    @overload
    def get(self, kind: str, key: str) -> Any: ...
    def get(self, kind: str | type[BaseModel], key: str) -> Any:
        """The object of a kind (its name or its model). Raises NotFound."""
        return self.item(kind, key).value

    @overload
    def all(self, kind: type[M]) -> tuple[M, ...]: ...
    @overload
    def all(self, kind: str) -> tuple[Any, ...]: ...
    def all(self, kind: str | type[BaseModel]) -> tuple[Any, ...]:
        return tuple(item.value for item in self._of(kind).values())

    def has(self, kind: str | type[BaseModel], key: str) -> bool:
        return key in self._of(kind)

    def keys(self, kind: str | type[BaseModel]) -> tuple[str, ...]:
        return tuple(self._of(kind))

    def item(self, kind: str | type[BaseModel], key: str) -> Item:
        try:
            return self._of(kind)[key]
        except KeyError:
            name = kind if isinstance(kind, str) else self._kinds[kind]
            raise NotFound(f"城市目录里没有 {name} {key}", f"the city folder has no {name} {key}", found=key) from None

    def version(self, kind: str | type[BaseModel], key: str) -> str:
        """SHA-256, in hex, of the object with all it refers to."""
        return self.item(kind, key).version

    @cached_property
    def digest(self) -> str:
        """One hash over all versions: the same for the same content of the folder."""
        lines = sorted(f"{kind} {key} {item.version}" for kind, of in self.items.items() for key, item in of.items())
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def fault(
        self, kind: str, key: str, path: Path_, zh: str, en: str, *, found: str = "", expected: str = ""
    ) -> Fault:
        """A fault at a part of an object, for the checks of rooms."""
        item = self.item(kind, key)
        return Fault(item.file, item.line(path), dotted((*item._raw.at, *path)), zh, en, found, expected)

    def _of(self, kind: str | type[BaseModel]) -> Mapping[str, Item]:
        name = kind if isinstance(kind, str) else self._kinds.get(kind, "")
        if name not in self.items:
            raise WrongUse("没有登记这个种类", "nobody registered this kind", found=str(kind))
        return self.items[name]


def find_city(given: Path | None = None) -> Path:
    """The city folder: `given`, else ZHENGTONG_CITY, else the current folder where it holds `city.yaml`.

    Raises WrongUse where there is none.
    """
    named = given or (Path(os.environ[CITY_VARIABLE]) if os.environ.get(CITY_VARIABLE) else None)
    if named is None and Path("city.yaml").is_file():
        named = Path()
    if named is None:
        raise WrongUse(
            "没有说明城市目录：请写出目录，或设 ZHENGTONG_CITY，或进入含 city.yaml 的目录",
            "no city folder given: name it, set ZHENGTONG_CITY, or go to a folder that holds city.yaml",
        )
    if not named.is_dir():
        raise WrongUse("城市目录不存在", "the city folder does not exist", found=str(named))
    return named


def load(path: Path | str, registry: Registry | None = None) -> City:
    """Read and check a city folder. Raises CityFaults with every fault found, WrongUse if it is no folder."""
    city, faults = _read(Path(path), registry)
    if faults or city is None:
        raise CityFaults(faults)
    return city


def check(path: Path | str, registry: Registry | None = None) -> list[Fault]:
    """Every fault of a city folder, by file and line; empty when it can be used."""
    return _read(Path(path), registry)[1]


def _read(root: Path, registry: Registry | None) -> tuple[City | None, list[Fault]]:
    if registry is None:
        from zhengtong.city.ground import register_ground  # whose checks need City

        registry = kinds.registry
        register_ground(registry)
    if not root.is_dir():
        raise WrongUse("城市目录不存在", "the city folder does not exist", found=str(root))
    reading = read_folder(root, registry)
    links = link(reading, registry)
    faults = [*reading.faults, *links.faults]
    objects: dict[Node, BaseModel] = {}
    raws: dict[Node, Raw] = {}
    for raw in reading.raws:
        value, wrong = validate(raw.kind.model, raw.data, raw.document, raw.at)
        faults += wrong
        if value is not None and raw.key:
            objects[raw.kind.kind, raw.key] = value
            raws[raw.kind.kind, raw.key] = raw
    city = _assemble(root, registry, objects, raws, links)
    faults += _calendar_conflicts(city)
    faults += _conditions(city, reading, links)
    faults += _object_checks(city, registry, reading, links)
    faults += _city_checks(city, registry, bool(faults))
    return city, sorted(set(faults))


def _assemble(
    root: Path,
    registry: Registry,
    objects: Mapping[Node, BaseModel],
    raws: Mapping[Node, Raw],
    links: Links,
) -> City:
    hashes = versions(objects, links.edges)
    items: dict[str, dict[str, Item]] = {name: {} for name in registry.kinds}
    for node, value in objects.items():
        items[node[0]][node[1]] = Item(*node, value, hashes[node], raws[node])
    metas = [item.value for item in items.get("city", {}).values() if isinstance(item.value, CityFile)]
    years = [i.value for i in items.get("calendar", {}).values() if isinstance(i.value, CalendarYear)]
    # a folder without a sound city.yaml is never handed out; its other files are still checked against a
    # nameless one
    meta = metas[0] if metas else _NAMELESS
    return City(
        root.resolve(),
        meta,
        WorkingCalendar(meta.timezone(), tuple(year.table() for year in years), meta.hours.by_weekday()),
        MappingProxyType({name: MappingProxyType(of) for name, of in items.items()}),
        {kind.model: name for name, kind in registry.kinds.items()},
    )


_NAMELESS = CityFile(
    key="nameless",
    name=Text(zh="未命名", en="nameless"),
    division="000000",
    level="county",
    hours=WeeklyHours(),
)


def _calendar_conflicts(city: City) -> Iterable[Fault]:
    for day, (off, on) in conflicts(city.calendar.years).items():
        year = city.get(CalendarYear, str(on))
        yield city.fault(
            "calendar",
            year.key,
            ("workdays", year.workdays.index(day)),
            f"{off} 年的文件说这天放假",
            f"the file of {off} makes this a holiday",
            found=str(day),
        )


def _broken(city: City, reading: Reading) -> set[Node]:
    """What files name but the city does not have, because it is faulty."""
    return {(kind, key) for kind, keys in reading.named.items() for key in keys if not city.has(kind, key)}


def _conditions(city: City, reading: Reading, links: Links) -> Iterable[Fault]:
    loose = frozenset(key for kind, key in _broken(city, reading) if key.isidentifier() and kind == "element")
    for raw, found in links.conditions:
        variables: Mapping[str, str] | None = None
        if raw.key and city.has(raw.kind.kind, raw.key):
            of = raw.kind.variables or element_variables
            try:
                variables = of(city, city.get(raw.kind.kind, raw.key))
            except NotFound:
                variables = None  # it names an object that is faulty itself, and told of there
        fault = condition_fault(raw, found, variables, loose)
        if fault is not None:
            yield fault


def _object_checks(city: City, registry: Registry, reading: Reading, links: Links) -> Iterable[Fault]:
    """Each kind's own check, over objects all of whose references lead to sound ones."""
    unsound = _broken(city, reading)
    dangling = {(f.file, f.line) for f in links.faults}
    backwards: dict[Node, set[Node]] = {}
    for node, tos in links.edges.items():
        for to in tos:
            backwards.setdefault(to, set()).add(node)
    pending = list(unsound)
    while pending:
        for node in backwards.get(pending.pop(), ()):
            if node not in unsound:
                unsound.add(node)
                pending.append(node)
    for name, kind in registry.kinds.items():
        if kind.check is None:
            continue
        for key, item in city.items[name].items():
            if (name, key) in unsound or _within(item, dangling):
                continue
            yield from kind.check(city, item.value)


def _within(item: Item, places: set[tuple[str, int]]) -> bool:
    """Whether one of these lines lies in the object."""
    raw = item._raw
    depth = len(raw.at)
    lines = [mark.line for path, mark in raw.document.marks.items() if path[:depth] == raw.at]
    return any(file == item.file and min(lines) <= line <= max(lines) for file, line in places)


def _city_checks(city: City, registry: Registry, faulty: bool) -> Iterable[Fault]:
    for of_city in registry.checks:
        faults = iter(of_city(city))
        while True:
            try:
                yield next(faults)
            except StopIteration:
                break
            except NotFound:
                if not faulty:
                    raise
                break  # it looked for an object that is faulty itself, and told of there
