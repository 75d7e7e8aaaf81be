# SPDX-License-Identifier: Apache-2.0
"""From rows of text to events and cases: one path in DuckDB for tables and XES alike, so that both give the
same source.

Steps: `raw` (text columns `r0`, `r1`, …) → `parsed` (typed; every row with a fault says which) → `numbered`
(cases in order of first appearance) → events sorted by case, time and place in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from zhengtong.evaluation.definition import CaseAttribute, LogMapping
from zhengtong.evaluation.engine.duck import sql
from zhengtong.evaluation.engine.plan import Plan
from zhengtong.evaluation.engine.sources import CASES, EVENTS
from zhengtong.evaluation.engine.times import TimeSql, literal, time_sql


@dataclass(frozen=True)
class Check:
    """A way a row may be wrong: `when` it is, the `text` to show, and the sentence."""

    field: str
    when: str
    text: str
    zh: str
    en: str


@dataclass
class Shape:
    """What the parsed table holds beyond the fixed columns."""

    checks: list[Check] = field(default_factory=list)
    times: list[TimeSql] = field(default_factory=list)
    attribute_columns: list[str] = field(default_factory=list)

    def time_columns(self) -> list[str]:
        return [column for time in self.times for column in time.columns]


def create_parsed(connection: duckdb.DuckDBPyConnection, raw: str, mapping: LogMapping, plan: Plan) -> Shape:
    """`raw` is a SELECT of position, line, trace, attributes and `r0`… for `plan.columns`.

    Creates the table `parsed`.
    """
    place = {column: f"r{index}" for index, column in enumerate(plan.columns)}
    words = ", ".join(literal(word.strip().lower()) for word in ("", *mapping.null_words))

    def value(names: Sequence[str] | None) -> str:
        if not names:
            return "CAST(NULL AS VARCHAR)"
        return " || ' ' || ".join(f"nullif_words({place[name]})" for name in names)

    connection.execute(
        f"CREATE TEMP MACRO nullif_words(x) AS CASE WHEN lower(trim(x)) IN ({words}) THEN NULL ELSE x END"
    )
    texts = {part: value(plan.parts.get(part)) for part in ("case", "activity", "lifecycle", "resource", "department")}
    attribute_texts = [f"trim({value(names)}) AS x{i}" for i, (_, names) in enumerate(plan.attributes.values())]
    shape = Shape()
    typed = _typed(mapping, plan, shape)
    codes = " ".join(f"WHEN {check.when} THEN {index}" for index, check in enumerate(shape.checks))
    shown = " ".join(f"WHEN {index} THEN {check.text}" for index, check in enumerate(shape.checks))
    connection.execute(
        sql(
            """CREATE TABLE parsed AS
            WITH raw AS ($raw),
            texts AS (SELECT position, line, trace, attributes, $case AS case_id, $activity AS written_activity,
                trim($time) AS time_text, trim($start) AS start_text, $lifecycle AS lifecycle, $resource AS
                resource, $department AS department $more_texts FROM raw WHERE $filter),
            counted AS (SELECT * FROM texts WHERE $transitions),
            taken_apart AS (SELECT *, $parts FROM counted),
            typed AS (SELECT * EXCLUDE (written_activity), $renamed AS activity, $typed FROM taken_apart),
            judged AS (SELECT *, CASE $codes END AS fault FROM typed)
            SELECT * EXCLUDE (time_text, start_text $dropped), CASE fault $shown END AS fault_text FROM judged""",
            raw=raw,
            case=texts["case"],
            activity=texts["activity"],
            time=value(plan.parts.get("timestamp")),
            start=value(plan.parts.get("start")),
            lifecycle=texts["lifecycle"],
            resource=texts["resource"],
            department=texts["department"],
            more_texts="".join(f", {text}" for text in attribute_texts),
            filter=_filter(mapping, place),
            transitions=_transitions(mapping),
            renamed=_renamed(mapping),
            parts=", ".join(time.parts for time in shape.times),
            typed=typed,
            codes=codes,
            dropped=", ".join(["", *(f"x{i}" for i in range(len(plan.attributes))), *shape.time_columns()]),
            shown=shown,
        )
    )
    return shape


def _filter(mapping: LogMapping, place: dict[str, str]) -> str:
    wanted = []
    for one in mapping.filter:
        words = ", ".join(literal(word) for word in (one.keep or one.drop or ()))
        column = place[one.column]
        wanted.append(
            f"coalesce({column} IN ({words}), false)"
            if one.keep is not None
            else f"coalesce({column} NOT IN ({words}), true)"
        )
    return " AND ".join(wanted) or "true"


def _transitions(mapping: LogMapping) -> str:
    if mapping.lifecycle is None:
        return "true"
    words = ", ".join(literal(word.strip().lower()) for word in mapping.lifecycle.count)
    return f"lower(trim(lifecycle)) IN ({words})"


def _renamed(mapping: LogMapping) -> str:
    cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in mapping.rename.items())
    return f"CASE written_activity {cases} ELSE written_activity END" if cases else "written_activity"


_NAIVE = ("时间没有时区，映射文件也没有写 zone", "the time has no zone and the mapping declares none (zone)")


def _typed(mapping: LogMapping, plan: Plan, shape: Shape) -> str:
    zone = mapping.zone
    time = time_sql("t", "time_text", plan.formats["timestamp"], zone)
    start = time_sql("s", "start_text", plan.formats.get("start", ("iso",)), zone)
    shape.times += [time, start]
    wall = f"CASE WHEN {time.naive} THEN {time.wall} END" if zone else "CAST(NULL AS BIGINT)"
    columns = [f"{time.us} AS time_us", f"{time.day} AS day", f"{wall} AS wall", f"{start.us} AS start_us"]
    add = shape.checks.append
    add(Check("case", "case_id IS NULL", "NULL", "没有办件编号", "no case id"))
    add(Check("activity", "activity IS NULL", "NULL", "没有活动名称", "no activity"))
    add(Check("timestamp", "time_text IS NULL", "NULL", "没有时间", "no time"))
    add(Check("timestamp", f"time_us IS NULL AND {time.naive}", "time_text", *_NAIVE))
    add(Check("timestamp", "time_us IS NULL", "time_text", "时间无法识别", "the time cannot be read"))
    add(Check("start", f"start_text IS NOT NULL AND start_us IS NULL AND {start.naive}", "start_text", *_NAIVE))
    add(
        Check(
            "start",
            "start_text IS NOT NULL AND start_us IS NULL",
            "start_text",
            "时间无法识别",
            "the time cannot be read",
        )
    )
    add(Check("start", "start_us > time_us", "start_text", "开始晚于结束", "the start is after the end"))
    for index, (key, (attribute, _)) in enumerate(plan.attributes.items()):
        columns += _attribute(f"x{index}", key, attribute, mapping, shape)
    return ", ".join(columns)


def _attribute(text: str, key: str, attribute: CaseAttribute, mapping: LogMapping, shape: Shape) -> list[str]:
    column, name = f'"attr_{key}"', f"case_attributes.{key}"
    if attribute.type == "time":
        time = time_sql(text, text, attribute.formats or mapping.time_formats, mapping.zone)
        shape.times.append(time)
        us, day = f'"attr_{key}_us"', f'"attr_{key}_day"'
        shape.attribute_columns += [us, day]
        bad = f"{text} IS NOT NULL AND {us} IS NULL"
        shape.checks.append(Check(name, f"{bad} AND {time.naive}", text, *_NAIVE))
        shape.checks.append(Check(name, bad, text, "时间无法识别", "the time cannot be read"))
        return [f"{time.us} AS {us}", f"{time.day} AS {day}"]
    shape.attribute_columns.append(column)
    if attribute.type == "text":
        return [f"{text} AS {column}"]
    plain = f"replace({text}, ',', '')" if mapping.decimal == "." else f"replace(replace({text}, '.', ''), ',', '.')"
    number = f"TRY_CAST({plain} AS DECIMAL(38,9))"
    bad = f"{text} IS NOT NULL AND {column} IS NULL"
    shape.checks.append(Check(name, bad, text, "不是数字", "not a number of the declared type"))
    if attribute.type == "int":
        return [f"CASE WHEN {number} = floor({number}) THEN TRY_CAST({number} AS BIGINT) END AS {column}"]
    return [f"{number} AS {column}"]


def write_output(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    mapping: LogMapping,
    plan: Plan,
    shape: Shape,
    *,
    traces: str | None,
) -> None:
    """Writes both Parquet files from the faultless rows of `parsed`. `traces` is the staged traces of a XES,
    or None.
    """
    kept = "".join(f", arg_max({column}, position) AS {column}" for column in shape.attribute_columns)
    end_us, end_day, finished = _end(mapping, plan)
    connection.execute(
        sql(
            """CREATE TABLE numbered AS
            WITH grouped AS (SELECT case_id, count(*) AS events, min(position) AS first_position, max(trace) AS trace,
                min(time_us) AS first_us, max(time_us) AS last_us, arg_max(day, time_us) AS last_day,
                $finish AS finish_us, $finish_day AS finish_day $kept
                FROM parsed WHERE fault IS NULL GROUP BY case_id)
            SELECT row_number() OVER (ORDER BY first_position, case_id) - 1 AS case_no, * FROM grouped""",
            kept=kept,
            finish=_finish("max(time_us)", mapping),
            finish_day=_finish("arg_max(day, time_us)", mapping),
        )
    )
    connection.execute(
        "CREATE TABLE dictionary AS SELECT activity, row_number() OVER (ORDER BY activity) - 1 AS activity_no"
        " FROM (SELECT DISTINCT activity FROM parsed WHERE fault IS NULL)"
    )
    attributes = "t.attributes" if traces else "CAST(NULL AS VARCHAR)"
    connection.execute(
        sql(
            """COPY (SELECT case_no, n.case_id, n.events, first_us, last_us, $end_us AS end_us, $end_day AS end_day,
                $finished AS finished $columns, $attributes AS attributes FROM numbered n $traces ORDER BY case_no)
            TO $target (FORMAT parquet, COMPRESSION zstd)""",
            end_us=end_us,
            end_day=end_day,
            finished=finished,
            columns="".join(f", {column}" for column in shape.attribute_columns),
            attributes=attributes,
            traces=f"LEFT JOIN read_parquet({traces}) t ON t.trace = n.trace" if traces else "",
            target=literal(str(folder / CASES)),
        )
    )
    connection.execute(
        sql(
            """COPY (SELECT CAST(case_no AS INTEGER) AS case_no, p.case_id, CAST(activity_no AS INTEGER) AS activity_no,
                p.activity, time_us, start_us, position, resource, department, lifecycle, p.attributes
                FROM parsed p JOIN numbered USING (case_id) JOIN dictionary USING (activity)
                WHERE fault IS NULL ORDER BY case_no, time_us, position)
            TO $target (FORMAT parquet, COMPRESSION zstd)""",
            target=literal(str(folder / EVENTS)),
        )
    )


def _finish(aggregate: str, mapping: LogMapping) -> str:
    if not mapping.finished_activities:
        return "NULL"
    words = ", ".join(literal(word) for word in mapping.finished_activities)
    return f"{aggregate} FILTER (activity IN ({words}))"


def _end(mapping: LogMapping, plan: Plan) -> tuple[str, str, str]:
    """When a case ended, on which local day, and whether it is finished (null where no rule says)."""
    if plan.end:
        us = f'"attr_{plan.end}_us"'
        return us, f'"attr_{plan.end}_day"', f"{us} IS NOT NULL"
    if mapping.finished_activities:
        return "CAST(finish_us AS BIGINT)", "CAST(finish_day AS INTEGER)", "finish_us IS NOT NULL"
    return "last_us", "last_day", "CAST(NULL AS BOOLEAN)"


def notes(
    connection: duckdb.DuckDBPyConnection, mapping: LogMapping, shape: Shape, traces: str | None, events: str | None
) -> dict[str, int]:
    """What was unusual though not wrong, by code, how often (zero left out)."""
    counts = {
        "events_out_of_order": """SELECT count(*) FROM (SELECT time_us < lag(time_us) OVER
            (PARTITION BY case_id ORDER BY position) AS back FROM parsed WHERE fault IS NULL) WHERE back""",
        "transitions": "SELECT CASE WHEN count(DISTINCT lifecycle) > 1 THEN count(DISTINCT lifecycle) END FROM parsed",
        "traces_merged": """SELECT count(*) FROM
            (SELECT case_id FROM parsed GROUP BY case_id HAVING min(trace) <> max(trace))""",
    }
    if shape.attribute_columns:
        differ = " OR ".join(f"min({column}) <> max({column})" for column in shape.attribute_columns)
        counts["case_attributes_changing"] = sql(
            "SELECT count(*) FROM (SELECT case_id FROM parsed WHERE fault IS NULL GROUP BY case_id HAVING $differ)",
            differ=differ,
        )
    if traces and events:
        counts["traces_without_events"] = sql(
            "SELECT count(*) FROM read_parquet($traces) ANTI JOIN read_parquet($events) USING (trace)",
            traces=traces,
            events=events,
        )
    if mapping.zone:
        for code, when in _clock_changes(literal(mapping.zone)).items():
            counts[code] = sql(
                "SELECT count(*) FROM parsed WHERE fault IS NULL AND wall IS NOT NULL AND ($when)", when=when
            )
    found = {}
    for code, query in counts.items():
        row = connection.execute(query).fetchone()
        if row and row[0]:
            found[code] = int(row[0])
    return found


def _clock_changes(zone: str) -> dict[str, str]:
    """Local times a clock change leaves out or gives twice: read as the zone's table does, and counted."""

    def shown(us: str) -> str:
        return f"epoch_us(timezone({zone}, make_timestamptz({us})))"

    return {
        "times_left_out_by_clock_change": f"{shown('time_us')} <> wall",
        "times_doubled_by_clock_change": (
            f"{shown('time_us')} = wall AND ({shown('time_us + 3600000000')} = wall"
            f" OR {shown('time_us - 3600000000')} = wall)"
        ),
    }


def raw_of_traces(plan: Plan, events: str, traces: str) -> tuple[str, list[str], list[str]]:
    """The `raw` SELECT over a staged XES, and the keys its reader must set apart: of traces, of events."""
    trace_keys: list[str] = []
    event_keys: list[str] = []
    picked = []
    for index, column in enumerate(plan.columns):
        keys, side = (trace_keys, "t") if column.startswith("case:") else (event_keys, "e")
        key = column.removeprefix("case:")
        if key not in keys:
            keys.append(key)
        picked.append(f"{side}.k{keys.index(key)} AS r{index}")
    select = sql(
        "SELECT e.position, e.line, e.trace, e.attributes, $picked"
        " FROM read_parquet($events) e JOIN read_parquet($traces) t USING (trace)",
        picked=", ".join(picked),
        events=events,
        traces=traces,
    )
    return select, trace_keys, event_keys
