# SPDX-License-Identifier: Apache-2.0
"""When repeated bad ratings propose a change: a part of `standards/ratings.yaml`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zhengtong.city.kinds import Definition
from zhengtong.city.text import Text
from zhengtong.services.rules.improving import Threshold


class RepeatedFile(Definition):
    """How many bad ratings of one concern within how many calendar days propose a change of the definition."""

    at_least: Annotated[int, Field(ge=2, le=1000)]
    days: Annotated[int, Field(ge=1, le=366)]
    source: Text
    verified: bool = False

    def compiled(self) -> Threshold:
        return Threshold(self.at_least, self.days)
