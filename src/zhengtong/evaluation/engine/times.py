# SPDX-License-Identifier: Apache-2.0
"""Times as people write them, compiled to DuckDB expressions over integer microseconds.

A format is `iso` (ISO 8601 with or without a zone, a blank or `T` between), `epoch_s`, `epoch_ms`, `epoch_us`,
a pattern of `strptime` (with `%`), or a pattern in plain letters: `yyyy年m月d日 hh:mm`, `dd.mm.yyyy
hh:mm:ss.fff`, `yyyy/mm/dd hh:mm z`. In plain letters `m` after an hour is minutes, else the month; a number
may be written with fewer digits than letters.

Each time gives two integers: the instant in microseconds since 1970 UTC, and the number of its *local day*
since 1970-01-01: in the declared zone where there is one, else by the offset the time was written with, else
UTC.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

DEFAULT_FORMATS = (
    "iso",
    "yyyy/m/d hh:mm:ss",
    "yyyy/m/d hh:mm",
    "yyyy/m/d",
    "yyyy年m月d日 hh:mm:ss",
    "yyyy年m月d日 hh:mm",
    "yyyy年m月d日hh:mm:ss",
    "yyyy年m月d日hh:mm",
    "yyyy年m月d日hh时mm分ss秒",
    "yyyy年m月d日 hh时mm分",
    "yyyy年m月d日",
)
_EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
_ISO = r"^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?(Z|z|[+-]\d{2}(:?\d{2})?))?)?$"
_OFFSET = r" ?(Z|z|[+-]\d{2}(:?\d{2})?)$"
_NO_FORMAT = (
    "{0!r} 不是时间格式；可写 iso、epoch_s、epoch_ms、epoch_us 或 dd.mm.yyyy hh:mm 这样的式样"
    " ‖ {0!r} is no format of time; write iso, epoch_s, epoch_ms, epoch_us or a pattern such as dd.mm.yyyy hh:mm"
)
_TOKEN = re.compile(r"yyyy|yy|mm|m|dd|d|hh|h|(?<=[.,])s+|ss|s|f+|z|t|[a-z]+|[^a-z]", re.IGNORECASE)
_LETTERS = {"yyyy": "%Y", "yy": "%y", "dd": "%d", "d": "%d", "hh": "%H", "h": "%H", "ss": "%S", "s": "%S"}
_PERCENT = frozenset("aAbBdefgGHIjmMnpSwuUVWxXcyYzZ%-")


@dataclass(frozen=True)
class Format:
    """`kind` is iso, epoch or pattern; `scale` microseconds a unit of an epoch; `zoned` where the pattern ends
    in an offset.
    """

    kind: str
    pattern: str = ""
    scale: int = 0
    zoned: bool = False


def compile_format(name: str) -> Format:
    """Raises `ValueError` (both sentences, a double bar between) for what is no format."""
    if name == "iso":
        return Format("iso", zoned=True)
    if name in _EPOCHS:
        return Format("epoch", scale=_EPOCHS[name])
    pattern = name if "%" in name else _from_letters(name)
    zoned = pattern.endswith(("%z", "%Z"))
    if zoned:
        pattern = pattern[:-2].rstrip()
    kinds = re.findall(r"%-?(.)", pattern)
    if not kinds or set(kinds) - _PERCENT or not {"d", "j"} & set(kinds) or {"z", "Z"} & set(kinds):
        raise ValueError(_NO_FORMAT.format(name))
    return Format("pattern", pattern, zoned=zoned)


def _from_letters(name: str) -> str:
    parts: list[str] = []
    hour = False
    for part in _TOKEN.findall(name):
        lower = part.lower()
        if lower in {"mm", "m"}:
            parts.append("%M" if hour else "%m")
        elif lower.strip("f") == "" or (lower.strip("s") == "" and parts[-1:] in (["."], [","])):
            parts.append("%f")
        elif lower in _LETTERS:
            parts.append(_LETTERS[lower])
            hour = hour or lower.startswith("h")
        elif lower == "z":
            parts.append("%z")
        elif part.isascii() and part.isalpha() and part != "T":
            raise ValueError(_NO_FORMAT.format(name))
        else:
            parts.append(part)
    return "".join(parts)


def literal(text: str) -> str:
    """A string as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class TimeSql:
    """SQL in two steps. `parts` selects named columns from the text; over those, `us` is the instant, `day` the
    local day, and `naive` true where a zone was needed; `columns` are the names, to be dropped afterwards."""

    parts: str
    us: str
    day: str
    naive: str
    wall: str
    columns: tuple[str, ...]


