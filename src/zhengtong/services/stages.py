# SPDX-License-Identifier: Apache-2.0
"""The stages of life of a person and of a business, by which a portal orders its life events: a list of the city.

国办发〔2025〕24号 orders its list of life events so; a city writes its own list, in the order in which it shows them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from zhengtong.city import kinds
from zhengtong.city.kinds import Definition, Key, Kind
from zhengtong.city.text import Text
from zhengtong.errors import Fault

if TYPE_CHECKING:
    from zhengtong.city.load import City
    from zhengtong.services.definition import LifeEventFile


class StageFile(Definition):
    """A stage of life. The order of the list is the order in which stages are shown."""

    key: Key
    name: Text
    audience: Literal["person", "business"]


def check_stage(city: City, event: LifeEventFile) -> Iterable[Fault]:
    """A life event of persons in a stage of businesses would be looked for in vain."""
    if not city.has(StageFile, event.stage):
        return
    stage = city.get(StageFile, event.stage)
    if stage.audience != event.audience:
        same = [one.key for one in city.all(StageFile) if one.audience == event.audience]
        yield city.fault(
            "life-event", event.key, ("stage",),
            "这个阶段属于另一类服务对象", "this stage belongs to the other audience",
            found=f"{event.stage} ({stage.audience})", expected=", ".join(same),
        )  # fmt: skip


kinds.register(
    Kind("stage", "standards/stages.yaml", StageFile, Text(zh="人生与经营阶段", en="stage of life"), one_per_file=False)
)
