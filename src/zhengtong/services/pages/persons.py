# SPDX-License-Identifier: Apache-2.0
"""A person named by another: name and resident number as two questions, and what was answered."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest

from zhengtong.acts.perform import now_us
from zhengtong.acts.serving import city
from zhengtong.city.identifiers import read_id_card
from zhengtong.errors import BadInput, ZhengtongError
from zhengtong.organization.persons import Person
from zhengtong.services.casework import calendar
from zhengtong.ui.forms import Field, Words


def person_fields(
    prefix: str, names: tuple[Words, Words], given: Mapping[str, str], faults: Mapping[str, ZhengtongError]
) -> list[Field]:
    """`names` are the labels of the name and of the number."""
    keys = (f"{prefix}_name", f"{prefix}_number")
    return [
        Field(key, label, value=given.get(key, ""), error=faults.get(key, ""), autocomplete="off")
        for key, label in zip(keys, names, strict=True)
    ]


def read_person(request: HttpRequest, prefix: str) -> tuple[Person | None, dict[str, ZhengtongError]]:
    """The person as typed, with a number whose check character is right; or what is wrong, by field."""
    faults: dict[str, ZhengtongError] = {}
    name = request.POST.get(f"{prefix}_name", "").strip()
    if not name or len(name) > 64:
        faults[f"{prefix}_name"] = BadInput("请填写姓名", "enter the person's name")
    number = ""
    try:
        today, divisions = calendar().date_of(now_us()), [city().meta.division]
        number = read_id_card(request.POST.get(f"{prefix}_number", ""), today=today, divisions=divisions)
    except BadInput as fault:
        faults[f"{prefix}_number"] = fault
    return (None if faults else Person(name, number)), faults
