# SPDX-License-Identifier: Apache-2.0
"""Item lists for the data bureau: snapshots, what a list says of itself, what changed, and quality by department."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from zhengtong.acts.serving import city
from zhengtong.city.definition import Department
from zhengtong.city.spreadsheets import harmless
from zhengtong.city.text import Text
from zhengtong.errors import BadInput
from zhengtong.services import itemlists
from zhengtong.services.engine import itemstore
from zhengtong.services.item_files import ConformanceFile
from zhengtong.services.models import ItemSnapshot
from zhengtong.services.rules.conformance import Judged, Sum, by_department, by_rule, presence
from zhengtong.services.rules.itemfields import FIELDS, UNITS
from zhengtong.ui.pages import opens, page, route
from zhengtong.ui.parts import Column, Crumb, State, Table
from zhengtong.ui.templatetags.ui import local_time

SHOWN, FIRST = 200, 6


@route(permission="items.read")
def lists(request: HttpRequest) -> HttpResponse:
    """Every imported list, newest first, and where the city's own services fall short most."""
    snapshots = ItemSnapshot.objects.order_by("-imported_us")[:SHOWN]
    rows = [
        (
            _link("item_list", one.hash[:12], one.hash),
            one.source,
            local_time(one.imported_us),
            one.rows,
            one.faults,
            one.rejected,
        )
        for one in snapshots
    ]
    columns = (_("Snapshot"), _("Source of the list"), _("Imported"))
    figures = (_("Items"), _("Faults"), _("Left out"))
    table = Table(
        _("Imported lists"),
        [*map(Column, columns), *(Column(f, True) for f in figures)],
        rows,
        "lists",
        caption_hidden=True,
    )
    own = itemlists.conform_own(city())
    context = {
        "lists": table if rows else None,
        "failing": any(one.failed for one in own),
        "may_import": opens(request, reverse("item_import")),
        "by_department": _sums(_("Departments with most to put right"), _worst(by_department(own)), "department", {}),
        "by_rule": _sums(_("Rules broken most"), _worst(by_rule(own)), "rule", {}),
    }
    return page(request, "services/items.html", context)


@route(permission="items.read")
def item_list(request: HttpRequest, name: str) -> HttpResponse:
    """One snapshot: its faults by row, how complete it is, the city's services beside it, its quality."""
    row, snapshot = itemlists.recorded(name)
    total = int(snapshot.manifest["rows"])
    faults = [
        (one["line"], one["column"], Text(zh=one["zh"], en=one["en"]), one["found"], one["expected"])
        for one in itemlists.faults(snapshot, limit=SHOWN)
    ]
    columns = [Column(_("Row"), True), *map(Column, (_("Column"), _("Fault"), _("Found"), _("Expected")))]
    context = {
        "row": row,
        "faults": Table(_("Faults by row"), columns, faults, "faults", caption_hidden=True) if faults else None,
        "more": int(snapshot.manifest["faults"]) - len(faults),
        "present": _present(itemlists.present(snapshot), total),
        "repeated": itemlists.repeated_codes(snapshot),
        "linked": _linked(snapshot) if "task_code" in snapshot.known else None,
        "others": ItemSnapshot.objects.exclude(hash=row.hash).order_by("-imported_us")[:20],
        "crumbs": [Crumb(_("Items"), reverse("items")), Crumb(row.hash[:12])],
        **_quality(itemlists.conform_list(snapshot), row.hash),
    }
    return page(request, "services/item_list.html", context)


def _present(counts: dict[str, int], total: int) -> Table:
    rows = [(_field(name), count, _percent(rate)) for name, count, rate in presence(counts, total)]
    columns = [Column(_("Field")), Column(_("Items"), True), Column(_("Share"), True)]
    return Table(_("How complete the list is"), columns, rows, "present", caption_hidden=True)


def _linked(snapshot: itemstore.Snapshot) -> Table:
    rows: list[tuple[object, ...]] = []
    links = itemlists.linked(snapshot, city())
    for one in sorted(links, key=lambda link: (not link.found, not link.differs)):
        name = city().get("service", one.service).name
        if not one.found:
            rows.append((name, State("near", _("not in the list")), "", "", ""))
        elif not one.differs:
            rows.append((name, State("ok", _("as in the list")), "", "", ""))
        for field, theirs, ours in one.differs:
            rows.append((name, State("late", _("differs")), _field(field), _shown(theirs), _shown(ours)))
    columns = (_("Service"), _("State"), _("Field"), _("The list"), _("The city"))
    return Table(_("The city's services beside the list"), [*map(Column, columns)], rows, "linked", caption_hidden=True)


@route(permission="items.read")
def difference(request: HttpRequest) -> HttpResponse:
    """What changed from one snapshot to another; `as=csv` hands it out."""
    before, after = (itemlists.recorded(request.GET.get(name, "")) for name in ("before", "after"))
    found = itemstore.diff(before[1], after[1])
    rows: list[tuple[object, ...]] = [(key, _("added"), name, "", "") for key, name in found.added]
    rows += [(key, _("removed"), name, "", "") for key, name in found.removed]
    rows += [(c.key, _("changed"), _field(c.field), _shown(c.before), _shown(c.after)) for c in found.changed]
    heads = (_("Item"), _("Kind of change"), _("Field"), _("Old value"), _("New value"))
    if request.GET.get("as") == "csv":
        return _csv(f"diff-{before[0].hash[:12]}-{after[0].hash[:12]}", heads, rows)
    context = {
        "before": before[0],
        "after": after[0],
        "counts": (len(found.added), len(found.removed), len({c.key for c in found.changed})),
        "table": Table(_("Changes"), [*map(Column, heads)], rows[:SHOWN], "changes", caption_hidden=True)
        if rows
        else None,
        "more": max(0, len(rows) - SHOWN),
        "csv": "?" + urlencode({"before": before[0].hash, "after": after[0].hash, "as": "csv"}),
        "crumbs": [Crumb(_("Items"), reverse("items")), Crumb(_("Changes of the list"))],
    }
    return page(request, "services/item_difference.html", context)


