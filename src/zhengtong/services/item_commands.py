# SPDX-License-Identifier: Apache-2.0
"""`zhengtong items`: decode codes, import lists, compare them, hold them to the city's rules of quality."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from zhengtong.city.definition import CodeList
from zhengtong.city.load import City, find_city, load
from zhengtong.city.text import language, say
from zhengtong.errors import NotFound
from zhengtong.services.item_files import ConformanceFile, ItemCodesFile
from zhengtong.services.rules.conformance import Judged, Sum, by_department, by_rule
from zhengtong.services.rules.itemcode import Decoded, decode_code
from zhengtong.services.rules.itemfields import FIELDS

if TYPE_CHECKING:
    from zhengtong.services.engine.itemstore import Difference

_out = Console()
_errors = Console(stderr=True)
SHOWN = 20

app = typer.Typer(
    help=say("事项清单：编码、导入、对比、质量", "Item lists: codes, import, comparison, quality"), no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help=say("输出 JSON", "print JSON"))]
SnapshotName = Annotated[
    str, typer.Argument(help=say("快照的哈希（前 8 位以上）", "hash of a snapshot, 8 digits or more"))
]


def _help(zh: str, en: str, *examples: str) -> str:
    return say(zh, en) + "\n\n" + say("例：", "Examples:") + "".join(f"\n\n    {one}" for one in examples)


def set_up() -> None:
    """Load Django once and bring the tables up to date."""
    import django
    from django.apps import apps

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhengtong.site.settings")
    if not apps.ready:
        django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


# --- decode -----------------------------------------------------------------------------------------------------------

DECODE_HELP = _help(
    "解读并校验实施编码、业务办理项编码或办件编号",
    "Decode and check an implementation code, a handling item or a case number",
    "zhengtong items decode 11999900MB0000059H3990100502001",
)


@app.command("decode", help=DECODE_HELP)
def decode(code: Annotated[str, typer.Argument(help=say("编码", "the code"))], as_json: Json = False) -> None:
    of = load(find_city())
    rules = next(iter(of.all(ItemCodesFile)), None)
    if rules is None:
        raise NotFound(
            "城市没有事项编码规则", "the city has no rules of item codes", expected="standards/item-codes.yaml"
        )
    decoded = decode_code(code, handling_digits=rules.handling_digits, serial_digits=rules.case_digits)
    lines = decoded_words(decoded, rules, of)
    if as_json:
        _print_json({name: {"value": value, "words": words} for name, value, words in lines})
        return
    table = Table(say("部分", "part"), say("值", "value"), say("含义", "meaning"))
    for name, value, words in lines:
        table.add_row(name, value, words)
    _out.print(table)
    if not rules.verified:
        _out.print(say(f"规则未经核实：{rules.source.zh}", f"rules not verified: {rules.source.en}"))


KINDS = {
    "item": ("实施编码", "implementation code"),
    "handling": ("业务办理项编码", "handling item"),
    "case": ("办件编号", "case number"),
}


def decoded_words(decoded: Decoded, rules: ItemCodesFile, of: City) -> list[tuple[str, str, str]]:
    """(part, value, meaning), the meaning from the city's code lists, "" where they do not know it."""
    item = decoded.item

    def word(key: str | None, code: str) -> str:
        name = of.get(CodeList, key).names().get(code) if key else None
        return name.say(language()) if name else say("字典里没有", "not in the code list") if key else ""

    lines = [
        (say("种类", "kind"), decoded.kind, say(*KINDS[decoded.kind])),
        (say("统一社会信用代码", "credit code"), item.credit_code, say("校验位正确", "check character right")),
        (say("登记机关所在区划", "division of registration"), item.credit_code[2:8], ""),
        (say("行使层级", "level"), item.level, word(rules.levels, item.level)),
        (say("基本编码", "basic code"), item.basic, ""),
        (say("区划或国家", "division or nation"), item.division, word(rules.divisions, item.division)),
        (say("事项类型", "type"), item.type, word(rules.types, item.type)),
        (say("主项", "main item"), item.main, ""),
        (say("子项", "sub item"), item.sub, say("无子项", "none") if item.sub == "000" else ""),
    ]
    services = [one for one in of.all("service") if one.code == item.whole]
    lines += [(say("本市事项", "service of this city"), one.key, one.name.say(language())) for one in services]
    if decoded.day:
        lines.append((say("日期", "date"), decoded.day.isoformat(), ""))
    if decoded.serial:
        lines.append((say("顺序码", "serial"), decoded.serial, ""))
    return lines


# --- import and list --------------------------------------------------------------------------------------------------

