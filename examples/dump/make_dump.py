# SPDX-License-Identifier: Apache-2.0
"""A made-up hall's case tables, with the faults that real ones have, to try `zhengtong cases import` on.

    python examples/dump/make_dump.py --cases 1000 --out dump
    zhengtong cases import dump --map examples/dump/map.yaml --dry-run

Five tables in the shape of the monitoring exchange (申请、受理、过程、特别程序、办结). Nobody in them exists. The same
seed makes the same tables; `faults.json` beside them says which cases were spoilt, and how.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

HEADS = {
    "申请": ["办件编号", "事项编码", "申请时间", "承诺时限", "法定时限", "申请人"],
    "受理": ["办件编号", "受理时间", "受理结果"],
    "过程": ["办件编号", "环节名称", "办理时间", "办理人"],
    "特别程序": ["办件编号", "种类", "开始时间", "结束时间"],
    "办结": ["办件编号", "办结时间", "办结结果", "是否按时", "证照编号"],
}
Tables = dict[str, list[list[str]]]
SPOILS = (
    "orphan", "order", "unknown_item", "unknown_outcome", "duplicate", "bad_date", "no_limit", "future",
    "open_special", "too_long_promise", "no_acceptance",
)  # fmt: skip


class Hall:
    """Cases of one year before `until`. `spoil_percent` of a hundred have one fault each."""

    def __init__(self, seed: int, until: datetime, spoil_percent: int) -> None:
        self.random = random.Random(seed)  # noqa: S311  # made-up cases, no secret
        self.until, self.spoil_percent = until, spoil_percent
        self.tables: Tables = {name: [] for name in HEADS}
        self.spoilt: dict[str, str] = {}

    def fill(self, cases: int) -> None:
        for serial in range(1, cases + 1):
            self.one(f"HALL{self.until.year}{serial:07d}")

    def one(self, number: str) -> None:
        draw = self.random
        applied = self.until - timedelta(days=draw.uniform(30, 365))
        corrected = applied
        rows: Tables = {name: [] for name in HEADS}
        service, promised, statutory = draw.choice([("户口登记", 5, 20), ("参保登记", 10, 20)])
        rows["申请"].append([number, service, at(applied), str(promised), str(statutory), "某某"])
        if draw.random() < 0.1:
            corrected = applied + timedelta(days=draw.uniform(1, 4))
            rows["特别程序"].append([number, "补正", at(applied + timedelta(hours=3)), at(corrected)])
        accepted = corrected + timedelta(hours=draw.uniform(2, 30))
        taken = draw.random() > 0.03
        rows["受理"].append([number, at(accepted), "受理" if taken else "不予受理"])
        if taken and draw.random() < 0.93:
            self.decide(number, rows, accepted, promised)
        if draw.randrange(100) < self.spoil_percent:
            self.spoil(number, rows)
        for name, given in rows.items():
            self.tables[name] += given

    def decide(self, number: str, rows: Tables, accepted: datetime, promised: int) -> None:
        draw, now, paused = self.random, accepted, 0.0
        for stage in ("初审", "审核", "决定"):
            now += timedelta(days=draw.uniform(0.2, promised / 3))
            rows["过程"].append([number, stage, at(now), "某科员"])
        if draw.random() < 0.08:
            paused = draw.uniform(2, 12)
            ended = now + timedelta(days=paused)
            rows["特别程序"].append([number, draw.choice(["听证", "专家评审"]), at(now), at(ended)])
            now = ended
        done = now + timedelta(days=draw.uniform(0, promised / 2))
        outcome = draw.choices(["准予", "不予", "撤回"], [95, 3, 2])[0]
        # the old system counted calendar days and forgot the pauses: that is why its own flag is compared
        flag = "是" if (done - accepted).days <= promised * 7 / 5 else "否"
        licence = f"Z{draw.randrange(10**8):08d}" if outcome == "准予" else ""
        rows["办结"].append([number, at(done), outcome, flag, licence])

    def spoil(self, number: str, rows: Tables) -> None:
        """Break one thing in a way that real dumps are broken."""
        kind = self.random.choice(SPOILS)
        closed = rows["办结"][0] if rows["办结"] else None
        match kind:
            case "orphan":
                del rows["申请"][0]
            case "order":
                rows["受理"][0][1] = at(moment(rows["申请"][0][2]) - timedelta(days=2))
            case "unknown_item":
                rows["申请"][0][1] = "A-9999"
            case "unknown_outcome" if closed:
                closed[2] = "其他"
            case "duplicate":
                other = list(rows["申请"][0])
                other[2] = at(moment(other[2]) + timedelta(hours=5))
                rows["申请"].append(other)
            case "bad_date":
                rows["申请"][0][2] = "2026-02-30 10:00:00"
            case "no_limit":
                rows["申请"][0][3] = ""
            case "future" if closed:
                closed[1] = at(self.until + timedelta(days=3650))
            case "open_special" if closed:
                rows["特别程序"].append([number, "听证", rows["受理"][0][1], ""])
            case "too_long_promise":
                rows["申请"][0][3] = "90"
            case "no_acceptance" if closed:
                rows["受理"].clear()
            case _:
                return
        self.spoilt[number] = kind


def at(moment_: datetime) -> str:
    return f"{moment_:%Y-%m-%d %H:%M:%S}"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def write_csv(tables: Tables, folder: Path, encoding: str) -> None:
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding=encoding, newline="") as file:
            csv.writer(file).writerows([HEADS[name], *rows])


def write_sqlite(tables: Tables, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "hall.sqlite")) as db:
        for name, rows in tables.items():
            columns = ", ".join(f'"{column}" TEXT' for column in HEADS[name])
            db.execute(f'CREATE TABLE "{name}" ({columns})')
            places = ", ".join("?" * len(HEADS[name]))
            db.executemany(f'INSERT INTO "{name}" VALUES ({places})', rows)  # noqa: S608  # names of this file
        db.commit()


def write_excel(tables: Tables, folder: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    for name, rows in tables.items():
        sheet = book.create_sheet(name)
        for row in [HEADS[name], *rows]:
            sheet.append(row)
    book.save(folder / "hall.xlsx")


def make(folder: Path, cases: int, *, seed: int = 7, faults: int = 5, form: str = "csv") -> dict[str, str]:
    """Write the tables; returns which cases were spoilt, and how."""
    hall = Hall(seed, moment("2026-10-01 12:00:00"), faults)
    hall.fill(cases)
    folder.mkdir(parents=True, exist_ok=True)
    if form == "sqlite":
        write_sqlite(hall.tables, folder)
    elif form == "xlsx":
        write_excel(hall.tables, folder)
    else:
        write_csv(hall.tables, folder, "gb18030" if form == "gb18030" else "utf-8-sig")
    (folder / "faults.json").write_text(json.dumps(hall.spoilt, indent=1), "utf-8")
    return hall.spoilt


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a made-up hall's case tables.")
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--faults", type=int, default=5, help="cases of a hundred that are spoilt")
    parser.add_argument("--form", choices=["csv", "gb18030", "sqlite", "xlsx"], default="csv")
    given = parser.parse_args()
    make(given.out, given.cases, seed=given.seed, faults=given.faults, form=given.form)


if __name__ == "__main__":
    main()
