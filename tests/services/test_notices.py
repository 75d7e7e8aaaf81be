# SPDX-License-Identifier: Apache-2.0
"""Notices set by the real typst: complete, the same every time, and unmoved by what people write into their
names.
"""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import socket
import threading
from datetime import date, datetime
from pathlib import Path

import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.notice_factory import AT, FONTS, ITEMS, TEMPLATES, Both, make_notice, needs_fonts
from zhengtong.errors import BadInput, NotFound, Unavailable, WrongUse
from zhengtong.services.engine.confined import Bounds, run_confined
from zhengtong.services.engine.notices import (
    Item,
    Notice,
    NoticeKind,
    notice_data,
    notice_number,
    qr_svg,
    render_notice,
)


def render(notice: Notice, templates: Path = TEMPLATES, **other: object) -> bytes:
    return render_notice(notice, templates=templates, fonts=FONTS, at=AT, **other)  # type: ignore[arg-type]


def text_of(pdf: bytes) -> str:
    """The text a reader can copy, without white space: where lines break is not the notice's content."""
    return "".join("".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages).split())


@pytest.fixture
def own_templates(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TEMPLATES, tmp_path / "notices"))


@needs_fonts
@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_kind_of_notice_says_who_what_when_and_how_to_verify(kind: NoticeKind) -> None:
    notice = make_notice(kind)
    text = text_of(render(notice))
    for said in (notice.number, notice.issuer.zh, "2026年3月9日", notice.addressee, notice.case, notice.code):
        assert said in text
    assert notice.service.zh in text
    assert notice.verify_url in text
    for item in ITEMS[kind]:
        assert "".join(item.text.zh.split()) in text
        assert "".join(item.text.en.split()) in text
        assert item.basis.replace(" ", "") in text
    if notice.deadline:
        assert f"2026年3月{notice.deadline.day}日" in text


@needs_fonts
def test_a_refusal_names_its_remedies_with_term_and_article() -> None:
    text = text_of(render(make_notice(NoticeKind.REFUSE)))
    for said in ("六十日内", "行政复议", "《中华人民共和国行政复议法》第二十条", "六个月内", "行政诉讼"):
        assert said in text


@needs_fonts
@pytest.mark.parametrize(
    ("kind", "without"),
    [
        (NoticeKind.REFUSE, "remedies"),
        (NoticeKind.REFUSE, "items"),
        (NoticeKind.NOT_ACCEPT, "remedies"),
        (NoticeKind.CORRECT, "items"),
        (NoticeKind.EXTEND, "items"),
        (NoticeKind.EXCLUDE, "items"),
    ],
)
def test_a_notice_without_what_the_law_wants_in_it_is_not_issued(kind: NoticeKind, without: str) -> None:
    with pytest.raises(BadInput) as caught:
        render(make_notice(kind, **{without: ()}))
    assert caught.value.where.startswith(f"{kind}.typ:")


@needs_fonts
def test_an_extension_without_a_new_date_is_not_issued() -> None:
    with pytest.raises(BadInput, match="states the new date"):
        render(make_notice(NoticeKind.EXTEND, deadline=None))


@needs_fonts
def test_the_same_notice_gives_the_same_bytes_and_another_gives_others() -> None:
    assert render(make_notice()) == render(make_notice())
    assert render(make_notice()) != render(make_notice(case="M26-00018"))


@needs_fonts
def test_the_file_is_archival_and_tagged() -> None:
    pdf = render(make_notice())
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    xmp = reader.trailer["/Root"]["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in xmp
    assert "<pdfuaid:part>1</pdfuaid:part>" in xmp
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.metadata is not None
    assert reader.metadata.title == "明州市医疗保障局受理通知书 明医保受〔2026〕4417号"
    assert reader.metadata.creation_date == AT


@needs_fonts
def test_an_ordinary_notice_fits_one_page_and_a_long_one_continues() -> None:
    assert len(pypdf.PdfReader(io.BytesIO(render(make_notice(NoticeKind.REFUSE)))).pages) == 1
    many = tuple(Item(Both(f"第 {n} 份材料不清晰。", "unreadable")) for n in range(60))
    long = render(make_notice(NoticeKind.CORRECT, items=many))
    assert len(pypdf.PdfReader(io.BytesIO(long)).pages) > 1
    assert "第59份材料不清晰" in text_of(long)


@needs_fonts
def test_demo_data_are_labelled_and_real_data_are_not() -> None:
    assert "演示数据DEMODATA" in text_of(render(make_notice(demo=True)))
    assert "演示" not in text_of(render(make_notice(demo=False)))


ATTACKS = [
    '#eval("1+1")',
    '#read("/etc/passwd")',
    '"; #panic("owned"); "',
    "= 标题 *粗* _斜_ $x^2$ <label> @ref `raw` // comment /* */",
    "\\u{4e00} \\",
    '#import "@preview/x:1.0.0"',
    "]#{while true {}}[",
    "{{ name }} {% if %}",
    "'); DROP TABLE notice;--",
]


@needs_fonts
@pytest.mark.parametrize("attack", ATTACKS)
def test_markup_in_any_text_of_a_person_is_printed_as_it_is(attack: str) -> None:
    notice = make_notice(
        NoticeKind.REFUSE, addressee=attack, contact=attack, items=(Item(Both(attack, attack), attack),)
    )
    assert text_of(render(notice)).count("".join(attack.split())) == 5


@needs_fonts
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40))
def test_whatever_is_typed_as_a_name_comes_out_unchanged(name: str) -> None:
    # Ligatures and kerning change glyphs, not the text behind them.
    assert f"{name}：" in text_of(render(make_notice(addressee=name)))


