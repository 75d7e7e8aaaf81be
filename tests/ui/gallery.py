# SPDX-License-Identifier: Apache-2.0
"""A site of nothing but the ui room: every component on one page, one view for each error of the tree."""

from __future__ import annotations

from pathlib import Path

from django import forms
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path
from django.utils.safestring import mark_safe

from zhengtong import errors
from zhengtong.city.text import Text
from zhengtong.ui import drawing, parts
from zhengtong.ui.forms import Choice, Field, Origin, with_faults
from zhengtong.ui.pages import page, post_key, public, route
from zhengtong.ui.views import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500"]

TEMPLATES = Path(__file__).parent / "templates" / "gallery"
DAY = 86_400_000_000
NOON = 1_793_851_380_000_000  # 2026-11-05 10:43 in Shanghai


def say(zh: str, en: str) -> Text:
    return Text(zh=zh, en=en)


ERRORS: dict[str, errors.ZhengtongError] = {
    "wrong-use": errors.WrongUse("缺少期间", "no period given", expected="2026-11"),
    "bad-input": errors.BadInput(
        "日期不是有效日期", "this is no date", where="born", found="2026-02-30", expected="YYYY-MM-DD"
    ),
    "city-faults": errors.CityFaults(
        [errors.Fault("services/a.yaml", 3, "limit", "应为整数", "must be whole", "x", "5")]
    ),
    "form-faults": errors.FormFaults(
        {"phone": errors.BadInput("手机号码位数不对", "the number has the wrong length", found="10", expected="11")}
    ),
    "refused": errors.Refused("这不属于您所在的部门", "this is not your department's"),
    "not-signed-in": errors.NotSignedIn("登录已超时", "the sign-in ran out"),
    "not-found": errors.NotFound("没有这个办件", "there is no such case", where="M26-1"),
    "conflict": errors.Conflict("这个环节已经办结", "this step is already decided"),
    "key-reused": errors.KeyReused("0" * 32, {"case": "M26-00017"}),
    "overtaken": errors.Overtaken("草稿已在别处保存", "the draft was saved elsewhere"),
    "stale": errors.Stale("办件已有变化", "the case has changed"),
    "too-many": errors.TooMany("失败次数过多", "too many failed tries", wait_s=30),
    "contradicted": errors.Contradicted("签名不符", "the signature does not agree"),
    "unavailable": errors.Unavailable("卡管系统没有响应", "the card system does not answer"),
}

FIELDS = [
    Field(
        "child.name",
        say("孩子姓名", "Child's name"),
        value="林知夏",
        hint=say(
            "随父姓或母姓均可，登记后变更须走更名手续",
            "Either parent's family name; later changes need a change of name",
        ),
        autocomplete="off",
    ),
    Field(
        "child.born",
        say("出生日期", "Date of birth"),
        kind="date",
        value="2026-11-09",
        readonly=True,
        origin=Origin(
            say(
                "取自出生医学证明（市卫健委，11月12日签发）",
                "From the birth certificate (health commission, 12 November)",
            ),
            "/receipt/1",
        ),
    ),
    Field(
        "phone",
        say("联系电话", "Telephone"),
        kind="tel",
        value="1380013800",
        error=errors.BadInput("手机号码应为 11 位数字，现在是 10 位", "A mobile number has 11 digits; this one has 10"),
        autocomplete="tel",
    ),
    Field(
        "tier",
        say("参保档次", "Insurance tier"),
        kind="radio",
        value="1",
        choices=[
            Choice("1", say("居民一档", "Residents, tier 1"), say("每年 400 元", "400 yuan a year")),
            Choice("2", say("居民二档", "Residents, tier 2")),
        ],
    ),
    Field(
        "district",
        say("户籍所在区", "District of registration"),
        kind="select",
        value="q",
        choices=[Choice("q", say("清溪区", "Qingxi")), Choice("l", say("莲塘区", "Liantang"))],
    ),
    Field(
        "paper",
        say("委托书", "Letter of authority"),
        kind="file",
        required=False,
        hint=say("PDF 或照片，不超过 5 MB", "PDF or photograph, 5 MB at most"),
        attributes={"accept": ".pdf,image/*"},
    ),
    Field("remark", say("补充说明", "Anything to add"), kind="textarea", required=False),
    Field("agree", say("我确认以上内容属实", "I confirm that this is true"), kind="checkbox"),
]
FAULTS = errors.FormFaults(
    {
        "phone": errors.BadInput(
            "手机号码应为 11 位数字，现在是 10 位", "a mobile number has 11 digits; this one has 10"
        ),
        "agree": errors.BadInput("请先确认", "confirm first"),
    }
)


