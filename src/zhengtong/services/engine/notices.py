# SPDX-License-Identifier: Apache-2.0
"""Notices the law requires, as PDF: data in, template of the city folder, the same bytes out for the same
input.

A template `<kind>.typ` stands in the city's `notices/` folder beside `_layout.typ`. It receives the notice as
JSON in `sys.inputs.data` and the QR drawing in `sys.inputs.qr`; nothing of the data is ever pasted into typst
source, so a name holding typst markup is printed as it is. Signing comes after (`signing.py`).
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import segno

from zhengtong.errors import BadInput, NotFound, WrongUse
from zhengtong.services.engine.confined import Bounds, run_confined

BOUNDS = Bounds(seconds=30.0, cpu_seconds=20, memory_bytes=2 << 30, answer_bytes=8 << 20)
MAX_DATA = 100_000  # characters of JSON: Linux would take more, a notice never needs it


class NoticeKind(StrEnum):
    """The kinds, each a template file of the same name; `word` is its character in the number (发文字号)."""

    INTAKE = "intake"
    ACCEPT = "accept"
    NOT_ACCEPT = "not_accept"
    CORRECT = "correct"
    EXTEND = "extend"
    EXCLUDE = "exclude"
    GRANT = "grant"
    REFUSE = "refuse"
    INSPECT = "inspect"
    REVOKE = "revoke"
    CANCEL = "cancel"

    @property
    def word(self) -> str:
        return _WORDS[self]


_WORDS = {
    NoticeKind.INTAKE: "收",
    NoticeKind.ACCEPT: "受",
    NoticeKind.NOT_ACCEPT: "不受",
    NoticeKind.CORRECT: "补",
    NoticeKind.EXTEND: "延",
    NoticeKind.EXCLUDE: "停",
    NoticeKind.GRANT: "准",
    NoticeKind.REFUSE: "不准",
    NoticeKind.INSPECT: "勘",
    NoticeKind.REVOKE: "撤",
    NoticeKind.CANCEL: "注",
}


class Bilingual(Protocol):
    """Text in both languages; the city's own `Text` is one."""

    @property
    def zh(self) -> str: ...
    @property
    def en(self) -> str: ...


@dataclass(frozen=True)
class Line:
    """One labelled fact of the notice, such as the applicant or the promised day."""

    label: Bilingual
    value: str


@dataclass(frozen=True)
class Item:
    """One numbered entry: a material received, a thing to correct, a reason, a result; `basis` is the law or
    rule.
    """

    text: Bilingual
    basis: str = ""


@dataclass(frozen=True)
class Remedy:
    """A way to contest the decision: where to, within what time, and which article says so."""

    way: Bilingual
    within: Bilingual
    basis: str


@dataclass(frozen=True)
class Notice:
    """Everything a notice says. `verify_url` is the public page that shows whether this `code` is genuine."""

    kind: NoticeKind
    number: str
    issuer: Bilingual
    issued_on: date
    addressee: str
    case: str
    service: Bilingual
    code: str
    verify_url: str
    lines: Sequence[Line] = ()
    items: Sequence[Item] = ()
    remedies: Sequence[Remedy] = ()
    deadline: date | None = None
    contact: str = ""
    demo: bool = False


def notice_number(issuer_short: str, kind: NoticeKind, year: int, serial: int) -> str:
    """发文字号: the issuer's short name, the kind's word, the year in 〔〕, the serial without leading zeros.

    `notice_number("明医保", NoticeKind.ACCEPT, 2026, 4417)` is `明医保受〔2026〕4417号`. Raises WrongUse for
    a serial below 1.
    """
    if serial < 1 or not 1949 <= year <= 9999 or not issuer_short:
        raise WrongUse(
            "文号需要发文机关简称、年份和从 1 开始的序号",
            "a notice number needs the issuer's short name, a year and a serial from 1",
            found=f"{issuer_short!r}, {year}, {serial}",
        )
    return f"{issuer_short}{kind.word}〔{year}〕{serial}号"


