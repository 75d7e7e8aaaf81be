# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result
from zhengtong.acts.serving import city
from zhengtong.services.models import PublishedVersion
from zhengtong.services.published import assemble, content_hash


@dataclass(frozen=True)
class PublishLifeEvent(Action[On]):
    """Make the life event as it now stands in the city's files the one that new cases begin with.

    A version is named by its content's hash, so publishing what is published already changes nothing.
    """

    verb: ClassVar[str] = "life_event.publish"
    allowed: ClassVar[tuple[Allowed, ...]] = (
        Allowed("data_bureau", Relation.ANY),
        Allowed("system", Relation.ANY),
    )

    key: str
    expected_hash: str = ""

    def target(self, actor: Actor) -> On:
        return On(Subject("life_event", self.key))

    def run(self, act: Act, target: On) -> Result:
        body: dict[str, Any] = assemble(city(), self.key)
        version = content_hash(body)
        newest = PublishedVersion.objects.filter(kind="life-event", key=self.key).order_by("-id").first()
        if newest is None or newest.hash != version:
            if PublishedVersion.objects.filter(hash=version).exists():
                row = PublishedVersion.objects.get(hash=version)
                row.published_us = act.now_us
            else:
                row = PublishedVersion(
                    hash=version, kind="life-event", key=self.key, body=body, published_us=act.now_us
                )
            act.record("version_published", row, attributes={"kind": "life-event", "key": self.key})
        return {"hash": version}