@needs_fonts
@pytest.mark.parametrize("rare", ["\U0003134a", "\ue000", "👶"])
def test_a_character_without_a_glyph_is_an_error_that_names_it(rare: str) -> None:
    with pytest.raises(BadInput) as caught:
        render(make_notice(addressee=f"王{rare}"))
    assert caught.value.found in (rare, f"\\u{{{ord(rare):x}}}")
    assert "缺字" in caught.value.say("zh")


@needs_fonts
def test_a_template_cannot_read_outside_its_folder(own_templates: Path) -> None:
    (own_templates.parent / "secret.txt").write_text("top secret")
    (own_templates / "accept.typ").write_text('#read("../secret.txt")')
    with pytest.raises(BadInput):
        render(make_notice(), own_templates)


@needs_fonts
def test_a_template_cannot_fetch_packages_from_the_network(
    own_templates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listening proxy stands in for the network: whatever of the parent's environment reached the child
    would call it.
    """
    called = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.getsockname()[1]}")
        (own_templates / "accept.typ").write_text('#import "@preview/cetz:0.2.0"\nhello')
        with pytest.raises(BadInput, match="download"):
            render(make_notice(), own_templates)
        try:
            server.accept()
            called.set()
        except TimeoutError:
            pass
    assert not called.is_set()


@needs_fonts
def test_a_template_that_never_ends_is_stopped(own_templates: Path) -> None:
    (own_templates / "accept.typ").write_text("#for a in range(1000000) { for b in range(1000000) { } }")
    bounds = Bounds(seconds=20, cpu_seconds=1, memory_bytes=2 << 30)
    with pytest.raises(Unavailable):
        render(make_notice(), own_templates, bounds=bounds)


@needs_fonts
def test_a_template_that_eats_memory_is_stopped(own_templates: Path) -> None:
    (own_templates / "accept.typ").write_text('#let s = "x" * 1000000\n#for i in range(100000) { s += s }\n#s.len()')
    with pytest.raises(Unavailable):
        render(make_notice(), own_templates, bounds=Bounds(seconds=30, cpu_seconds=10, memory_bytes=512 << 20))


@needs_fonts
def test_a_fault_in_a_template_names_file_and_line(own_templates: Path) -> None:
    (own_templates / "accept.typ").write_text('#import "_layout.typ": *\n\n#nothing-of-this-name')
    with pytest.raises(BadInput) as caught:
        render(make_notice(), own_templates)
    assert caught.value.where == "accept.typ:3"
    assert "nothing-of-this-name" in str(caught.value.found)


def test_a_kind_without_a_template_and_missing_fonts_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        render(make_notice(), tmp_path)
    assert caught.value.found == "accept.typ"
    with pytest.raises(NotFound, match=r"assets\.py"):
        render_notice(make_notice(), templates=TEMPLATES, fonts=tmp_path, at=AT)


def test_times_without_a_zone_and_endless_texts_are_refused() -> None:
    if not any(FONTS.glob("*.ttf")):
        pytest.skip("notice fonts absent")
    with pytest.raises(WrongUse):
        render_notice(make_notice(), templates=TEMPLATES, fonts=FONTS, at=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(BadInput, match="too long"):
        render(make_notice(contact="x" * 100_001))


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (NoticeKind.ACCEPT, "明医保受〔2026〕4417号"),
        (NoticeKind.NOT_ACCEPT, "明医保不受〔2026〕4417号"),
        (NoticeKind.REFUSE, "明医保不准〔2026〕4417号"),
    ],
)
def test_numbers_follow_the_official_form(kind: NoticeKind, number: str) -> None:
    assert notice_number("明医保", kind, 2026, 4417) == number


def test_no_two_kinds_share_a_number() -> None:
    assert len({notice_number("明医保", kind, 2026, 1) for kind in NoticeKind}) == len(NoticeKind)


@pytest.mark.parametrize("wrong", [("明医保", 2026, 0), ("明医保", 2026, -1), ("", 2026, 1), ("明医保", 26, 1)])
def test_numbers_that_cannot_be_are_refused(wrong: tuple[str, int, int]) -> None:
    with pytest.raises(WrongUse):
        notice_number(wrong[0], NoticeKind.ACCEPT, wrong[1], wrong[2])


def test_data_for_templates_hold_every_field_of_the_notice_as_plain_json() -> None:
    notice = make_notice(NoticeKind.REFUSE, deadline=date(2026, 12, 31))
    data = json.loads(json.dumps(notice_data(notice, AT)))
    assert {field.name for field in dataclasses.fields(Notice)} <= data.keys()
    assert data["deadline"] == {"iso": "2026-12-31", "zh": "2026年12月31日"}


def test_the_qr_drawing_depends_on_the_address_only() -> None:
    one = qr_svg("https://zw.example/verify/AAAA")
    assert one.startswith("<svg")
    assert one == qr_svg("https://zw.example/verify/AAAA") != qr_svg("https://zw.example/verify/AAAB")


def test_a_child_that_fails_is_an_error_and_not_silence() -> None:
    with pytest.raises(Unavailable, match="exit 1"):
        run_confined("zhengtong.services.engine.no_such_module", b"", Bounds())
    with pytest.raises(Unavailable, match="exit 1"):
        run_confined("zhengtong.services.engine.typeset", b"not json", Bounds())