def components() -> dict[str, object]:
    return {
        "fields": FIELDS,
        "crumbs": [
            parts.Crumb(say("我的环节", "My steps"), "/"),
            parts.Crumb(say("新生儿出生", "A child is born"), "/"),
            parts.Crumb("M26-08817"),
        ],
        "states": [
            parts.State(kind, word)
            for kind, word in zip(
                parts.STATE_KINDS,
                (
                    say("已办结", "Done"),
                    say("今天 17:30 前", "Today before 17:30"),
                    say("超期 1 天", "1 day late"),
                    say("制卡中", "Being made"),
                    say("等待参保", "Waits for insurance"),
                    say("补正中", "Being corrected"),
                ),
                strict=True,
            )
        ],
        "tasks": [
            parts.Task(
                say("出生登记", "Birth registration"),
                parts.State("ok", say("已办结", "Done")),
                "/",
                say("公安局", "Public security"),
            ),
            parts.Task(
                say("医保参保", "Medical insurance"),
                parts.State("near", say("剩 1 个工作日", "1 working day left")),
                "/",
                say("医保局", "Medical insurance bureau"),
            ),
            parts.Task(
                say("社会保障卡", "Social-security card"),
                parts.State("wait", say("等待参保", "Waits")),
                note=say("人社局（外部系统）", "Human resources (external system)"),
            ),
        ],
        "moments": [
            parts.Moment(
                NOON + 3 * DAY,
                say("办结出生登记", "Birth registered"),
                say("公安局", "Public security"),
                proof_url="/e/3",
            ),
            parts.Moment(
                NOON + DAY,
                say("告知补正", "Correction asked"),
                say("医保局", "Medical insurance bureau"),
                say("第 1 次，一次告知", "once, all at once"),
            ),
            parts.Moment(NOON, say("受理", "Accepted"), say("综合窗口", "Counter")),
        ],
        "facts": [
            parts.Fact(say("办件编号", "Case"), "M26-08817"),
            parts.Fact(say("申请人", "Applicant"), "林**", say("本人", "in person")),
        ],
        "table": parts.Table(
            caption=say("省下了什么", "What was saved"),
            columns=[
                parts.Column(say("口径", "Measure")),
                parts.Column(say("改革前", "Before"), True),
                parts.Column(say("实测中位", "Measured median"), True),
                parts.Column(say("状态", "State")),
                parts.Column(say("证据", "Evidence")),
            ],
            rows=[
                [
                    say("环节", "Steps"),
                    "16",
                    "4",
                    parts.State("ok", say("可比", "Comparable")),
                    mark_safe('<a class="proof proven" href="/e">612</a>'),
                ],
                [
                    say("时间（工作日）", "Time (working days)"),
                    "32",
                    "3.4",
                    parts.State("near", say("范围不同", "Other scope")),
                    "—",
                ],
            ],
            key="saved",
        ),
        "limit": drawing.Limit(
            [drawing.Span("used", 2), drawing.Span("paused", 1), drawing.Span("used", 2)],
            promised=5,
            statutory=20,
            started="11-17",
            promised_due="11-25",
            statutory_due="12-16",
        ),
        "late": drawing.Limit(
            [drawing.Span("used", 3), drawing.Span("paused", 2), drawing.Span("used", 4)],
            promised=5,
            statutory=10,
            provisional=True,
        ),
        "plain": drawing.Limit([drawing.Span("used", 1)], promised=3),
        "trend": [97, 96.5, 97, None, 92, 88, 86],
        "cursor": parts.CursorPage(25, before="b1", after="a1"),
    }


def _show(request: HttpRequest, name: str, context: dict[str, object], **options: object) -> HttpResponse:
    template = engines["django"].from_string((TEMPLATES / name).read_text(encoding="utf-8"))
    return HttpResponse(template.render(context, request), **options)  # type: ignore[arg-type]


@public(reason="a test page")
def gallery(request: HttpRequest) -> HttpResponse:
    return _show(request, "components.html", components())


@public(reason="a test page")
def form(request: HttpRequest) -> HttpResponse:
    return _show(request, "form.html", {"fields": with_faults(FIELDS, FAULTS), "faults": FAULTS}, status=422)


@public(reason="a test page", methods=("GET", "POST"))
def fail(request: HttpRequest, name: str) -> HttpResponse:
    raise ERRORS[name]


@public(reason="a test page")
def crash(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a fault of ours")


@route(permission="case.read", methods=("GET", "POST"))
def guarded(request: HttpRequest, case: str = "") -> HttpResponse:
    return page(request, "ui/base.html")


@public(reason="a test page", methods=("POST",))
def act(request: HttpRequest) -> HttpResponse:
    return HttpResponse(post_key(request))


class PersonForm(forms.Form):
    name = forms.CharField(
        max_length=20, help_text="as on the card", widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    sex = forms.ChoiceField(choices=[("", "—"), ("1", "male"), ("2", "female")], widget=forms.RadioSelect)
    secret = forms.CharField(widget=forms.PasswordInput, required=False)


def undeclared_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("nobody asked")


everyone = public(reason="a test page", methods=("GET", "POST"))
urlpatterns = [
    path("", gallery, name="home"),
    path("form", form),
    path("fail/<str:name>", fail),
    path("api/fail/<str:name>", fail),
    path("crash", crash),
    path("workbench/<str:case>", guarded, name="case"),
    path("workbench/", guarded, name="workbench"),
    path("api/workbench/", guarded),
    path("counter/", guarded, name="counter"),
    path("cockpit/", guarded, name="cockpit"),
    path("act", act),
    path("login", everyone(LoginView.as_view(template_name="ui/login.html")), name="login"),
    path("logout", everyone(LogoutView.as_view()), name="logout"),
    path("", include("zhengtong.ui.urls")),
]
