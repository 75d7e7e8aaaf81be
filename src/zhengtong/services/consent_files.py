# SPDX-License-Identifier: Apache-2.0
"""The consent of another person that a life event may need, as its file says it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from zhengtong.city.definition import ElementRef
from zhengtong.city.kinds import Definition, Key
from zhengtong.city.text import Text
from zhengtong.errors import Fault
from zhengtong.services.special_files import LimitFile

if TYPE_CHECKING:
    from zhengtong.city.load import City


class HolderFile(Definition):
    """Where the form says who is asked: his name and his resident number."""

    name: ElementRef
    number: ElementRef


class ConsentFile(Definition):
    """Another person agrees, in these very words, instead of a document the applicant would have to bring."""

    key: Key
    name: Text
    text: Text
    instead_of: Key
    holders: Annotated[list[HolderFile], Field(min_length=1, max_length=4)]
    expires: LimitFile


def check_consents(
    city: City, event: str, consents: list[ConsentFile], materials: set[str], elements: set[str]
) -> Iterable[Fault]:
    """A document no service asks the applicant for, a person the form does not ask about, a key that stands twice."""
    keys = [consent.key for consent in consents]
    for index, consent in enumerate(consents):
        if consent.key in keys[:index]:
            path = ("consents", index, "key")
            yield city.fault("life-event", event, path, "重复", "this stands twice", found=consent.key)
        if consent.instead_of not in materials:
            yield city.fault(
                "life-event", event, ("consents", index, "instead_of"), "没有服务要申请人提供这份材料",
                "no service asks the applicant for it", found=consent.instead_of, expected=", ".join(sorted(materials)),
            )  # fmt: skip
        for place, holder in enumerate(consent.holders):
            for name, key in (("name", holder.name), ("number", holder.number)):
                if key not in elements:
                    yield city.fault(
                        "life-event", event, ("consents", index, "holders", place, name), "没有服务用到这个数据元",
                        "no service of the life event asks this", found=key, expected=", ".join(sorted(elements)),
                    )  # fmt: skip