def qr_svg(url: str) -> str:
    """The QR code of `url` as an SVG drawing, level M (15 % may be damaged), quiet zone of four modules
    included.
    """
    drawing = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        drawing, kind="svg", border=4, xmldecl=False, dark="#000", light="#fff"
    )
    return drawing.getvalue().decode()


def render_notice(notice: Notice, *, templates: Path, fonts: Path, at: datetime, bounds: Bounds = BOUNDS) -> bytes:
    """The notice as PDF/A-2a bytes, equal for equal input; `at` (with a zone) is the document's creation
    time.

    Raises NotFound when the city has no template of this kind or the fonts are missing; BadInput when the
    template does not compile or a character has no glyph in the fonts; Unavailable when typesetting exceeds
    `bounds`.
    """
    template = templates / f"{notice.kind}.typ"
    if not template.is_file():
        raise NotFound(
            "城市目录没有这种通知书的模板",
            "the city folder has no template for this notice",
            found=template.name,
        )
    if not any(fonts.glob("*.[to]tf")):
        raise NotFound(
            "没有通知书所用的字体，请先运行 python tools/assets.py",
            "the fonts for notices are missing; run python tools/assets.py first",
        )
    if at.tzinfo is None:
        raise WrongUse("文件时间须带时区", "the time of a document needs a zone", found=at.isoformat())
    data = json.dumps(notice_data(notice, at), ensure_ascii=False)
    if len(data) > MAX_DATA:
        raise BadInput("通知书内容过长", "the notice is too long", found=len(data), expected=f"≤ {MAX_DATA}")
    request = {
        "folder": str(templates.resolve()),
        "template": template.name,
        "fonts": str(fonts.resolve()),
        "inputs": {"data": data, "qr": qr_svg(notice.verify_url)},
        "timestamp": int(at.timestamp()),
    }
    answer = run_confined("zhengtong.services.engine.typeset", json.dumps(request).encode(), bounds)
    if not answer.head["ok"]:
        raise _template_fault(notice, answer.head)
    return answer.body


def notice_data(notice: Notice, at: datetime) -> dict[str, Any]:
    """What a template receives: strings, numbers and lists only; dates both as ISO and in Chinese official
    form.
    """
    return {
        "kind": notice.kind.value,
        "number": notice.number,
        "issuer": _both(notice.issuer),
        "issued_on": _day(notice.issued_on),
        "addressee": notice.addressee,
        "case": notice.case,
        "service": _both(notice.service),
        "code": notice.code,
        "verify_url": notice.verify_url,
        "lines": [{"label": _both(line.label), "value": line.value} for line in notice.lines],
        "items": [{**_both(item.text), "basis": item.basis} for item in notice.items],
        "remedies": [
            {"way": _both(remedy.way), "within": _both(remedy.within), "basis": remedy.basis}
            for remedy in notice.remedies
        ],
        "deadline": _day(notice.deadline) if notice.deadline else None,
        "contact": notice.contact,
        "demo": notice.demo,
        "made_at": at.isoformat(timespec="seconds"),
    }


def _both(text: Bilingual) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _day(day: date) -> dict[str, str]:
    """GB/T 9704-2012 writes dates of documents in Arabic numerals without leading zeros."""
    return {"iso": day.isoformat(), "zh": f"{day.year}年{day.month}月{day.day}日"}


_GLYPH = re.compile(r'the text `?"?(?P<text>.+?)"?`? could not be displayed')
_PLACE = re.compile(r"┌─ (?P<file>[^:\n]+):(?P<line>\d+):(?P<column>\d+)")


def _template_fault(notice: Notice, said: Mapping[str, Any]) -> BadInput:
    place = _PLACE.search(said["diagnostic"])
    where = f"{place['file'].lstrip('/')}:{place['line']}" if place else f"{notice.kind}.typ"
    glyph = _GLYPH.search(said["message"])
    if glyph:
        return BadInput(
            "通知书的字体里没有这个字，不能缺字出具",
            "the fonts for notices lack a character; a notice is not issued with a gap",
            where=where,
            found=glyph["text"],
        )
    return BadInput(
        "通知书模板不能排版",
        "the notice template does not compile",
        where=where,
        found=str(said["message"])[:300],
    )
