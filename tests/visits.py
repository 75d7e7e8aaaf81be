# SPDX-License-Identifier: Apache-2.0
"""Visits to the pages with Django's client: who signs in, what they send, what the page shows."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from lxml import html

from people import ANSWERS, DEPARTMENT, FORM, account
from services.upload_factory import png
from zhengtong.organization.models import Account

APPLY = f"/life-events/newborn/apply/?{urlencode(ANSWERS)}"
CASE = re.compile(r"M\d{2}-\d{6}")


def visitor(person: Account | None = None, language: str = "en") -> Client:
    """A browser of its own that reads `language`, signed in as `person` where one is given."""
    client = Client(headers={"accept-language": language})
    if person is not None:
        client.force_login(person)
    return client


def officer_of(step: str) -> Client:
    """An officer of the department that decides `step`."""
    department = DEPARTMENT[step]
    known = Account.objects.filter(username=f"officer-{department}").first()
    return visitor(known or account(f"officer-{department}", "officer", department))


def picture(name: str = "scan.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, png(extra=b""), "image/png")


def tree(response: Any) -> html.HtmlElement:
    return html.document_fromstring(response.content.decode())


def said(response: Any) -> str:
    """What the page's main part reads, in one line."""
    return " ".join(tree(response).get_element_by_id("content").text_content().split())


def links(response: Any, beginning: str = "/") -> list[str]:
    """Addresses of the links in the main part that begin so, in order."""
    found = tree(response).xpath("//main//a/@href")
    return [address for address in found if address.startswith(beginning)]


def classed(response: Any, name: str, below: str = "") -> list[html.HtmlElement]:
    """Elements of a class, or what lies `below` them (XPath)."""
    return tree(response).xpath(f"//*[contains(concat(' ', @class, ' '), ' {name} ')]{below}")


def errors_at(response: Any) -> dict[str, str]:
    """The error shown at each field, by the field's name."""
    found = {}
    for item in classed(response, "wrong"):
        inputs = item.xpath(".//*[@name]")
        error = item.xpath(".//*[@class='error']")[0]
        found[inputs[0].get("name")] = " ".join(error.text_content().split())
    return found


def filled(response: Any, name: str) -> str | None:
    """What an input holds when the page comes."""
    document = tree(response)
    for item in document.xpath("//main//*[@name=$name]", name=name):
        if item.get("type") in {"radio", "checkbox"}:
            if item.get("checked") is not None:
                return str(item.get("value"))
        elif item.tag == "select":
            return next((str(o.get("value")) for o in item if o.get("selected") is not None), "")
        elif item.tag == "textarea":
            return str(item.text or "")
        else:
            return str(item.get("value") or "")
    return None


def form(key: str = "", **changes: object) -> dict[str, Any]:
    """The newborn form as a browser sends it, with its two files; None in `changes` leaves a field out."""
    data: dict[str, Any] = {
        **FORM,
        "birth-certificate": picture("birth.png"),
        "marriage-certificate": picture("marriage.png"),
        "act_key": key or uuid.uuid4().hex,
        **changes,
    }
    return {name: value for name, value in data.items() if value is not None}


def window(response: Any) -> dict[str, str]:
    """The hidden inputs by which a form says which draft it began from, and which window it is."""
    names = ("draft_version", "draft_writer", "draft_reference")
    return {name: filled(response, name) or "" for name in names}


def post(client: Client, address: str, **fields: object) -> Any:
    """Send a form with a fresh key unless one is given."""
    data: Mapping[str, Any] = {"act_key": uuid.uuid4().hex, **fields}
    return client.post(address, data)


def apply(client: Client, **changes: object) -> str:
    """Apply for the newborn life event; returns the case's number."""
    response = client.post(APPLY, form(**changes))
    assert response.status_code == 302, (response.status_code, said(response))
    found = CASE.search(response["Location"])
    assert found, response["Location"]
    return found.group()


def decide(case: str, step: str, act: str, **fields: object) -> Any:
    """An officer of the step's department presses the button `act`."""
    return post(officer_of(step), f"/workbench/{case}/{step}/act/", act=act, **fields)
