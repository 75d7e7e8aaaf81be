# SPDX-License-Identifier: Apache-2.0
"""The components and filters of every page. Loaded as built-ins: templates need no `{% load %}`."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import template
from django.forms.boundfield import BoundField
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from zhengtong.ui import drawing, parts
from zhengtong.ui.forms import Field, Origin, from_bound, summary
from zhengtong.ui.language import html_lang, reader_language, say
from zhengtong.ui.pages import KEY_FIELD, opens

register = template.Library()
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def _component(name: str) -> str:
    return f"ui/components/{name}.html"


# ── values ────────────────────────────────────────────────────────────────────────────────────────────────────────


@register.filter
def text(value: object) -> object:
    """Text of a city file, or an error, in the reader's language. A safe string stays safe."""
    return value if isinstance(value, SafeString) else say(value)


def _local(time_us: int) -> datetime.datetime:
    return (EPOCH + datetime.timedelta(microseconds=int(time_us))).astimezone(timezone.get_current_timezone())


@register.filter
def local_time(time_us: int | None) -> str:
    """UTC microseconds → “2026-11-17 10:03” in the city's zone: read the same in both languages."""
    return "" if time_us is None else _local(time_us).strftime("%Y-%m-%d %H:%M")


@register.filter
def local_date(time_us: int | None) -> str:
    return "" if time_us is None else _local(time_us).strftime("%Y-%m-%d")


@register.simple_tag
def when(time_us: int | None, style: str = "time") -> str:
    """A `<time>` element; `style` is "time" or "date"."""
    if time_us is None:
        return ""
    shown = local_date(time_us) if style == "date" else local_time(time_us)
    return format_html('<time datetime="{}">{}</time>', _local(time_us).isoformat(timespec="minutes"), shown)


@register.filter
def number(value: int | float | Decimal | None, digits: int = 0) -> str:
    """Thousands in groups; `digits` after the point (`{{ 3.44|number:1 }}` → 3.4)."""
    return "" if value is None else f"{value:,.{digits}f}"


