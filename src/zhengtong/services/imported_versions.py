# SPDX-License-Identifier: Apache-2.0
"""The definition an imported case runs on: its one service as the city's files have it, with the source's limits.

Frozen and named by its content like every published version, of a kind of its own, so that nobody can apply for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from zhengtong.city.definition import Department
from zhengtong.city.load import City
from zhengtong.services.casework import IMPORTED
from zhengtong.services.definition import PublicServiceFile, ReasonFile, RegimeFile
from zhengtong.services.published import content_hash


def life_event_of(service: str) -> str:
    """The key under which imported cases of a service are counted; no life event of a city has a dot in it."""
    return f"{IMPORTED}.{service}"


@dataclass(frozen=True)
class Limits:
    """The days the source gave, in `unit`; None where it gave none and the city's own stand."""

    promised: int | None
    statutory: int | None
    unit: str


_known: dict[tuple[str, str, Limits], tuple[City, tuple[dict[str, Any], str]]] = {}


def version_of(city: City, service: str, source: str, limits: Limits) -> tuple[dict[str, Any], str]:
    """The body and its hash. Raises `NotFound` for a service the city does not have.

    Kept while the city's files are the same: thousands of cases share a handful of versions.
    """
    key = (service, source, limits)
    known = _known.get(key)
    if known is None or known[0] is not city:
        body = _body(city, service, source, limits)
        known = _known[key] = (city, (body, content_hash(body)))
    return known[1]


def _body(city: City, service: str, source: str, limits: Limits) -> dict[str, Any]:
    file = city.get(PublicServiceFile, service)
    plain = _plain(file) | {"elements": [], "materials": []}
    plain.pop("external", None)  # whoever decided it there, here nobody hands it over
    told = {"zh": f"来源系统 {source} 所载", "en": f"as told by the source {source}"}
    if limits.promised is not None:
        plain["promised"] = {"days": limits.promised, "unit": limits.unit, "source": told}
    if limits.statutory is not None:
        plain["statutory"] = {"days": limits.statutory, "unit": limits.unit, "source": told}
    return {
        "services": [plain],
        "elements": [],
        "codes": [],
        "regimes": [_plain(city.get(RegimeFile, file.regime))],
        "reasons": [_plain(reason) for reason in city.all(ReasonFile)],
        "remedies": [],
        "departments": [_plain(city.get(Department, file.department))],
        "event": {
            "key": "imported",
            "name": _plain(file.name),
            "summary": _plain(file.summary),
            "stage": "imported",
            "audience": "person",
            "words": _plain(file.name),
            "lead": file.department,
            "promised": plain["promised"],
            "services": [{"service": service}],
        },
        "division": city.meta.division,
    }


def _plain(value: BaseModel) -> dict[str, Any]:
    return value.model_dump(mode="json", exclude_defaults=True)
