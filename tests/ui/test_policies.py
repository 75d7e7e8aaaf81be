# SPDX-License-Identifier: Apache-2.0
"""Policies that hold for every room: templates without inline code, forms with keys, pages in both languages."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).resolve().parent.parent.parent / "src/zhengtong"
TEMPLATES = sorted(path for path in SOURCE.glob("*/templates/**/*") if path.suffix in {".html", ".svg", ".txt"})
SWITCHES = {"ui/templates/ui/base.html", "ui/templates/ui/login.html"}
CODE = re.compile(r"{%.*?%}|{#.*?#}", re.DOTALL)

FORBIDDEN = {
    "inline style": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "event handler": re.compile(r"\son[a-z]+\s*=", re.IGNORECASE),
    "style element": re.compile(r"<style\b", re.IGNORECASE),
    "script without source": re.compile(r"<script\b(?![^>]*\ssrc=)", re.IGNORECASE),
    "foreign address": re.compile(
        r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)\s*=\s*['\"]\s*(?:https?:)?//", re.IGNORECASE
    ),
    "javascript address": re.compile(r"(?:href|src|action)\s*=\s*['\"]?\s*javascript:", re.IGNORECASE),
    "htmx code": re.compile(r"\shx-on|hx-vals\s*=\s*['\"]\s*js:", re.IGNORECASE),
    "unescaped value": re.compile(r"\|\s*safe\b|{%\s*autoescape\s+off"),
}


def offences(template: str) -> set[str]:
    return {name for name, pattern in FORBIDDEN.items() if pattern.search(template)}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_no_template_holds_inline_code_or_foreign_addresses(path: Path) -> None:
    assert offences(path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("planted", "name"),
    [
        ('<p style="color:red">', "inline style"),
        ("<button\n onclick='x()'>", "event handler"),
        ("<style>p{}</style>", "style element"),
        ("<script>alert(1)</script>", "script without source"),
        ('<script type="module" nonce="x">', "script without source"),
        ('<script src="https://cdn.example/x.js">', "foreign address"),
        ('<link rel="stylesheet" href="//cdn.example/x.css">', "foreign address"),
        ('<a href="javascript:x()">', "javascript address"),
        ('<div hx-on:click="x()">', "htmx code"),
        ("{{ name|safe }}", "unescaped value"),
    ],
)
def test_the_policy_finds_what_it_forbids(planted: str, name: str) -> None:
    assert name in offences(planted)
    assert offences('<script type="module" src="{% static "x.js" %}"></script><p class="style">online = 3</p>') == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_every_form_that_posts_carries_a_csrf_token_and_an_act_key(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for form in re.findall(r"<form\b.*?</form>", text, re.DOTALL | re.IGNORECASE):
        if not re.search(r"method\s*=\s*['\"]?post", form, re.IGNORECASE):
            continue
        assert "{% csrf_token %}" in form, form
        # Language, print size and sign-in are sessions and preferences, not acts.
        if path.relative_to(SOURCE).as_posix() not in SWITCHES:
            assert "{% act_key %}" in form, form


CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_templates_write_english_and_leave_chinese_to_the_catalogue(path: Path) -> None:
    """The one exception is the name of the language itself, which stands in that language."""
    text = re.sub(r'lang="zh-Hans">中文<', "", path.read_text(encoding="utf-8"))
    assert not CHINESE.search(CODE.sub("", text))


def plant(tmp_path: Path, po: str, template: str = "", code: str = "") -> Path:
    room = tmp_path / "room"
    (room / "templates").mkdir(parents=True)
    (room / "locale/zh_Hans/LC_MESSAGES").mkdir(parents=True)
    (room / "__init__.py").write_text(code, encoding="utf-8")
    (room / "templates/page.html").write_text(template, encoding="utf-8")
    (room / "locale/zh_Hans/LC_MESSAGES/django.po").write_text(po, encoding="utf-8")
    return tmp_path


def test_every_message_of_every_room_is_translated(messages: ModuleType) -> None:
    """Messages of settings stand outside the rooms' pages; everything else is on them."""
    faults = [str(fault) for fault in messages.check(messages.SOURCE)]
    assert faults == []