def _days(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else f"{value:.1f}"


@register.filter
def working_days(value: float | None) -> str:
    """“4 working days”, to a tenth where it is not whole."""
    if value is None:
        return ""
    return ngettext("%(days)s working day", "%(days)s working days", 1 if value == 1 else 2) % {"days": _days(value)}


@register.filter
def percent(value: float | None, digits: int = 0) -> str:
    """A share (0.86) as “86%”."""
    return "" if value is None else f"{100 * value:.{digits}f}%"


@register.filter
def message_kind(level_tag: str) -> str:
    """Django's message level as a state's kind."""
    return {"success": "ok", "warning": "near", "error": "late"}.get(level_tag, "info")


@register.filter
def is_state(value: object) -> bool:
    return isinstance(value, parts.State)


# ── forms ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@register.simple_tag
def act_key() -> str:
    """The hidden idempotency key that every form which does something carries; fresh each time the form is drawn."""
    return format_html('<input type="hidden" name="{}" value="{}">', KEY_FIELD, uuid.uuid4().hex)


@register.inclusion_tag(_component("field"), name="field")
def field_tag(field: Field | BoundField) -> dict[str, object]:
    """`{% field question %}` or `{% field form.username %}`."""
    return {"field": from_bound(field) if isinstance(field, BoundField) else field}


@register.inclusion_tag(_component("field"), name="input")
def input_tag(name: str, label: str, *, origin: str = "", receipt_url: str = "", **options: Any) -> dict[str, object]:
    """`{% input "phone" label kind="tel" value=… hint=… error=… autocomplete="tel" required=False %}`."""
    known = set(Field.__dataclass_fields__)
    attributes = {key: value for key, value in options.items() if key not in known}
    given = {key: value for key, value in options.items() if key in known}
    return {
        "field": Field(
            name, label, origin=Origin(origin, receipt_url) if origin else None, attributes=attributes, **given
        )
    }


@register.inclusion_tag(_component("error_summary"))
def error_summary(source: object, fields: Sequence[Field] = ()) -> dict[str, object]:
    """All errors of a form at the top of the page, each a link to its field; nothing when there are none."""
    return {"lines": summary(source, fields)}


# ── small parts ───────────────────────────────────────────────────────────────────────────────────────────────────


@register.inclusion_tag(_component("state"))
def state(kind: object, word: object = "") -> dict[str, object]:
    """`{% state "late" word %}` or `{% state a_State %}`. Raises ValueError for a kind without a shape."""
    shown = kind if isinstance(kind, parts.State) else parts.State(kind, word)  # type: ignore[arg-type]
    if shown.kind not in parts.STATE_KINDS:
        raise ValueError(f"a state is one of {parts.STATE_KINDS}, not {shown.kind!r}")
    return {"state": shown}


@register.inclusion_tag(_component("proof"))
def proof(url: str, events: int | None = None, label: object = "", standing: str = "proven") -> dict[str, object]:
    """The chip beside a figure: how many events stand behind it, one click away.

    `standing` is proven (the proof was checked for this page), sealed (it can be), promised (recorded, not yet sealed)
    or contradicted.
    """
    words = say(label) or (
        ngettext("%(n)s event", "%(n)s events", events) % {"n": number(events)} if events is not None else _("Receipt")
    )
    standings = {
        "proven": _("proven unchanged since recorded"),
        "sealed": _("sealed in the record"),
        "promised": _("recorded, not yet sealed"),
        "contradicted": _("does not agree with the record"),
    }
    return {"url": url, "words": words, "standing": standing, "meaning": standings[standing]}


@register.inclusion_tag(_component("figure"))
def figure(label: object, value: object, **options: Any) -> dict[str, object]:
    """A number with its label, interval and proof.

    Options: unit, low, high (the interval), change (words), change_kind (a state's kind), note, url, proof_url, events,
    standing, trend (values for a line), missing (words shown when the value is None, such as “not comparable”).
    """
    return {"label": label, "value": value, "missing": _("no figure yet"), "standing": "proven", **options}


@register.inclusion_tag(_component("breadcrumbs"), takes_context=True)
def breadcrumbs(context: Context, crumbs: Sequence[parts.Crumb]) -> dict[str, object]:
    """Without the steps of the way that do not let this reader in: several roles come to a page by different ways."""
    request = context.get("request")
    return {"crumbs": [crumb for crumb in crumbs if not (request and crumb.url) or opens(request, crumb.url)]}


@register.inclusion_tag(_component("tasks"))
def tasks(items: Sequence[parts.Task]) -> dict[str, object]:
    return {"items": items}


@register.inclusion_tag(_component("timeline"))
def timeline(moments: Sequence[parts.Moment]) -> dict[str, object]:
    return {"moments": moments}


@register.inclusion_tag(_component("facts"))
def facts(rows: Sequence[parts.Fact]) -> dict[str, object]:
    return {"rows": rows}


@register.inclusion_tag(_component("table"))
def table(table: parts.Table) -> dict[str, object]:
    rows = [list(zip(table.columns, row, strict=True)) for row in table.rows]
    return {"table": table, "rows": rows}


@register.inclusion_tag(_component("empty"))
def empty(title: object, hint: object = "", url: str = "", action: object = "") -> dict[str, object]:
    """What will appear here, and how to make it appear."""
    return {"title": title, "hint": hint, "url": url, "action": action}


@register.inclusion_tag(_component("notice"))
def notice(kind: str, title: object, body: object = "", url: str = "", link: object = "") -> dict[str, object]:
    """A banner of a state's kind; `url` and `link` lead on."""
    return {"kind": kind, "title": title, "body": body, "link": {"url": url, "label": link} if url else None}


# ── drawings ──────────────────────────────────────────────────────────────────────────────────────────────────────


@register.inclusion_tag(_component("limit"))
def limit(limit: drawing.Limit) -> dict[str, object]:
    return {"limit": limit, "drawing": drawing.draw_limit(limit), "sentence": limit_sentence(limit)}


def limit_sentence(limit: drawing.Limit) -> str:
    """The drawing in words, for whoever does not see it."""
    said = [_("used %(days)s") % {"days": working_days(limit.used)}]
    if limit.over:
        said.append(_("%(days)s over the limit") % {"days": working_days(limit.over)})
    if limit.paused:
        said.append(_("paused %(days)s, not counted") % {"days": working_days(limit.paused)})
    if limit.promised is not None:
        said.append(_("promised %(days)s") % {"days": working_days(limit.promised)} + _due(limit.promised_due))
    if limit.statutory is not None:
        said.append(_("statutory %(days)s") % {"days": working_days(limit.statutory)} + _due(limit.statutory_due))
    return ("；" if reader_language() == "zh" else "; ").join(said)


def _due(words: str) -> str:
    return _(" (until %(date)s)") % {"date": words} if words else ""


@register.inclusion_tag(_component("sparkline"))
def sparkline(values: Sequence[float | None], label: object = "") -> dict[str, object]:
    return {"line": drawing.draw_sparkline(values), "label": label}


@register.inclusion_tag(_component("bar"))
def bar(value: float, maximum: float, words: object, kind: str = "ok") -> dict[str, object]:
    """A bar with its figure in words beside it; the bar itself says nothing more."""
    return {"share": drawing.share(value, maximum), "words": words, "kind": kind}


@register.inclusion_tag(_component("chart"))
def chart(chart: parts.Chart) -> dict[str, object]:
    """A figure for ECharts. The page loads `js/charts.js` and puts a table with the same figures beside it."""
    data = {
        "kind": chart.kind,
        "unit": chart.unit,
        "sideways": chart.sideways,
        "labels": [str(say(label)) for label in chart.labels],
        "series": [{"name": str(say(s.name)), "values": list(s.values), "role": s.role} for s in chart.series],
    }
    tall = "tall" if chart.sideways and len(chart.labels) > 8 else ""
    return {"chart": chart, "data": data, "data_id": f"{chart.key}-data", "tall": tall}


# ── addresses ─────────────────────────────────────────────────────────────────────────────────────────────────────


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: object) -> str:
    """This page's query string with some parameters changed; None or "" removes one. Begins with "?"."""
    params = context["request"].GET.copy()
    for key, value in changes.items():
        if value in (None, ""):
            params.pop(key, None)
        else:
            params[key] = str(value)
    return f"?{params.urlencode()}"


@register.inclusion_tag(_component("pagination"), takes_context=True)
def pagination(context: Context, page: parts.CursorPage) -> dict[str, object]:
    """Cursors travel as `?after=…` or `?before=…`; every other parameter stays."""
    return {
        "page": page,
        "before": query(context, before=page.before, after=None) if page.before else "",
        "after": query(context, after=page.after, before=None) if page.after else "",
    }


@register.filter
def add_px(value: float, more: float) -> float:
    """A place in a drawing, so many pixels further (Django's `add` takes whole numbers only)."""
    return round(value + more, 1)


@register.simple_tag
def page_lang() -> str:
    return html_lang()


@register.filter
def lookup(mapping: Mapping[str, object], key: str) -> object:
    """A value by a key that only the data knows."""
    return mapping.get(key, "")
