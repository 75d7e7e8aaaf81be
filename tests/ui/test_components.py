# SPDX-License-Identifier: Apache-2.0
"""The components as HTML, read back with a parser, in both languages."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.template import engines
from django.test import RequestFactory
from django.utils import translation
from django.utils.safestring import mark_safe
from lxml import html

from zhengtong.city.text import Text
from zhengtong.errors import BadInput, FormFaults
from zhengtong.ui import drawing, parts
from zhengtong.ui.forms import Choice, Field, Origin, with_faults

ADDRESS = "/?stage=open&after=x"


def draw(source: str, /, **context: object) -> html.HtmlElement:
    request = RequestFactory().get(ADDRESS)
    request.user = AnonymousUser()
    return html.fragment_fromstring(engines["django"].from_string(source).render(context, request), create_parent="div")


def words(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


NAME = Text(zh="孩子姓名", en="Child's name")
KINDS = ("text", "tel", "email", "number", "date", "password", "search", "textarea", "select", "file", "checkbox")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_field_has_its_label_hint_error_and_origin_bound(kind: str, language: str) -> None:
    field = Field(
        "child.name",
        NAME,
        kind=kind,
        hint="h",
        error=BadInput("太长", "too long"),
        origin=Origin("o", "/receipt/1"),
        choices=[Choice("a", "A")],  # type: ignore[arg-type]
    )
    drawn = draw("{% field f %}", f=field)
    label, control = drawn.find(".//label"), drawn.xpath(".//input | .//textarea | .//select")[0]
    assert label.get("for") == control.get("id") == "f-child-name"
    assert control.get("name") == "child.name"
    assert NAME.say(language) in words(label)
    described = control.get("aria-describedby").split()
    assert described == ["f-child-name-hint", "f-child-name-error", "f-child-name-origin"]
    assert [words(drawn.get_element_by_id(part)) for part in described] == [
        "h",
        "请改正： 太长" if language == "zh-hans" else "Please correct: too long",
        "o",
    ]
    assert control.get("aria-invalid") == "true" and control.get("required") is not None
    assert drawn.xpath(".//a[@class='proof proven']/@href") == ["/receipt/1"]


@pytest.mark.parametrize(("kind", "type_"), [("radio", "radio"), ("checkboxes", "checkbox")])
def test_a_group_has_a_legend_its_own_description_and_one_label_for_each_choice(kind: str, type_: str) -> None:
    field = Field(
        "tier",
        "档次",
        kind=kind,
        value="2",
        error="选一个",
        choices=[Choice("1", "一档", "四百元"), Choice("2", "二档")],
    )  # type: ignore[arg-type]
    drawn = draw("{% field f %}", f=field)
    fieldset = drawn.find("fieldset")
    assert words(fieldset.find("legend")) == "档次"
    assert fieldset.get("aria-describedby") == "f-tier-error"
    inputs = drawn.xpath(".//input")
    assert [item.get("id") for item in inputs] == ["f-tier", "f-tier-2"], "the summary links to the first"
    assert {item.get("type") for item in inputs} == {type_}
    assert [item.get("checked") is not None for item in inputs] == [False, True]
    assert [label.get("for") for label in drawn.xpath(".//label")] == ["f-tier", "f-tier-2"]
    assert words(drawn.get_element_by_id(inputs[0].get("aria-describedby"))) == "四百元"


def test_several_choices_may_be_ticked_and_an_optional_field_says_so(language: str) -> None:
    drawn = draw(
        "{% field f %}",
        f=Field("x", "X", kind="checkboxes", value=["a", "c"], required=False, choices=[Choice(k, k) for k in "abc"]),
    )
    assert [item.get("value") for item in drawn.xpath(".//input[@checked]")] == ["a", "c"]
    assert words(drawn.find(".//legend")) == ("X （选填）" if language == "zh-hans" else "X (optional)")


def test_what_was_typed_comes_back_escaped_but_a_password_never() -> None:
    attack = '"><script>alert(1)</script>'
    drawn = draw(
        "{% field a %}{% field b %}{% field c %}",
        a=Field("a", attack, value=attack, hint=attack),
        b=Field("b", "B", kind="password", value="secret"),
        c=Field("c", "C", kind="textarea", value="</textarea>" + attack),
    )
    assert not drawn.xpath(".//script")
    assert drawn.get_element_by_id("f-a").get("value") == attack
    assert drawn.get_element_by_id("f-b").get("value") is None
    assert drawn.get_element_by_id("f-c").text == "</textarea>" + attack


def test_input_takes_its_options_and_further_attributes_in_the_template() -> None:
    drawn = draw(
        '{% input "q" "查找" kind="search" value="v" required=False maxlength=40 '
        'inputmode="search" origin="取自人口库" %}'
    )
    control = drawn.find(".//input")
    assert dict(control.attrib) == {
        "type": "search",
        "id": "f-q",
        "name": "q",
        "value": "v",
        "maxlength": "40",
        "inputmode": "search",
        "aria-describedby": "f-q-origin",
    }


def test_a_readonly_value_is_sent_where_it_can_be_and_a_select_is_disabled() -> None:
    drawn = draw(
        "{% field a %}{% field b %}",
        a=Field("a", "A", value="1", readonly=True),
        b=Field("b", "B", kind="select", readonly=True),
    )
    assert drawn.get_element_by_id("f-a").get("readonly") is not None
    assert drawn.get_element_by_id("f-b").get("disabled") is not None


class PersonForm(forms.Form):
    name = forms.CharField(
        max_length=20, help_text="as on the card", widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    sex = forms.ChoiceField(choices=[("", "—"), ("1", "male"), ("2", "female")], widget=forms.RadioSelect)
    tier = forms.ChoiceField(choices=[("", "—"), ("1", "one")])
    papers = forms.FileField(required=False)
    agree = forms.BooleanField(required=False)

    def clean(self) -> None:
        raise forms.ValidationError("all of it is odd")


def test_a_django_form_is_drawn_by_the_same_component() -> None:
    form = PersonForm({"name": "x" * 21, "sex": "2", "tier": "1"}, prefix="p")
    form.data = {f"p-{key}": value for key, value in form.data.items()}
    drawn = draw("{% error_summary form %}{% for item in form %}{% field item %}{% endfor %}", form=form)
    name = drawn.get_element_by_id("f-p-name")
    assert (name.get("autocomplete"), name.get("maxlength"), name.get("aria-invalid")) == ("name", "20", "true")
    assert drawn.xpath(".//input[@type='radio'][@checked]/@value") == ["2"]
    assert drawn.xpath(".//select/option/@value") == ["", "1"]
    assert drawn.get_element_by_id("f-p-papers").get("type") == "file"
    assert drawn.get_element_by_id("f-p-agree").get("type") == "checkbox"
    assert drawn.xpath(".//*[@class='error-summary']//a/@href") == ["#f-p-name"]
    assert "all of it is odd" in words(drawn.find_class("error-summary")[0])


def test_the_error_summary_counts_orders_and_links(language: str) -> None:
    faults = FormFaults({"b": BadInput("缺 B", "no B"), "a.x": BadInput("缺 A", "no A")})
    fields = [Field("a.x", Text(zh="甲", en="First")), Field("b", Text(zh="乙", en="Second"))]
    drawn = draw("{% error_summary faults fields %}", faults=faults, fields=fields)
    box = drawn.find_class("error-summary")[0]
    assert box.get("role") == "alert" and box.get("tabindex") == "-1"
    assert words(drawn.get_element_by_id(box.get("aria-labelledby"))) == (
        "有 2 处需要改正" if language == "zh-hans" else "There are 2 things to correct"
    )
    assert [(a.get("href"), words(a)) for a in box.xpath(".//a")] == [
        ("#f-a-x", "甲：缺 A" if language == "zh-hans" else "First: no A"),
        ("#f-b", "乙：缺 B" if language == "zh-hans" else "Second: no B"),
    ]


@pytest.mark.parametrize("source", [None, {}, FormFaults({}), PersonForm()])
def test_without_errors_there_is_no_summary(source: object) -> None:
    assert len(draw("{% error_summary source %}", source=source)) == 0


@pytest.mark.parametrize("kind", parts.STATE_KINDS)
def test_a_state_is_a_word_and_a_class_that_has_colour_and_shape(kind: str) -> None:
    drawn = draw("{% state kind word %}", kind=kind, word=Text(zh="词", en="word"))[0]
    assert (drawn.get("class"), words(drawn)) == (f"state {kind}", "词")


def test_a_state_without_a_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="'purple'"):
        draw("{% state 'purple' 'x' %}")


def test_the_proof_chip_says_how_many_events_and_how_they_stand(language: str) -> None:
    chip = draw("{% proof '/e' 1204 standing='promised' %}")[0]
    assert chip.get("href") == "/e" and chip.get("class") == "proof promised"
    assert words(chip) == (
        "1,204 个事件 (已记录，尚未封存)" if language == "zh-hans" else "1,204 events (recorded, not yet sealed)"
    )
    assert words(draw("{% proof '/e' 1 %}")).startswith("1 个事件" if language == "zh-hans" else "1 event ")
    with pytest.raises(KeyError):
        draw("{% proof '/e' 1 standing='maybe' %}")


def test_a_figure_shows_interval_proof_and_line_and_says_when_there_is_none(language: str) -> None:
    drawn = draw(
        "{% figure 'on time' '86' unit='%' low=84 high=0 trend=trend proof_url='/e' events=2 "
        "change='−6' change_kind='late' %}",
        trend=[1, 2, 3],
    )
    assert words(drawn.find_class("value")[0]) == "86 %"
    assert words(drawn.find_class("interval")[0]).endswith("84–0"), "a bound of 0 is a bound"
    assert drawn.find_class("change")[0].get("class") == "change late"
    assert drawn.xpath(".//a[contains(@class,'proof')]/@href") == ["/e"] and drawn.xpath(".//svg")
    missing = draw("{% figure 'x' None note='other scope' %}")
    assert not missing.find_class("value") and not missing.find_class("interval")
    assert words(missing.find_class("missing")[0]) == ("暂无数字" if language == "zh-hans" else "no figure yet")


def test_a_table_has_caption_headers_and_labels_for_the_phone() -> None:
    table = parts.Table(
        Text(zh="表", en="Table"),
        [parts.Column("口径"), parts.Column("数", True), parts.Column("状态")],
        [["环节", 4, parts.State("ok", "好")], ["<b>", mark_safe("<i>5</i>"), "—"]],
        key="t",
    )
    drawn = draw("{% table t %}", t=table)
    assert words(drawn.find(".//caption")) == "表"
    assert [th.get("scope") for th in drawn.xpath(".//thead//th")] == ["col"] * 3
    assert [words(th) for th in drawn.xpath(".//tbody//th[@scope='row']")] == ["环节", "<b>"]
    assert drawn.xpath(".//tbody/tr[1]/td/@data-label") == ["数", "状态"]
    assert drawn.xpath(".//tbody/tr[1]/td/@class") == ["num"]
    assert drawn.xpath(".//tbody/tr[1]/td[2]/span/@class") == ["state ok"]
    assert words(drawn.xpath(".//tbody/tr[2]/td[1]/i")[0]) == "5" and not drawn.xpath(".//tbody//b")
    wide = draw("{% table t %}", t=parts.Table("表", [parts.Column("a")], [["1"]], key="w", wide=True))[0]
    assert (wide.get("role"), wide.get("tabindex"), wide.get("aria-labelledby")) == ("region", "0", "w")


def test_a_row_of_another_length_than_the_header_is_a_fault() -> None:
    with pytest.raises(ValueError):
        draw("{% table t %}", t=parts.Table("x", [parts.Column("a"), parts.Column("b")], [["1"]]))


def test_pagination_keeps_every_other_parameter() -> None:
    drawn = draw("{% pagination c %}", c=parts.CursorPage(25, before="b b", after="a"))
    assert drawn.xpath(".//a/@href") == ["?stage=open&before=b+b", "?stage=open&after=a"]
    assert not draw("{% pagination c %}", c=parts.CursorPage(3)).xpath(".//a")


def test_query_changes_adds_and_removes() -> None:
    assert draw("<a href='{% query stage=None page=2 %}'></a>")[0].get("href") == "?after=x&page=2"


def test_small_parts_show_what_they_are_given() -> None:
    drawn = draw(
        "{% breadcrumbs c %}{% tasks t %}{% timeline m %}{% facts f %}{% empty 'none' 'how' '/go' 'Go' %}"
        "{% notice 'late' 'no' 'why' url='/x' link='See' %}{% bar 3 12 '3 of 12' 'near' %}",
        c=[parts.Crumb("a", "/a"), parts.Crumb("b")],
        t=[parts.Task("do", parts.State("wait", "later"), "/do", "someone")],
        m=[parts.Moment(0, "began", "Li", "note", "/proof")],
        f=[parts.Fact("term", "value", "note")],
    )
    assert [words(e) for e in drawn.xpath(".//nav//*[@aria-current='page']")] == ["b"]
    assert drawn.xpath(".//ol[@class='tasks']//a/@href") == ["/do"]
    assert drawn.xpath(".//ol[@class='timeline']//time/@datetime") == ["1970-01-01T08:00+08:00"]
    assert [words(e) for e in drawn.xpath(".//dl//dt | .//dl//dd/text()/..")] == ["term", "valuenote"]
    assert drawn.xpath(".//div[@class='empty']//a/@href") == ["/go"]
    assert drawn.xpath(".//div[@role='alert']//a/@href") == ["/x"]
    assert drawn.xpath(".//*[@class='fill']/@width") == ["25.00%"]
    assert draw("{% notice 'ok' 'yes' %}")[0].get("role") == "status"


def test_the_limit_says_in_words_what_it_draws(language: str) -> None:
    limit = drawing.Limit(
        [drawing.Span("used", 3), drawing.Span("paused", 2), drawing.Span("used", 3.5)],
        promised=5,
        statutory=20,
        promised_due="11-25",
        provisional=True,
    )
    svg = draw("{% limit l %}", l=limit).find(".//svg")
    assert svg.get("role") == "img"
    assert (
        svg.get("aria-label")
        == {
            "zh-hans": "已用 6.5 个工作日；超期 1.5 个工作日；暂停 2 个工作日，不计入；"
            "承诺 5 个工作日（至 11-25）；法定 20 个工作日",
            "en": "used 6.5 working days; 1.5 working days over the limit; paused 2 working days, "
            "not counted; promised 5 working days (until 11-25); statutory 20 working days",
        }[language]
    )
    assert [r.get("class") for r in svg.xpath("./rect")] == ["track", "used", "paused", "used", "over", "edge"]


def test_times_are_shown_in_the_zone_of_the_city_and_numbers_in_groups() -> None:
    us = 1_793_851_380_000_000
    drawn = draw(
        "{{ us|local_time }}|{{ us|local_date }}|{{ n|number }}|{{ d|number:1 }}|{{ none|local_time }}|"
        "{{ p|percent }}|{{ p|percent:1 }}",
        us=us,
        n=1204512,
        d=Decimal("3.44"),
        none=None,
        p=0.864,
    )
    assert words(drawn) == "2026-11-05 12:03|2026-11-05|1,204,512|3.4||86%|86.4%"


@pytest.mark.parametrize(
    ("days", "zh", "en"),
    [
        (1, "1 个工作日", "1 working day"),
        (4.0, "4 个工作日", "4 working days"),
        (0.5, "0.5 个工作日", "0.5 working days"),
        (0, "0 个工作日", "0 working days"),
    ],
)
def test_working_days_are_counted_in_both_languages(days: float, zh: str, en: str) -> None:
    for language, expected in (("zh-hans", zh), ("en", en)):
        with translation.override(language):
            assert words(draw("{{ d|working_days }}", d=days)) == expected


def test_text_reads_city_texts_mappings_and_errors(language: str) -> None:
    for value in (Text(zh="甲", en="A"), {"zh": "甲", "en": "A"}, BadInput("甲", "A")):
        assert words(draw("{{ v|text }}", v=value)) == ("甲" if language == "zh-hans" else "A")
    assert words(draw("{{ v|text }}", v={"zh": "只有中文"})) == "只有中文"


def test_every_form_drawn_gets_a_key_of_its_own() -> None:
    keys = [draw("{% act_key %}")[0].get("value") for _ in range(50)]
    assert len(set(keys)) == 50 and all(re.fullmatch(r"[0-9a-f]{32}", key) for key in keys)


def test_the_form_that_comes_back_has_its_errors_at_the_fields() -> None:
    fields = [Field("a", "A", value="typed"), Field("b", "B", error="old")]
    back = with_faults(fields, FormFaults({"a": BadInput("缺", "missing")}))
    drawn = draw("{% for f in back %}{% field f %}{% endfor %}", back=back)
    assert [words(drawn.get_element_by_id(i)) for i in ("f-a-error", "f-b-error")] == ["请改正： 缺", "请改正： old"]
    assert drawn.get_element_by_id("f-a").get("value") == "typed"
    assert with_faults(fields, None) == fields
