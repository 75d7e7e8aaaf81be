# SPDX-License-Identifier: Apache-2.0
"""Lists in pages. A cursor says after which row the next page begins: rows that come or go shift nothing."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Annotated, Any

from django.db.models import F, Model, Q, QuerySet
from ninja import Query

from zhengtong.errors import BadInput

USUAL, LARGEST = 20, 100
BIGGEST = 2**63 - 1
Limit = Annotated[int, Query(USUAL, ge=1, le=LARGEST, description="Rows in a page")]
Cursor = Annotated[str, Query("", max_length=200, description="`next` of the page before; empty for the first")]


def page_of(rows: QuerySet[Any], order: Sequence[str], cursor: str, limit: int) -> tuple[list[Any], str]:
    """One page of `rows` in `order`, and the cursor of the next ("" after the last).

    `order` are Django's names of whole numbers, the last of them unique; NULLs come last. Raises `BadInput` for a
    cursor that is none of ours.
    """
    sorting = [
        F(name.lstrip("-")).desc(nulls_last=True) if name[0] == "-" else F(name).asc(nulls_last=True) for name in order
    ]
    if cursor:
        rows = rows.filter(_after(order, _read(cursor, len(order))))
    found = list(rows.order_by(*sorting)[: limit + 1])
    more = found[limit:]
    found = found[:limit]
    return found, _write(found[-1], order) if more else ""


def _after(order: Sequence[str], place: Sequence[int | None]) -> Q:
    """Rows behind `place`: equal in the first columns and behind in the next one."""
    behind, same = Q(pk__in=[]), Q()
    for name, value in zip(order, place, strict=True):
        column = name.lstrip("-")
        if value is not None:
            comparison = "lt" if name[0] == "-" else "gt"
            behind |= same & (Q(**{f"{column}__{comparison}": value}) | Q(**{f"{column}__isnull": True}))
        same &= Q(**{f"{column}__isnull": True}) if value is None else Q(**{column: value})
    return behind


def _write(row: Model, order: Sequence[str]) -> str:
    values = [getattr(row, name.lstrip("-")) for name in order]
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def _read(cursor: str, length: int) -> list[int | None]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        values = None
    whole = isinstance(values, list) and len(values) == length
    if not whole or not all(v is None or (type(v) is int and abs(v) <= BIGGEST) for v in values):
        raise BadInput("页码无效，请从第一页开始", "this cursor is none; begin with the first page", where="cursor")
    return list(values)
