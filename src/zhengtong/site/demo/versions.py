# SPDX-License-Identifier: Apache-2.0
"""The changed form of a story: what people filed before had one more sentence of explanation."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.conf import settings

from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.perform import perform
from zhengtong.ledger.ids import new_id
from zhengtong.services.actions.publish_life_event import PublishLifeEvent
from zhengtong.services.published import LifeEvent, published
from zhengtong.site.demo.stories import Cause, Story

SENTENCE = "请对照证明材料逐项填写。"


@dataclass(frozen=True)
class Change:
    """The life event before and after a story's new form."""

    cause: Cause
    earlier: LifeEvent
    later: LifeEvent


def publish_earlier(story: Story, events: Sequence[LifeEvent]) -> Change | None:
    """Publish the form as it was before the change, and then, as it is now, the changed one. Both are versions that the
    product keeps; the city's files are what they were."""
    cause = story.of("changed_form")
    if cause is None:
        return None
    with _files_before(cause) as folder, _served(folder):
        earlier = perform(PublishLifeEvent(cause.life_event), SYSTEM, f"publish/{new_id()}").result["hash"]
    later = perform(PublishLifeEvent(cause.life_event), SYSTEM, f"publish/{new_id()}").result["hash"]
    return Change(cause, published(earlier), published(later))


def current(change: Change | None, event: LifeEvent, day: date) -> tuple[LifeEvent, bool]:
    """The version that is filed on a day, and whether it is the changed one."""
    if change is None or event.key != change.cause.life_event:
        return event, False
    fresh = day >= change.cause.first
    return (change.later if fresh else change.earlier), fresh


@contextmanager
def _files_before(cause: Cause) -> Iterator[Path]:
    """A copy of the city's files in which the summary of the service explains one thing more."""
    with tempfile.TemporaryDirectory(prefix="zhengtong-demo-") as temporary:
        folder = Path(shutil.copytree(settings.ZHENGTONG_CITY, Path(temporary) / "city"))
        file = folder / f"services/{cause.service}.yaml"
        text = file.read_text("utf-8")
        start = text.index("zh: ", text.index("\nsummary:")) + len("zh: ")
        file.write_text(f"{text[:start]}{SENTENCE}{text[start:]}", "utf-8")
        yield folder


@contextmanager
def _served(folder: Path) -> Iterator[None]:
    """The city of another folder, for as long as it takes to publish from it."""
    usual = settings.ZHENGTONG_CITY
    settings.ZHENGTONG_CITY = folder
    try:
        yield
    finally:
        settings.ZHENGTONG_CITY = usual
