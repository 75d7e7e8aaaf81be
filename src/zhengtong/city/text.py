# SPDX-License-Identifier: Apache-2.0
"""Text in the two languages of the house."""

from __future__ import annotations

import os
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

LANGUAGE_VARIABLE = "ZHENGTONG_LANGUAGE"

Words = Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"\S")]


class Text(BaseModel):
    """`{zh: …, en: …}` of a city file. Both are required: a page is never half translated."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    zh: Words
    en: Words

    def say(self, language: str) -> str:
        """The words in `zh` or `zh-…`; any other language reads English, as errors do."""
        return self.zh if language.startswith("zh") else self.en


def language() -> str:
    """The command line's language, from ZHENGTONG_LANGUAGE: `zh`, or `en` where it begins with en."""
    return "en" if os.environ.get(LANGUAGE_VARIABLE, "zh").strip().lower().startswith("en") else "zh"


def say(zh: str, en: str) -> str:
    """One of two sentences, for command-line messages. Pages use Django's translations instead."""
    return en if language() == "en" else zh