IMPORT_HELP = _help(
    "导入上级事项清单（CSV 或 .xlsx），成为按内容哈希命名、不可更改的快照",
    "Import an item list from above (CSV or .xlsx) as an immutable snapshot named by its content's hash",
    "zhengtong items import list.csv --source province --map map.yaml",
)


@app.command("import", help=IMPORT_HELP)
def import_(
    file: Annotated[Path, typer.Argument(help=say("清单文件", "the list"))],
    *,
    source: Annotated[str, typer.Option("--source", help=say("来源名称，如 province", "where it is from: province"))],
    mapping: Annotated[Path, typer.Option("--map", help=say("映射文件（YAML）", "mapping file (YAML)"))],
    as_json: Json = False,
) -> None:
    set_up()
    from zhengtong.acts.actor import SYSTEM
    from zhengtong.services.itemlists import fault_counts, faults, import_list

    with _errors.status(say("读取清单", "reading the list")) as status:
        snapshot = import_list(
            file, mapping, source, SYSTEM,
            lambda count: status.update(say(f"已读 {count} 行", f"{count} rows read")),
        )  # fmt: skip
    if as_json:
        _print_json(dict(snapshot.manifest))
        return
    m = snapshot.manifest
    _out.print(
        say(
            f"快照 {snapshot.hash[:12]}：{m['rows']} 个事项，{m['faults']} 处问题，{m['rejected']} 行未收入",
            f"snapshot {snapshot.hash[:12]}: {m['rows']} items, {m['faults']} faults, {m['rejected']} rows left out",
        )
    )
    for field, code, count in fault_counts(snapshot)[:SHOWN]:
        _out.print(f"  {count}  {_field(field)}  {say(*CODES[code])}")
    for one in faults(snapshot, limit=5):
        _out.print(f"  {_fault_line(one)}", style="dim", highlight=False)


CODES = {
    "value": ("值不合要求", "value not as expected"),
    "missing": ("必填项为空", "required and empty"),
    "no_key": ("没有主键，未收入", "no key; left out"),
    "duplicate": ("主键重复，未收入", "key repeated; left out"),
    "width": ("格数与表头不符，未收入", "cells do not fit the header; left out"),
}


def _field(name: str) -> str:
    return say(FIELDS[name].zh, FIELDS[name].en) if name in FIELDS else "—"


def _fault_line(one: dict[str, Any]) -> str:
    text = say(f"第 {one['line']} 行", f"row {one['line']}") + f" {one['column']}: {say(one['zh'], one['en'])}"
    if one["found"]:
        text += say("；实际为 ", "; found ") + one["found"]
    if one["expected"]:
        text += say("；应为 ", "; expected ") + one["expected"]
    return text


LIST_HELP = _help("列出已导入的快照", "List the imported snapshots", "zhengtong items list --json")


@app.command("list", help=LIST_HELP)
def list_(as_json: Json = False) -> None:
    set_up()
    from zhengtong.services.models import ItemSnapshot

    rows = list(ItemSnapshot.objects.order_by("-imported_us"))
    if as_json:
        _print_json([{n: getattr(row, n) for n in ItemSnapshot.recorded_fields} for row in rows])
        return
    table = Table(
        say("快照", "snapshot"), say("来源", "source"), say("事项", "items"), say("问题", "faults"),
        say("未收入", "left out"),
    )  # fmt: skip
    for row in rows:
        table.add_row(row.hash[:12], row.source, str(row.rows), str(row.faults), str(row.rejected))
    _out.print(table)


# --- diff and report --------------------------------------------------------------------------------------------------

DIFF_HELP = _help(
    "对比两份快照：新增、取消、变更（逐字段）",
    "Compare two snapshots: added, removed, changed field by field",
    "zhengtong items diff 1f2e3d4c 9a8b7c6d",
)


@app.command("diff", help=DIFF_HELP)
def diff(before: SnapshotName, after: SnapshotName, as_json: Json = False) -> None:
    set_up()
    from zhengtong.services.engine import itemstore
    from zhengtong.services.itemlists import recorded

    found = itemstore.diff(recorded(before)[1], recorded(after)[1])
    if as_json:
        _print_json(
            {
                "added": found.added,
                "removed": found.removed,
                "changed": [one.__dict__ for one in found.changed],
            }
        )
        return
    _say_difference(found)


def _say_difference(found: Difference) -> None:
    keys, new, gone = {one.key for one in found.changed}, len(found.added), len(found.removed)
    _out.print(
        say(
            f"新增 {new}，取消 {gone}，变更 {len(keys)} 个事项（{len(found.changed)} 处）",
            f"{new} added, {gone} removed, {len(keys)} changed ({len(found.changed)} fields)",
        )
    )
    for sign, pairs in (("+", found.added), ("-", found.removed)):
        for key, name in pairs[:SHOWN]:
            _out.print(f"{sign} {key} {name}", highlight=False)
    for one in found.changed[:SHOWN]:
        _out.print(f"~ {one.key} {_field(one.field)}: {one.before} → {one.after}", highlight=False)


