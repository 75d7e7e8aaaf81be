# SPDX-License-Identifier: Apache-2.0
"""Walks a model's annotations beside the raw data of a file, to find the parts that carry a mark.

Raw data rather than validated objects: so the references and conditions of an object that is faulty
elsewhere are checked in the same run.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from zhengtong.city.kinds import ConditionMark, Reference

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Found:
    """A marked text, or a mapping together with the model it is to fit."""

    path: Path
    value: Any
    mark: Reference | ConditionMark | type[BaseModel]
    is_key: bool = False
    """The mark sits on a key of a mapping, not on its value."""


def find(annotation: Any, value: Any, path: Path = (), metadata: tuple[Any, ...] = ()) -> Iterator[Found]:
    """Everything marked in `value`, which need not be valid; parts that do not fit are passed over."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        yield from find(inner, value, path, (*metadata, *more))
    elif origin in (Union, types.UnionType):
        for arm in get_args(annotation):
            if _may_be(arm, value):
                yield from find(arm, value, path, metadata)
    elif isinstance(value, str):
        for mark in metadata:
            if isinstance(mark, Reference | ConditionMark):
                yield Found(path, value, mark)
    elif isinstance(value, list):
        for i, below in enumerate(value):
            yield from find(_item(annotation, i), below, (*path, i))
    elif isinstance(value, dict):
        yield from _in_mapping(annotation, value, path)


def _in_mapping(annotation: Any, value: dict[str, Any], path: Path) -> Iterator[Found]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield Found(path, value, annotation)
        for name, info in annotation.model_fields.items():
            if name in value:
                yield from find(info.annotation, value[name], (*path, name), tuple(info.metadata))
    elif get_origin(annotation) in (dict, Mapping) or _is_mapping(get_origin(annotation)):
        of_key, of_value = get_args(annotation)
        for key, below in value.items():
            for found in find(of_key, key, (*path, key)):
                yield Found(found.path, found.value, found.mark, is_key=True)
            yield from find(of_value, below, (*path, key))


def _is_mapping(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _item(annotation: Any, i: int) -> Any:
    """The annotation of the i-th item of a list, tuple or set; None where the annotation is none of these."""
    arguments = get_args(annotation)
    if get_origin(annotation) is tuple and arguments[-1:] != (Ellipsis,):
        return arguments[i] if i < len(arguments) else None
    return arguments[0] if arguments else None


def _may_be(arm: Any, value: Any) -> bool:
    """Whether a union's arm can be meant: a model whose `Literal` fields say otherwise is not."""
    if get_origin(arm) is Annotated:
        return _may_be(get_args(arm)[0], value)
    if isinstance(arm, type) and issubclass(arm, BaseModel):
        return isinstance(value, dict) and all(
            value[name] in get_args(info.annotation)
            for name, info in arm.model_fields.items()
            if get_origin(info.annotation) is Literal and name in value
        )
    return True
