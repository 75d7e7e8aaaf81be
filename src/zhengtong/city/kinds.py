# SPDX-License-Identifier: Apache-2.0
"""What a city folder may hold: each room registers its kinds of definition, the ground its own
(`definition.py`).

A kind is a folder (or one file) and a Pydantic model. Fields of the model that name another object are
annotated with `Reference("department")`, conditions with `Condition`; dangling references, cycles, CEL
faults and the content hash follow for every room from these marks alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, StringConstraints
from pydantic_core import PydanticCustomError

from zhengtong.city.text import Text
from zhengtong.errors import Fault, WrongUse

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

    from zhengtong.city.load import City

KEY_PATTERN = r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$"
Key = Annotated[str, StringConstraints(pattern=KEY_PATTERN, max_length=64)]
Line = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$", max_length=400)]
"""One line of text in one language: codes, names of notices, telephone numbers."""


class Definition(BaseModel):
    """Base of every model of a city file: frozen, closed, and strict (`1` is no text, `"1"` no number)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


@dataclass(frozen=True)
class Reference:
    """Marks text as the key of an object: `Annotated[str, Reference("department")]`, also inside lists and
    dicts.

    With `acyclic`, following such references must never lead back.
    """

    kind: str
    acyclic: bool = False

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "x-reference": self.kind}


@dataclass(frozen=True)
class ConditionMark:
    """Marks text as a CEL condition, compiled against the kind's `variables` and required to yield true or
    false.
    """

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "x-condition": "CEL"}


Condition = Annotated[str, StringConstraints(min_length=1, max_length=2000), ConditionMark()]

Variables = Callable[["City", Any], Mapping[str, str]]
ObjectCheck = Callable[["City", Any], Iterable[Fault]]
CityCheck = Callable[["City"], Iterable[Fault]]


@dataclass(frozen=True)
class Kind:
    """One kind of definition.

    `folder` is a folder with one file an object (`one_per_file`, the file named by the key) or with lists
    of objects; or, ending in `.yaml`, one file: a single object, or a list where `one_per_file` is false.
    `variables` gives the CEL variables an object's conditions may use (default: all data elements); `check`
    looks at one object whose own file and references are sound, and reports through `city.fault`.
    """

    kind: str
    folder: str
    model: type[BaseModel]
    name: Text
    one_per_file: bool = True
    key: str = "key"
    required: bool = False
    variables: Variables | None = None
    check: ObjectCheck | None = None

    @property
    def is_file(self) -> bool:
        return self.folder.endswith(".yaml")


@dataclass
class Registry:
    """The kinds a checker knows. The process has one (`registry`); tests make their own."""

    kinds: dict[str, Kind] = field(default_factory=dict)
    checks: list[CityCheck] = field(default_factory=list)
    others: dict[str, frozenset[str]] = field(default_factory=dict)
    templates: list[str] = field(default_factory=list)
    """Packages whose `template/` folder holds what a new city begins with."""

    def register(self, kind: Kind) -> None:
        """Add a kind. Raises WrongUse where its name or folder is taken by another one."""
        for other in self.kinds.values():
            if other == kind:
                return
            if other.kind == kind.kind or other.folder == kind.folder:
                raise WrongUse(
                    "城市目录的种类重复登记",
                    "a kind of city file is registered twice",
                    found=f"{kind.kind} ({kind.folder})",
                )
        self.kinds[kind.kind] = kind

    def register_check(self, check: CityCheck) -> None:
        """Add a check over the whole city. It may meet objects missing that are faulty themselves."""
        if check not in self.checks:
            self.checks.append(check)

    def register_files(self, folder: str, *suffixes: str) -> None:
        """Let a folder hold files that are no definitions (templates, test sets), by suffix: `.typ`."""
        self.others[folder] = self.others.get(folder, frozenset()) | frozenset(suffixes)

    def register_template(self, package: str) -> None:
        """Let `zhengtong new` begin a city with the files of a room's `template/` folder."""
        if package not in self.templates:
            self.templates.append(package)

    def kind_of(self, file: str) -> Kind | None:
        """The kind that owns a file of the city folder, by its relative path."""
        path = PurePosixPath(file)
        for kind in self.kinds.values():
            if kind.is_file:
                if file == kind.folder:
                    return kind
            elif PurePosixPath(kind.folder) in path.parents or (
                not kind.one_per_file and file == f"{kind.folder}.yaml"
            ):
                return kind
        return None

    def is_other(self, file: str) -> bool:
        """Whether a room has said that it wants this file, which is no definition."""
        path = PurePosixPath(file)
        return any(
            PurePosixPath(folder) in path.parents and path.suffix in suffixes
            for folder, suffixes in self.others.items()
        )


registry = Registry()


def register(kind: Kind) -> None:
    """Register with the process's registry; rooms call it from `AppConfig.ready()`. Repeating it does no
    harm.
    """
    registry.register(kind)


def register_check(check: CityCheck) -> None:
    registry.register_check(check)


def register_files(folder: str, *suffixes: str) -> None:
    registry.register_files(folder, *suffixes)


def register_template(package: str) -> None:
    registry.register_template(package)


def wrong(zh: str, en: str, *, expected: str = "", found: str = "") -> PydanticCustomError:
    """For validators of models: `raise wrong("…", "…")` becomes a fault at the field's line in both
    languages.
    """
    # the text is data of the message, never its template: braces in it would be filled in
    context = {"zh": zh, "en": en, "expected": expected, "found": found}
    return PydanticCustomError("zhengtong", "{en}", context)
