# SPDX-License-Identifier: Apache-2.0
"""Routes and their permissions, keys, the switches, the faces, the login page."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from lxml import html

from zhengtong.city.text import Text
from zhengtong.errors import BadInput, FormFaults, Refused
from zhengtong.ui import pages, registry

from . import gallery

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(client: Client, django_user_model: Any) -> Client:
    client.force_login(django_user_model.objects.create_user("chen", password="a-long-password"))
    return client


def main(response: Any) -> html.HtmlElement:
    return html.document_fromstring(response.content.decode())


def test_every_route_of_this_site_declares_its_permission_and_a_missing_one_is_found() -> None:
    assert pages.undeclared() == []
    planted = [*gallery.urlpatterns, path("open/", gallery.undeclared_view), path("api/v1/x", gallery.undeclared_view)]
    assert pages.undeclared(planted) == ["open/", "api/v1/x"]
    assert pages.undeclared(planted, skip=("api/",)) == ["open/"]


def test_a_route_remembers_what_it_declared() -> None:
    assert pages.declared(gallery.guarded) == pages.Route("case.read", ("GET", "POST"))
    assert pages.declared(gallery.gallery) == pages.Route(None, ("GET", "HEAD"), "a test page")
    with pytest.raises(ValueError, match="why"):
        pages.public(reason="")


def test_without_a_gate_everything_is_refused(officer: Client) -> None:
    assert officer.get("/workbench/").status_code == 403


def test_the_gate_decides_with_permission_and_arguments(officer: Client) -> None:
    asked: list[object] = []

    def gate(request: HttpRequest, permission: str, arguments: Any) -> None:
        asked.append((permission, dict(arguments)))
        if arguments.get("case") == "theirs":
            raise Refused("不是您的", "not yours")

    registry.set_gate(gate)
    assert officer.get("/workbench/mine").status_code == 200
    assert officer.get("/workbench/theirs").status_code == 403
    assert asked == [("case.read", {"case": "mine"}), ("case.read", {"case": "theirs"})]


def test_who_is_not_signed_in_is_sent_to_sign_in_and_back_but_a_program_and_a_post_are_refused(client: Client) -> None:
    registry.set_gate(lambda _request, _permission, _arguments: None)
    response = client.get("/workbench/mine?tab=2")
    assert (response.status_code, response.headers["Location"]) == (302, "/login?next=/workbench/mine%3Ftab%3D2")
    assert client.post("/workbench/mine").status_code == 403
    assert client.get("/api/workbench/").status_code == 403


def test_other_methods_than_the_declared_are_not_allowed(client: Client) -> None:
    response = client.put("/workbench/")
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, POST")
    assert client.get("/act").status_code == 405


@pytest.mark.parametrize("given", [uuid.UUID(int=7).hex, str(uuid.UUID(int=7)), str(uuid.UUID(int=7)).upper()])
def test_a_key_is_read_from_the_form_or_the_header_in_one_form(client: Client, given: str) -> None:
    for response in (client.post("/act", {"act_key": given}), client.post("/act", headers={"Idempotency-Key": given})):
        assert response.content.decode() == "00000000000000000000000000000007"


@pytest.mark.parametrize("given", ["", "7", "g" * 32, "0" * 33, "<script>"])
def test_a_post_without_a_proper_key_does_nothing(client: Client, given: str) -> None:
    assert client.post("/act", {"act_key": given}).status_code == 422
    request = RequestFactory().post("/", {"act_key": given})
    with pytest.raises(BadInput, match="act_key"):
        pages.post_key(request)


def test_a_page_with_faults_is_422_and_shows_them_first() -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    response = pages.page(request, "ui/base.html", faults=FormFaults({"a": BadInput("缺", "missing")}))
    assert response.status_code == 422
    document = html.document_fromstring(response.content.decode())
    assert document.xpath("//main//*[@class='error-summary']//a/@href") == ["#f-a"]
    assert document.find(".//title").text.startswith("错误:")
    assert pages.page(request, "ui/base.html").status_code == 200


@pytest.mark.parametrize("switch", ["/language", "/large-print"])
@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/x",
        "\\\\evil.example",
        "javascript:alert(1)",
        "http:///evil.example",
        "",
    ],
)
def test_the_switches_never_lead_to_another_site(client: Client, switch: str, elsewhere: str) -> None:
    response = client.post(switch, {"next": elsewhere, "language": "en", "on": "1"})
    assert (response.status_code, response.headers["Location"]) == (302, "/")


def test_the_switches_lead_back_and_are_remembered(client: Client) -> None:
    response = client.post("/language", {"next": "/form?x=1", "language": "en"})
    assert response.headers["Location"] == "/form?x=1"
    assert main(client.get("/")).get("lang") == "en"
    client.post("/large-print", {"next": "/", "on": "1"})
    assert main(client.get("/")).get("class") == "large-print"
    cookie = client.cookies["large_print"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    client.post("/large-print", {"on": "0"})
    assert main(client.get("/")).get("class") is None


def test_a_get_switches_nothing(client: Client) -> None:
    assert client.get("/language", {"language": "en"}).status_code == 405
    assert client.get("/large-print", {"on": "1"}).status_code == 405


def test_only_the_faces_the_reader_may_use_are_shown(officer: Client, faces: None) -> None:
    def links(client: Client, address: str = "/") -> list[str]:
        return main(client.get(address)).xpath("//nav[@class='faces']/a/@href")

    def gate(_request: HttpRequest, permission: str, _arguments: object) -> None:
        if permission != "workbench.use":
            raise Refused("不可", "no")

    assert links(Client()) == ["/"], "nobody has signed in: the portal alone"
    assert links(officer) == ["/", "/counter/", "/workbench/", "/cockpit/"]
    registry.set_gate(gate)
    assert links(officer) == ["/", "/workbench/"]


def test_the_current_face_is_marked_by_the_longest_address(officer: Client, faces: None) -> None:
    for address, current in (("/workbench/M26-1", "/workbench/"), ("/form", "/"), ("/cockpit/", "/cockpit/")):
        assert main(officer.get(address)).xpath("//nav[@class='faces']/a[@aria-current]/@href") == [current]


def test_an_address_that_two_faces_claim_belongs_to_the_readers_last(officer: Client, faces: None) -> None:
    for key, order in (("archive", 60), ("desk", 50)):
        registry.register_face(registry.Face(key, key, "workbench", order, f"{key}.use", ("/form",)))
    request = RequestFactory().get("/form")
    shown = [registry.Face("portal", "门户", "home", 10), *(f for f in registry._registry.faces.values() if f.also)]
    shown.sort(key=lambda face: face.order)
    assert registry.current_face(request, shown) == "archive"
    assert registry.current_face(request, [face for face in shown if face.key != "archive"]) == "desk"
    assert registry.current_face(request, shown[:1]) == "portal", "whom neither serves stays where he is"


def test_two_faces_under_one_key_are_a_fault(faces: None) -> None:
    registry.register_face(registry.Face("portal", "门户", "home", 0))
    with pytest.raises(ValueError, match="portal"):
        registry.register_face(registry.Face("portal", "别的", "home", 0))


def test_the_header_names_city_and_reader_and_offers_the_way_out(officer: Client, faces: None, settings: Any) -> None:
    registry.set_reader(lambda request: Text(zh="市医保局 · 陈科员", en="Ms Chen"))
    document = main(officer.get("/"))
    assert document.find_class("brand")[0].text_content() == "明川市 政通"
    assert document.find_class("reader")[0].text == "市医保局 · 陈科员"
    assert document.xpath("//form[@action='/logout']") and not document.xpath("//a[starts-with(@href,'/login')]")
    assert main(Client().get("/form?x=1")).xpath("//a[starts-with(@href,'/login')]/@href") == [
        "/login?next=/form%3Fx%3D1"
    ]


@pytest.mark.parametrize("demo", [True, False])
def test_demo_data_is_called_demo_data_on_every_page(client: Client, settings: Any, demo: bool) -> None:
    settings.ZHENGTONG_DEMO = demo
    for address in ("/", "/login", "/fail/refused"):
        assert bool(main(client.get(address)).find_class("demo-note")) is demo


def test_signing_in_leads_where_one_wanted_to_go_and_a_wrong_password_says_so(
    client: Client, django_user_model: Any
) -> None:
    django_user_model.objects.create_user("chen", password="a-long-password")
    document = main(client.get("/login?next=/workbench/"))
    assert document.xpath("//main//input[@name='next']/@value") == ["/workbench/"]
    assert document.get_element_by_id("f-username").get("autocomplete") == "username"
    assert document.get_element_by_id("f-password").get("autocomplete") == "current-password"
    wrong = main(client.post("/login", {"username": "chen", "password": "wrong"}))
    assert wrong.find_class("error-summary") and wrong.get_element_by_id("f-username").get("value") == "chen"
    right = client.post("/login", {"username": "chen", "password": "a-long-password", "next": "/workbench/"})
    assert right.headers["Location"] == "/workbench/"


def test_the_page_stands_on_its_landmarks(client: Client) -> None:
    document = main(client.get("/"))
    assert document.xpath("//body/a[1]/@href") == ["#content"] and document.get_element_by_id("content").tag == "main"
    assert len(document.xpath("//h1")) == 1


def test_plain_django_responses_pass_untouched() -> None:
    marked = pages.public(reason="a test", methods=("POST",))(lambda request: HttpResponse("ok"))
    assert marked(RequestFactory().post("/")).content == b"ok"
