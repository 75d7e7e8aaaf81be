# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Allowed, Relation, Subject
from zhengtong.acts.perform import Act, Action, On, Result
from zhengtong.acts.serving import city
from zhengtong.errors import Conflict
from zhengtong.services.models import PublishedVersion
from zhengtong.services.published import assemble, content_hash


@dataclass(frozen=True)
class PublishLifeEvent(Action[On]):
    """Make the life event as it now stands in the city's files the one that new cases begin with.

    A version is named by its content's hash, so publishing what is published already changes nothing. `expected_hash`
    is the version that was looked at before; raises `Conflict` where the files have changed since.
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
        if self.expected_hash and self.expected_hash != version:
            raise Conflict(
                "文件在查看之后又有改动，没有发布", "the files changed after you looked; nothing was published",
                found=version, expected=self.expected_hash,
            )  # fmt: skip
        newest = PublishedVersion.objects.filter(kind="life-event", key=self.key).order_by("-published_us").first()
        if newest is None or newest.hash != version:
            # after the one it replaces, whatever this server's clock says: the newest is what new cases begin with
            published_us = max(act.now_us, newest.published_us + 1) if newest else act.now_us
            row = PublishedVersion.objects.filter(hash=version).first()
            if row is None:
                row = PublishedVersion(hash=version, kind="life-event", key=self.key, body=body)
            row.published_us = published_us
            act.record("version_published", row, attributes={"kind": "life-event", "key": self.key})
        return {"hash": version}