def time_sql(name: str, text: str, formats: Sequence[str], zone: str | None) -> TimeSql:
    """`name` prefixes the columns. `us` is null where nothing fits, and where a time without zone meets no declared
    `zone` (then `naive` is true)."""
    walls, epochs, zoned = [], [], []
    for one in (compile_format(each) for each in formats):
        if one.kind == "epoch":
            epochs.append(_epoch(text, one))
            continue
        parsed, carries = _wall(text, one)
        walls.append(f"epoch_us({parsed})")
        if carries:
            zoned.append(carries)
    wall, epoch, offset = (f'"{name}_{part}"' for part in ("wall", "epoch", "offset"))
    minutes = f"CASE WHEN {' OR '.join(zoned) or 'false'} THEN {_minutes(text)} END"
    parts = (
        f"COALESCE({', '.join([*walls, 'NULL::BIGINT'])}) AS {wall}, "
        f"COALESCE({', '.join([*epochs, 'NULL::BIGINT'])}) AS {epoch}, {minutes} * 60000000 AS {offset}"
    )
    naive = f"({wall} IS NOT NULL AND {offset} IS NULL AND {epoch} IS NULL)"
    columns = (wall, epoch, offset)
    if zone is None:
        day = f"CAST(floor(COALESCE({epoch}, {wall}) / 86400000000) AS INTEGER)"
        return TimeSql(parts, f"COALESCE({epoch}, {wall} - {offset})", day, naive, wall, columns)
    here = literal(zone)
    us = f"COALESCE({epoch}, {wall} - {offset}, epoch_us(timezone({here}, make_timestamp({wall}))))"
    day = f"CAST(CAST(timezone({here}, make_timestamptz({us})) AS DATE) - DATE '1970-01-01' AS INTEGER)"
    return TimeSql(parts, us, day, naive, wall, columns)


def _epoch(text: str, one: Format) -> str:
    fits = f"regexp_full_match({text}, '-?[0-9]{{1,19}}([.][0-9]+)?')"
    return f"CASE WHEN {fits} THEN TRY_CAST(floor(TRY_CAST({text} AS DECIMAL(38,9)) * {one.scale}) AS BIGINT) END"


def _wall(text: str, one: Format) -> tuple[str, str]:
    """The time on the wall as a TIMESTAMP, and (empty for never) whether the text carries an offset to take off it."""
    body = f"regexp_replace({text}, {literal(_OFFSET)}, '')" if one.zoned else text
    if one.kind == "iso":
        fits = f"regexp_matches({text}, {literal(_ISO)})"
        # a bare date must not lose its day to the pattern of an offset (2026-11-09 ends in "-09")
        body = f"CASE WHEN length({text}) > 10 THEN {body} ELSE {text} END"
        parsed = f"CASE WHEN {fits} THEN TRY_CAST(replace({body}, ',', '.') AS TIMESTAMP) END"
        return parsed, f"({fits} AND length({text}) > 10 AND regexp_matches({text}, {literal(_OFFSET)}))"
    # DuckDB reads the words infinity and epoch with any pattern
    parsed = f"CASE WHEN regexp_matches({text}, '[0-9]') THEN TRY_STRPTIME({body}, {literal(one.pattern)}) END"
    if not one.zoned:
        return parsed, ""
    return parsed, f"({parsed} IS NOT NULL AND regexp_matches({text}, {literal(_OFFSET)}))"


def _minutes(text: str) -> str:
    """East of Greenwich, from what stands at the end: Z, +08, +0800 or +08:00."""
    digits = f"replace(regexp_extract({text}, {literal(_OFFSET)}, 1), ':', '')"
    return (
        f"(CASE WHEN left({digits}, 1) = '-' THEN -1 ELSE 1 END"
        f" * (COALESCE(TRY_CAST(substr({digits}, 2, 2) AS BIGINT), 0) * 60"
        f" + COALESCE(TRY_CAST(substr({digits}, 4, 2) AS BIGINT), 0)))"
    )