REPORT_HELP = _help(
    "一份快照的报告：逐行问题、重复、字段完整度，以及本市事项与清单的差异",
    "Report on a snapshot: faults by row, repetitions, presence of fields, and how the city's services differ from it",
    "zhengtong items report 1f2e3d4c",
)


@app.command("report", help=REPORT_HELP)
def report(snapshot: SnapshotName, as_json: Json = False) -> None:
    set_up()
    from zhengtong.acts.serving import city
    from zhengtong.services.itemlists import fault_counts, faults, linked, present, recorded, repeated_codes

    _, held = recorded(snapshot)
    links = linked(held, city()) if "task_code" in held.known else []
    if as_json:
        _print_json(
            {
                "snapshot": dict(held.manifest),
                "faults": fault_counts(held),
                "present": present(held),
                "repeated_codes": repeated_codes(held),
                "services": [one.__dict__ for one in links],
            }
        )
        return
    total = int(held.manifest["rows"])
    table = Table(say("字段", "field"), say("有值", "present"), "%")
    for name, count in sorted(present(held).items(), key=lambda pair: pair[1]):
        table.add_row(_field(name), str(count), f"{100 * count / total:.1f}")
    _out.print(table)
    codes, items = repeated_codes(held)
    _out.print(
        say(f"重复的实施编码 {codes} 个，涉及 {items} 个事项", f"{codes} implementation codes stand on {items} items")
    )
    for one in faults(held, limit=SHOWN):
        _out.print(_fault_line(one), highlight=False)
    for link in links:
        _out.print(_link_line(link), highlight=False)


def _link_line(link: Any) -> str:
    if not link.found:
        return say(f"{link.service}：清单里没有编码 {link.code}", f"{link.service}: the list holds no {link.code}")
    if not link.differs:
        return say(f"{link.service}：与清单一致", f"{link.service}: as in the list")
    parts = [f"{_field(name)} {theirs} → {ours}" for name, theirs, ours in link.differs]
    return say(f"{link.service}：清单 → 本市：", f"{link.service}: list → city: ") + "; ".join(parts)


# --- conformance ------------------------------------------------------------------------------------------------------

CONFORM_HELP = _help(
    "按城市的质量规则检查本市事项（或一份快照），给出各部门合格率；有严重问题时退出码为 1",
    "Hold the city's services (or a snapshot) to its rules of quality: pass rate per department; exit 1 on errors",
    "zhengtong items conform",
    "zhengtong items conform 1f2e3d4c --json",
)


@app.command("conform", help=CONFORM_HELP)
def conform(
    snapshot: Annotated[
        str, typer.Argument(help=say("快照；不写则检查本市事项", "a snapshot; the city's own if absent"))
    ] = "",
    as_json: Json = False,
) -> None:
    of = load(find_city())
    set_up()
    from zhengtong.services.itemlists import conform_list, conform_own, recorded

    judged = conform_list(recorded(snapshot)[1], of) if snapshot else conform_own(of)
    rules = {rule.key: rule for rule in of.all(ConformanceFile)}
    if as_json:
        _print_json([{**one.__dict__, "rate": one.rate, "severity": rules[one.rule].severity} for one in judged])
    else:
        names = {key: of.get("department", key).name.say(language()) for key in of.keys("department")}
        _sums(say("部门", "department"), by_department(judged), names)
        _sums(say("规则", "rule"), by_rule(judged), {key: rule.name.say(language()) for key, rule in rules.items()})
        _failing(judged, rules)
    if any(one.failed and rules[one.rule].severity == "error" for one in judged):
        raise typer.Exit(1)


def _sums(title: str, sums: list[Sum], names: dict[str, str]) -> None:
    table = Table(
        title, say("合格率", "pass rate"), say("合格", "pass"), say("不合格", "fail"), say("无法判断", "not judged")
    )
    for one in sums:
        rate = "—" if one.rate is None else f"{100 * one.rate:.1f}%"
        table.add_row(names.get(one.key, one.key), rate, str(one.passed), str(one.failed), str(one.not_judged))
    _out.print(table)


def _failing(judged: list[Judged], rules: dict[str, ConformanceFile]) -> None:
    for one in [j for j in judged if j.failed][:SHOWN]:
        shown = ", ".join(one.failing[:8]) + (" …" if len(one.failing) > 8 else "")
        _out.print(f"{one.department} · {rules[one.rule].name.say(language())}: {shown}", highlight=False)