@route(permission="items.read")
def quality(request: HttpRequest) -> HttpResponse:
    """Department → rule → the items that fail; `as=csv` hands out every failing item."""
    name, department, rule = (request.GET.get(key, "") for key in ("list", "department", "rule"))
    snapshot = itemlists.recorded(name)[1] if name else None
    judged = itemlists.conform_list(snapshot) if snapshot else itemlists.conform_own(city())
    chosen = [j for j in judged if (not department or j.department == department) and (not rule or j.rule == rule)]
    if (department or rule) and not chosen:
        raise BadInput(
            "没有这个部门或规则", "there is no such department or rule", found=f"{department} {rule}".strip()
        )
    failing = [(key, one) for one in chosen for key in one.failing]
    if request.GET.get("as") == "csv":
        heads = (_("Item"), _("Department"), _("Rule"), _("Severity"))
        rows = [(key, _department(one.department), _rule(one.rule), _severity(one.rule)) for key, one in failing]
        return _csv("quality", heads, rows)
    shown = failing[:SHOWN]
    names = _names(snapshot, [key for key, _one in shown])
    heads = (_("Item"), _("Name"), _("Department"), _("Rule"))
    rows = [(key, names.get(key, ""), _department(one.department), _rule(one.rule)) for key, one in shown]
    query = {"list": name, "department": department, "rule": rule, "as": "csv"}
    context = {
        "department": _department(department) if department else "",
        "rule": city().get(ConformanceFile, rule) if rule else None,
        "rules": _sums(_("By rule"), by_rule(chosen), "rule", {"list": name, "department": department}),
        "departments": _sums(_("By department"), by_department(chosen), "department", {"list": name, "rule": rule}),
        "failing": Table(_("Items that fail"), [*map(Column, heads)], rows, "failing", caption_hidden=True)
        if rows
        else None,
        "more": max(0, len(failing) - SHOWN),
        "csv": "?" + urlencode({key: value for key, value in query.items() if value}),
        "crumbs": [Crumb(_("Items"), reverse("items")), Crumb(_("Quality"))],
    }
    return page(request, "services/item_quality.html", context)


def _quality(judged: Sequence[Judged], name: str) -> dict[str, object]:
    """Pass rates by department and by rule, each leading to the items behind it."""
    return {
        "by_department": _sums(_("By department"), by_department(judged), "department", {"list": name}),
        "by_rule": _sums(_("By rule"), by_rule(judged), "rule", {"list": name}),
    }


def _worst(sums: Iterable[Sum]) -> list[Sum]:
    """The few with most failures, for a page that leads to all of them."""
    return sorted((one for one in sums if one.failed), key=lambda one: (-one.failed, one.key))[:FIRST]


def _sums(title: str, sums: Iterable[Sum], kind: str, query: dict[str, str]) -> Table:
    rows = []
    for one in sums:
        said = {key: value for key, value in {**query, kind: one.key}.items() if value}
        word = _rule(one.key) if kind == "rule" else _department(one.key)
        label = format_html('<a href="{}?{}">{}</a>', reverse("item_quality"), urlencode(said), word)
        rows.append((label, _percent(one.rate), one.passed, one.failed, one.not_judged))
    heads = (_("Pass rate"), _("Pass"), _("Fail"), _("Not judged"))
    first = Column(_("Rule") if kind == "rule" else _("Department"))
    return Table(title, [first, *(Column(head, True) for head in heads)], rows, f"by-{kind}")


def _names(snapshot: itemstore.Snapshot | None, keys: list[str]) -> dict[str, str]:
    if snapshot is not None:
        return itemlists.names_of(snapshot, keys)
    return {key: _say(city().get("service", key).name) for key in keys}


def _say(text: Text) -> str:
    return text.say(get_language() or "zh")


def _department(key: str) -> str:
    """A department of the city by its key; a list's own word for one as it stands."""
    return _say(city().get(Department, key).name) if city().has(Department, key) else key


def _rule(key: str) -> str:
    return _say(city().get(ConformanceFile, key).name)


def _severity(key: str) -> str:
    return city().get(ConformanceFile, key).severity


def _field(name: str) -> str:
    return _say(Text(zh=FIELDS[name].zh, en=FIELDS[name].en))


def _shown(value: object) -> object:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value in UNITS:
        return {"working_days": _("working days"), "calendar_days": _("calendar days"), "hours": _("hours")}[str(value)]
    if isinstance(value, list | tuple):
        return "、".join(map(str, value))
    return "—" if value is None else value


def _percent(rate: float | None) -> str:
    return "—" if rate is None else f"{100 * rate:.1f}%"


def _link(view: str, word: str, *arguments: str) -> object:
    return format_html('<a href="{}">{}</a>', reverse(view, args=arguments), word)


def _csv(name: str, heads: Sequence[object], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """A table as a file; no cell of it can be taken for a formula."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.write("\ufeff")  # by which a spreadsheet knows UTF-8
    writer = csv.writer(response)
    writer.writerow(heads)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return response
