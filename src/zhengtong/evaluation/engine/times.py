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
_TOKEN = re.compile(r"yyyy|yy|mm|m|dd|d|hh|h|ss|s|f+|z|[a-z]+|[^a-z]", re.IGNORECASE)
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
        elif lower in _LETTERS:
            parts.append(_LETTERS[lower])
            hour = hour or lower.startswith("h")
        elif lower.strip("f") == "":
            parts.append("%f")
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
    """Expressions over one text expression: `us` the instant, `day` the local day, `naive` true where a zone
    was needed.
    """

    us: str
    day: str
    naive: str
    wall: str


def time_sql(text: str, formats: Sequence[str], zone: str | None) -> TimeSql:
    """`us` is null where nothing fits, and where a time without zone meets no declared `zone` (then `naive` is
    true).
    """
    compiled = [compile_format(name) for name in formats]
    walls, epochs, zoned = [], [], []
    for one in compiled:
        if one.kind == "epoch":
            fits = f"regexp_full_match({text}, '-?[0-9]{{1,19}}([.][0-9]+)?')"
            epochs.append(
                f"CASE WHEN {fits} THEN CAST(floor(TRY_CAST({text} AS DECIMAL(38,9)) * {one.scale}) AS BIGINT) END"
            )
            continue
        body = f"regexp_replace({text}, {literal(_OFFSET)}, '')" if one.zoned else text
        if one.kind == "iso":
            fits = f"regexp_matches({text}, {literal(_ISO)})"
            # a bare date must not lose its day to the pattern of an offset (2026-11-09 ends in "-09")
            body = f"CASE WHEN length({text}) > 10 THEN {body} ELSE {text} END"
            parsed = f"CASE WHEN {fits} THEN TRY_CAST(replace({body}, ',', '.') AS TIMESTAMP) END"
            zoned.append(f"({fits} AND length({text}) > 10)")
        else:
            # DuckDB reads the words infinity and epoch with any pattern
            parsed = f"CASE WHEN regexp_matches({text}, '[0-9]') THEN TRY_STRPTIME({body}, {literal(one.pattern)}) END"
            if one.zoned:
                zoned.append(f"({parsed} IS NOT NULL AND regexp_matches({text}, {literal(_OFFSET)}))")
        walls.append(f"epoch_us({parsed})")
    wall = f"COALESCE({', '.join([*walls, 'NULL::BIGINT'])})"
    epoch = f"COALESCE({', '.join([*epochs, 'NULL::BIGINT'])})"
    return _assemble(text, wall, epoch, " OR ".join(zoned) or "false", zone)


def _assemble(text: str, wall: str, epoch: str, zoned: str, zone: str | None) -> TimeSql:
    found = f"regexp_extract({text}, {literal(_OFFSET)}, 1)"
    digits = f"replace({found}, ':', '')"
    minutes = (
        f"(CASE WHEN left({digits}, 1) = '-' THEN -1 ELSE 1 END"
        f" * (COALESCE(TRY_CAST(substr({digits}, 2, 2) AS BIGINT), 0) * 60"
        f" + COALESCE(TRY_CAST(substr({digits}, 4, 2) AS BIGINT), 0)))"
    )
    offset = f"CASE WHEN ({zoned}) AND {found} <> '' THEN {minutes} * 60000000 END"
    if zone is None:
        us = f"COALESCE({epoch}, {wall} - ({offset}))"
        day = f"CAST(floor(COALESCE({epoch}, {wall}) / 86400000000) AS INTEGER)"
        return TimeSql(us, day, f"({wall} IS NOT NULL AND ({offset}) IS NULL)", wall)
    here = literal(zone)
    instant = f"epoch_us(timezone({here}, make_timestamp({wall})))"
    us = f"COALESCE({epoch}, {wall} - ({offset}), {instant})"
    day = f"CAST(timezone({here}, make_timestamptz({us})) AS DATE) - DATE '1970-01-01'"
    return TimeSql(us, f"CAST({day} AS INTEGER)", f"({wall} IS NOT NULL AND ({offset}) IS NULL)", wall)
