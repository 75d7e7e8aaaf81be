# SPDX-License-Identifier: Apache-2.0
"""Notices as the tests make them: one whole specimen of each kind, any part replaceable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from zhengtong.services.engine.notices import Item, Line, Notice, NoticeKind, Remedy, notice_number

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "examples/city/notices"
FONTS = ROOT / "src/zhengtong/ui/fonts"
AT = datetime(2026, 3, 9, 8, 30, tzinfo=UTC)

needs_fonts = pytest.mark.skipif(
    not any(FONTS.glob("*.ttf")),
    reason="notice fonts absent: run `npm ci --ignore-scripts` and tools/assets.py",
)


@dataclass(frozen=True)
class Both:
    zh: str
    en: str = ""


REVIEW = Remedy(
    Both(
        "向明州市人民政府申请行政复议",
        "apply to the People's Government of Mingzhou for administrative reconsideration",
    ),
    Both("自收到本决定书之日起六十日内", "within 60 days of receiving this decision"),
    "《中华人民共和国行政复议法》第二十条",
)
COURT = Remedy(
    Both("向明州市人民法院提起行政诉讼", "bring an administrative suit before the Mingzhou court"),
    Both("自收到本决定书之日起六个月内", "within six months of receiving this decision"),
    "《中华人民共和国行政诉讼法》第四十六条",
)
ITEMS = {
    NoticeKind.INTAKE: (
        Item(Both("出生医学证明（电子证照）", "birth certificate, electronic")),
        Item(Both("户口簿", "household book")),
    ),
    NoticeKind.ACCEPT: (
        Item(Both("出生医学证明（电子证照）", "birth certificate, electronic")),
        Item(Both("户口簿", "household book")),
    ),
    NoticeKind.NOT_ACCEPT: (
        Item(
            Both("申请事项不属于本机关职权范围。", "The matter is outside this agency's powers."),
            "《行政许可法》第三十二条第一款第二项",
        ),
    ),
    NoticeKind.CORRECT: (
        Item(
            Both(
                "户口簿照片模糊，请重新上传首页和新生儿页。",
                "The photo of the household book is blurred; upload both pages again.",
            )
        ),
        Item(
            Both("缺少监护人身份证反面。", "The back of the guardian's identity card is missing."),
            "实施清单材料 3",
        ),
    ),
    NoticeKind.EXTEND: (
        Item(
            Both("需要跨省核验出生登记信息。", "Birth registration must be verified with another province."),
            "《行政许可法》第四十二条",
        ),
    ),
    NoticeKind.EXCLUDE: (
        Item(
            Both("亲子关系鉴定，预计 15 个工作日。", "Parentage test, about 15 working days."),
            "《行政许可法》第四十五条",
        ),
    ),
    NoticeKind.GRANT: (
        Item(
            Both(
                "城乡居民基本医疗保险参保登记，参保号 3399-2026-004417",
                "Resident medical insurance, number 3399-2026-004417",
            )
        ),
    ),
    NoticeKind.INSPECT: (
        Item(Both("食品经营许可现场核查", "Inspection of the food premises"), "《食品经营许可和备案管理办法》"),
        Item(Both("营业前消防安全检查", "Fire safety check before opening")),
    ),
    NoticeKind.REVOKE: (
        Item(
            Both("申请人以虚假材料取得登记。", "The registration was obtained with false documents."),
            "《行政许可法》第六十九条第二款",
        ),
    ),
    NoticeKind.CANCEL: (Item(Both("持证人申请注销。", "The holder asked for it."), "《行政许可法》第七十条"),),
    NoticeKind.REFUSE: (
        Item(
            Both(
                "新生儿已在外省参加城乡居民基本医疗保险，不得重复参保。",
                "The child is already insured in another province.",
            ),
            "《基本医疗保险参保管理经办规程》",
        ),
    ),
}
WITH_REMEDIES = (NoticeKind.REFUSE, NoticeKind.NOT_ACCEPT, NoticeKind.REVOKE, NoticeKind.CANCEL)


def make_notice(kind: NoticeKind = NoticeKind.ACCEPT, **change: Any) -> Notice:
    parts: dict[str, Any] = {
        "kind": kind,
        "number": notice_number("明医保", kind, 2026, 4417),
        "issuer": Both("明州市医疗保障局", "Mingzhou Healthcare Security Bureau"),
        "issued_on": date(2026, 3, 9),
        "addressee": "欧阳丽娜",
        "case": "M26-00017",
        "service": Both("新生儿参加城乡居民基本医疗保险", "Medical insurance for a newborn"),
        "code": "7K4M-92QX",
        "verify_url": "http://127.0.0.1:8000/verify/7K4M-92QX",
        "lines": (
            Line(Both("申请人", "Applicant"), "欧阳丽娜（监护人）"),
            Line(Both("申请日期", "Applied on"), "2026年3月6日"),
            Line(Both("承诺期限", "Promised limit"), "3 个工作日（法定 20 个工作日）"),
        ),
        "items": ITEMS[kind],
        "remedies": (REVIEW, COURT) if kind in WITH_REMEDIES else (),
        "deadline": date(2026, 3, 12) if kind in (NoticeKind.ACCEPT, NoticeKind.CORRECT, NoticeKind.EXTEND) else None,
        "contact": "明州市政务服务中心 12345",
        "demo": True,
    }
    return Notice(**{**parts, **change})
