# SPDX-License-Identifier: Apache-2.0
"""Which of the two languages the reader of this request reads, and how to say a thing in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from django.utils.translation import get_language

Language = Literal["zh", "en"]


def reader_language() -> Language:
    """Chinese unless another language is active: pages that belong to no request read Chinese."""
    active = get_language()
    return "zh" if active is None or active.startswith("zh") else "en"


def html_lang() -> str:
    """The BCP 47 tag of the page's own text."""
    return "zh-Hans" if reader_language() == "zh" else "en"


def say(value: object) -> str:
    """Text of a city file, an error, a `{zh, en}` mapping or anything else, in the reader's language.

    A text lacking the reader's language is shown in the other one: half a page is better than a hole.
    """
    language = reader_language()
    if hasattr(
        value, "say"
    ):  # a `city.text.Text` or a `ZhengtongError`; a protocol's `isinstance` costs ten times this
        return str(value.say(language))
    if isinstance(value, Mapping):
        other: Language = "en" if language == "zh" else "zh"
        return str(value.get(language) or value.get(other) or "")
    return "" if value is None else str(value)
