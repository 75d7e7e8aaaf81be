# SPDX-License-Identifier: Apache-2.0
"""The guide to the API is run as it stands: every Python block of it, in order, against the site."""

from __future__ import annotations

import hashlib
import re
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.wsgi import get_wsgi_application

from people import ANSWERS, FORM, account, do, publish
from services.upload_factory import png
from zhengtong.acts.actor import SYSTEM
from zhengtong.organization.actions.appoint import Appoint
from zhengtong.organization.actions.issue_token import IssueToken
from zhengtong.organization.rules.scopes import SCOPES
from zhengtong.organization.tokens import new_secret, secret_hash
from zhengtong.services.models import Step

GUIDE = Path(__file__).resolve().parents[2] / "docs/how-to/use-the-api.md"


def blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.S)


@pytest.mark.django_db(transaction=True)
def test_the_guide_does_what_it_says(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish()
    account("gateway", machine=True)
    do(Appoint("gateway", "officer", "police"), SYSTEM)
    token = new_secret()
    do(IssueToken("gateway", secret_hash(token), ("cases.read", "cases.write", "steps.act"), 90), SYSTEM)
    opened = httpx.Client
    transport = httpx.WSGITransport(app=get_wsgi_application())
    monkeypatch.setattr(httpx, "Client", lambda **given: opened(transport=transport, **given))
    asked: list[dict[str, Any]] = []

    def answers_to(form: dict[str, Any]) -> dict[str, str]:
        asked.append(form)
        return {field["key"]: FORM[field["key"]] for field in form["fields"] if field["asked"]}

    names: dict[str, Any] = {
        "SITE": "http://testserver", "TOKEN": token, "httpx": httpx, "hashlib": hashlib, "uuid": uuid,
        "document": lambda key: png(20 + len(key), 30), "answers_to": answers_to,
    }  # fmt: skip
    for block in blocks():
        exec(compile(block, str(GUIDE), "exec"), names)
    assert len(blocks()) == 4 and asked[0]["answers"] == ANSWERS
    assert Step.objects.get(case__number=names["number"], key=names["step"]).state == "accepted"


def test_every_scope_the_guide_names_is_one() -> None:
    named = set(re.findall(r"--scope (\S+)", GUIDE.read_text(encoding="utf-8")))
    assert named and named <= set(SCOPES)
