# SPDX-License-Identifier: Apache-2.0
"""Versions of the newborn life event with what the demo city does not have: a join of two outputs, a licence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from people import publish
from zhengtong.acts.serving import city
from zhengtong.services.actions import publish_life_event
from zhengtong.services.definition import RegimeFile
from zhengtong.services.published import assemble

Body = dict[str, Any]


def service(body: Body, key: str) -> Body:
    (found,) = (one for one in body["services"] if one["key"] == key)
    return found


def insurance_waits_for_both(body: Body) -> None:
    """A join: insurance also needs the vaccination record, so it begins with whichever output comes last."""
    vaccination = service(body, "vaccination-record")["output"]
    material = {"key": "vaccination-proof", "name": vaccination["name"], "necessity": "required", "origin": "output"}
    service(body, "resident-insurance")["materials"].append({**material, "output": vaccination["key"]})


def registration_is_a_licence(body: Body) -> None:
    """Silence counts as acceptance for licences only (行政许可法 art. 32): five working days."""
    service(body, "birth-registration")["regime"] = "licence"
    body["regimes"].append(city().get(RegimeFile, "licence").model_dump(mode="json", exclude_defaults=True))


def publish_with(*changes: Callable[[Body], None]) -> str:
    """Publish the newborn life event with `changes`; returns its hash."""

    def changed(*arguments: Any) -> Body:
        body = assemble(*arguments)
        for change in changes:
            change(body)
        return body

    with patch.object(publish_life_event, "assemble", changed):
        return publish()