TEMPLATE = """<div>
      {% translate "Case" %}
    {% blocktranslate count n=x trimmed %}
        {{ n }} case
    {% plural %}
        {{ n }} cases
    {% endblocktranslate %}
  {% translate "May" context "month" %}</div>"""
CODE_OF_ROOM = 'from django.utils.translation import gettext as _\nX = _("Hello %(name)s")\n'
WHOLE = """msgid "Case"
msgstr "办件"

msgid "%(n)s case"
msgid_plural "%(n)s cases"
msgstr[0] "%(n)s 件"

msgctxt "month"
msgid "May"
msgstr "五月"

msgid "Hello %(name)s"
msgstr "您好 %(name)s"
"""


def found(messages: ModuleType, source: Path) -> list[tuple[str, str]]:
    return [(fault.problem.split(",")[0].split(":")[0], fault.message) for fault in messages.check(source)]


def test_a_whole_catalogue_has_no_fault(messages: ModuleType, tmp_path: Path) -> None:
    assert found(messages, plant(tmp_path, WHOLE, TEMPLATE, CODE_OF_ROOM)) == []


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ('msgid "Case"\nmsgstr "办件"\n', "", ("not in the catalogue", "Case")),
        ('msgstr "办件"', 'msgstr ""', ("no translation", "Case")),
        ('msgstr "办件"', 'msgstr " "', ("no translation", "Case")),
        ('msgstr[0] "%(n)s 件"', 'msgstr[0] ""', ("no translation", "%(n)s case")),
        ("%(n)s 件", "%(m)s 件", ("placeholders differ", "%(n)s case")),
        ("您好 %(name)s", "您好", ("placeholders differ", "Hello %(name)s")),
        ('msgid "Case"', '#, fuzzy\nmsgid "Case"', ("fuzzy", "Case")),
        ('msgctxt "month"\n', "", ("not in the catalogue", "May")),
        ('msgid "Case"', 'msgid "Old"\nmsgstr "旧"\n\nmsgid "Case"', ("used no more", "Old")),
        ('msgid "Case"', '#~ msgid "Older"\n#~ msgstr "旧"\n\nmsgid "Case"', ("obsolete", "Older")),
    ],
)
def test_a_planted_fault_is_found_by_name(
    messages: ModuleType, tmp_path: Path, before: str, after: str, problem: tuple[str, str]
) -> None:
    assert before in WHOLE
    source = plant(tmp_path, WHOLE.replace(before, after), TEMPLATE, CODE_OF_ROOM)
    assert problem in found(messages, source)
    assert messages.main(["check", "--source", str(source)]) == 1


def test_two_rooms_may_not_translate_one_message_differently(messages: ModuleType, tmp_path: Path) -> None:
    source = plant(tmp_path, 'msgid "Case"\nmsgstr "办件"\n', '{% translate "Case" %}')
    (source / "room").rename(source / "other")
    plant(tmp_path, 'msgid "Case"\nmsgstr "案件"\n', '{% translate "Case" %}')
    assert found(messages, source) == [("translated differently in other", "Case")]


def test_extract_adds_what_is_missing_and_keeps_what_is_there(messages: ModuleType, tmp_path: Path) -> None:
    source = plant(tmp_path, 'msgid "Case"\nmsgstr "办件"\n', TEMPLATE, CODE_OF_ROOM)
    assert messages.add_missing(source) == 3
    text = (source / "room" / messages.PO).read_text(encoding="utf-8")
    assert text.startswith("# SPDX-License-Identifier: Apache-2.0\n") and 'msgstr "办件"' in text
    assert {problem for problem, _message in found(messages, source)} == {"no translation"}
    assert messages.add_missing(source) == 0


def test_what_is_compiled_is_what_python_reads(messages: ModuleType, tmp_path: Path) -> None:
    import gettext

    [path] = messages.compile_all(plant(tmp_path, messages.HEADER + WHOLE, TEMPLATE, CODE_OF_ROOM))
    with path.open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    assert catalogue.gettext("Case") == "办件"
    assert catalogue.ngettext("%(n)s case", "%(n)s cases", 5) == "%(n)s 件"
    assert catalogue.pgettext("month", "May") == "五月"
    assert [item.name for item in path.parent.iterdir()] == ["django.po", "django.mo"] or len(
        list(path.parent.iterdir())
    ) == 2
