# SPDX-License-Identifier: Apache-2.0
"""Process mining in DuckDB over events as integers, exact throughout.

Events lie sorted by case, time and place in the file, so that an event's successor is the next row: a
streaming window finds it without sorting. Parquet that is not so ordered (another tool's, a ledger segment) is
numbered and sorted once on opening.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import duckdb

from zhengtong.errors import BadInput
from zhengtong.evaluation.engine.duck import connect, path_literal, sql
from zhengtong.evaluation.engine.sources import Source
from zhengtong.evaluation.rules import process
from zhengtong.evaluation.rules.lateness import Basis, LateCase, Lateness

_NEEDED = ("case_id", "activity", "time_us")
_OPTIONAL = {"start_us": "BIGINT", "resource": "VARCHAR", "department": "VARCHAR"}
_SUCCESSORS = """successors AS (
    SELECT case_no, activity_no AS a, time_us, lead(case_no) OVER () AS next_case, lead(activity_no) OVER () AS b,
        lead(time_us) OVER () AS next_us, lead(coalesce(start_us, time_us)) OVER () AS next_start_us FROM log)"""
"""Rows of `log` come in their order, so the next row is the next event of the case or the first of another."""


class EventLog:
    """An opened log: the DuckDB relation `log` (case_no, activity_no, time_us, start_us, position, resource,
    department), sorted.

    Use as a context manager. `cases` is needed for `lateness` only.
    """

    def __init__(self, events: Path | Sequence[Path], cases: Path | None = None) -> None:
        """Raises `BadInput` where a column is missing, or a time or name is."""
        paths = [events] if isinstance(events, Path) else list(events)
        self._spill = tempfile.TemporaryDirectory(prefix="zhengtong-mine-")
        self.connection = connect(spill=Path(self._spill.name))
        self.cases = cases
        files = "[" + ", ".join(path_literal(path) for path in paths) + "]"
        try:
            self.names = self._open(files, ", ".join(path.name for path in paths))
        except duckdb.Error as error:
            self.close()
            raise BadInput("读不出事件表", "the events cannot be read", found=str(error).splitlines()[0]) from error
        except BadInput:
            self.close()
            raise

    @classmethod
    def of(cls, source: Source) -> Self:
        return cls(source.events, source.cases)

    def _open(self, files: str, name: str) -> dict[int, str]:
        described = self.connection.execute(f"DESCRIBE SELECT * FROM read_parquet({files})").fetchall()  # noqa: S608 -- path_literal
        columns = {row[0] for row in described}
        missing = [column for column in _NEEDED if column not in columns]
        if missing:
            raise BadInput(
                "事件表缺少列",
                "the events lack columns",
                where=name,
                found=", ".join(sorted(columns)),
                expected=", ".join(missing),
            )
        optional = "".join(
            f", {column}" if column in columns else f", CAST(NULL AS {kind}) AS {column}"
            for column, kind in _OPTIONAL.items()
        )
        position = "position" if "position" in columns else "row_number() OVER () AS position"
        if {"case_no", "activity_no", "position"} <= columns:
            self.connection.execute(
                sql(
                    "CREATE VIEW log AS"
                    " SELECT case_no, activity_no, time_us, position $optional FROM read_parquet($files)",
                    optional=optional,
                    files=files,
                )
            )
            if self._sorted():
                return self._names(sql("SELECT DISTINCT activity_no, activity FROM read_parquet($files)", files=files))
            self.connection.execute("DROP VIEW log")
        self._sort(files, position, optional, name)
        return self._names("SELECT activity_no, activity FROM dictionary")

    def _names(self, query: str) -> dict[int, str]:
        return dict(self.connection.execute(query).fetchall())

    def _sorted(self) -> bool:
        """One streaming pass, so that nobody's word is taken for the order of a file."""
        row = self.connection.execute(
            """SELECT count(*) FROM (SELECT case_no AS c, time_us AS t, position AS p, lead(case_no) OVER () AS nc,
                lead(time_us) OVER () AS nt, lead(position) OVER () AS np FROM log)
            WHERE nc < c OR (nc = c AND (nt < t OR (nt = t AND np < p))) OR c IS NULL OR t IS NULL"""
        ).fetchone()
        return row is not None and row[0] == 0

    def _sort(self, files: str, position: str, optional: str, name: str) -> None:
        self.connection.execute(
            sql(
                "CREATE VIEW given AS SELECT case_id, activity, time_us, $position $optional FROM read_parquet($files)",
                position=position,
                optional=optional,
                files=files,
            )
        )
        row = self.connection.execute(
            "SELECT count(*) FROM given WHERE case_id IS NULL OR activity IS NULL OR time_us IS NULL"
        ).fetchone()
        if row and row[0]:
            raise BadInput(
                f"有 {row[0]} 个事件缺少办件编号、活动或时间",
                f"{row[0]} events lack a case, an activity or a time",
                where=name,
            )
        self.connection.execute(
            """CREATE TEMP TABLE dictionary AS
            SELECT activity, CAST(row_number() OVER (ORDER BY activity) - 1 AS INTEGER) AS activity_no
            FROM (SELECT DISTINCT activity FROM given)"""
        )
        self.connection.execute(
            """CREATE TEMP TABLE numbering AS
            SELECT case_id, CAST(row_number() OVER (ORDER BY first) - 1 AS INTEGER) AS case_no
            FROM (SELECT case_id, min(position) AS first FROM given GROUP BY case_id)"""
        )
        self.connection.execute(
            """CREATE TEMP TABLE log AS SELECT case_no, activity_no, time_us, position, start_us, resource, department
                FROM given JOIN dictionary USING (activity) JOIN numbering USING (case_id)
                ORDER BY case_no, time_us, position"""
        )

    def close(self) -> None:
        self.connection.close()
        self._spill.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _all(self, query: str, parameters: Sequence[Any] = ()) -> list[Any]:
        return self.connection.execute(query, list(parameters)).fetchall()

    def process_map(self) -> process.ProcessMap:
        """The directly-follows graph in one pass: an arc to nothing is a case's end."""
        rows = self._all(
            sql(
                """WITH $successors, arcs AS (
                    SELECT a, CASE WHEN next_case = case_no THEN b END AS b,
                        CASE WHEN next_case = case_no THEN next_us - time_us END AS gap,
                        CASE WHEN next_case = case_no THEN greatest(next_start_us - time_us, 0) END AS waiting
                    FROM successors)
                SELECT a, b, count(*), CAST(sum(gap) AS BIGINT), CAST(floor(quantile_cont(gap, 0.5)) AS BIGINT),
                    CAST(sum(waiting) AS BIGINT) FROM arcs GROUP BY a, b""",
                successors=_SUCCESSORS,
            )
        )
        return process.process_map(self.names, rows)

    def variants(self, top: int) -> process.Variants:
        """Exact sequences, grouped by their numbers; only the `top` ones are spelled out."""
        self.connection.execute(
            """CREATE OR REPLACE TEMP TABLE variants AS SELECT sequence, count(*) AS cases
            FROM (SELECT list(activity_no ORDER BY time_us, position) AS sequence FROM log GROUP BY case_no)
            GROUP BY sequence"""
        )
        total, single = self._all("SELECT count(*), count(*) FILTER (cases = 1) FROM variants")[0]
        rows = self._all("SELECT sequence, cases FROM variants ORDER BY cases DESC, sequence LIMIT ?", [top])
        self.connection.execute("DROP TABLE variants")
        spelled = (process.Variant(tuple(self.names[one] for one in sequence), cases) for sequence, cases in rows)
        return process.Variants(total, single, tuple(spelled))

    def durations(self) -> process.Durations | None:
        """None for a log without cases."""
        ranks = ", ".join(f"quantile_disc(d, {percent / 100})" for percent in process.PERCENTILES)
        row = self._all(
            sql(
                """SELECT count(*), CAST(sum(d) AS BIGINT), min(d),
                    CAST(floor(quantile_cont(d, 0.5)) AS BIGINT), max(d), $ranks
                FROM (SELECT max(time_us) - min(time_us) AS d FROM log GROUP BY case_no)""",
                ranks=ranks,
            )
        )[0]
        if not row[0]:
            return None
        cases, total, least, median, most, *ranked = row
        return process.Durations(cases, total, least, median, most, dict(zip(process.PERCENTILES, ranked, strict=True)))

    def rework(self) -> process.Rework:
        repeats = self._all(
            sql(
                """WITH $successors,
                loops AS (SELECT a, count(*) AS loops FROM successors WHERE next_case = case_no AND a = b GROUP BY a),
                done AS (SELECT case_no, activity_no, count(*) AS n FROM log GROUP BY case_no, activity_no HAVING n > 1)
                SELECT activity_no, count(*), CAST(sum(n - 1) AS BIGINT), coalesce(any_value(loops), 0)
                FROM done LEFT JOIN loops ON a = activity_no GROUP BY activity_no""",
                successors=_SUCCESSORS,
            )
        )
        cases = self._all(
            """SELECT count(DISTINCT case_no) FROM
                (SELECT case_no FROM log GROUP BY case_no, activity_no HAVING count(*) > 1)"""
        )[0][0]
        returns = self._all(
            """SELECT a, b, count(*) FROM (SELECT case_no, activity_no AS a, lead(activity_no) OVER () AS b,
                lead(activity_no, 2) OVER () AS c, lead(case_no, 2) OVER () AS third FROM log)
            WHERE third = case_no AND a = c AND a <> b GROUP BY a, b"""
        )
        names = self.names
        again = [process.Repeat(names[one], *rest) for one, *rest in repeats]
        back = [process.PingPong(names[one], names[other], count) for one, other, count in returns]
        return process.Rework(
            cases,
            tuple(sorted(again, key=lambda repeat: (-repeat.repeats, repeat.activity))),
            tuple(sorted(back, key=lambda one: (-one.count, one.activity, one.other))),
        )

    def shares(self, by: Literal["resource", "department"]) -> list[process.Share]:
        """Events and cases of each, most events first."""
        rows = self._all(
            sql(
                """SELECT who, CAST(sum(n) AS BIGINT) AS events, count(*) FROM
                    (SELECT $column AS who, case_no, count(*) AS n FROM log GROUP BY who, case_no)
                GROUP BY who ORDER BY events DESC, who""",
                column="resource" if by == "resource" else "department",
            )
        )
        return [process.Share(*row) for row in rows]

    def lateness(self, due: str, basis: Basis, top: int = 0) -> Lateness:
        """Finished cases against the case attribute `due`. Raises `BadInput` where the source keeps no such
        time.
        """
        if self.cases is None:
            raise BadInput("这份日志没有办件表", "this log has no table of cases")
        files = path_literal(self.cases)
        described = self._all(f"DESCRIBE SELECT * FROM read_parquet({files})")  # noqa: S608 -- path_literal
        known = [row[0][5:-3] for row in described if row[0].startswith("attr_") and row[0].endswith("_us")]
        if due not in known:
            raise BadInput(
                "来源中没有这个期限", "the source keeps no such limit", found=due, expected=", ".join(known) or "-"
            )
        late = "end_day > due_day" if basis is Basis.DATE else "end_us > due_us"
        rows = sql(
            """(SELECT case_id, end_us, end_day, $us AS due_us, $day AS due_day, finished FROM read_parquet($files)
                WHERE end_us IS NOT NULL AND finished IS DISTINCT FROM false)""",
            us=f'"attr_{due}_us"',
            day=f'"attr_{due}_day"',
            files=files,
        )
        finished, compared, count, declared = self._all(
            sql(
                """SELECT count(*), count(due_us), count(*) FILTER ($late),
                    count(finished) > 0 OR count(*) = 0 FROM $rows""",
                late=late,
                rows=rows,
            )
        )[0]
        worst = self._all(
            sql(
                "SELECT case_id, end_us, due_us, end_day - due_day FROM $rows WHERE $late"
                " ORDER BY end_us - due_us DESC, case_id LIMIT ?",
                late=late,
                rows=rows,
            ),
            [top],
        )
        return Lateness(due, basis, finished, compared, count, declared, tuple(LateCase(*row) for row in worst))
