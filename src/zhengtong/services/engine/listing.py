# SPDX-License-Identifier: Apache-2.0
"""The other system's own list of the applications it holds, read page by page over signed replies.

    GET <base>/applications?since=<seconds>&after=<reference>&limit=200
        {"applications": [{"reference", "status", "received_at", "decided_at"?, "output"?, "reason"?}, …], "more": bool}

In order of reference, so that a page begins where the last one ended. `since` bounds when they received it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from urllib.parse import urlencode

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from zhengtong.errors import Unavailable
from zhengtong.services.engine.external import ExternalClient
from zhengtong.services.rules.reconciliation import Theirs

PAGE = 200
LONGEST = 200_000
"""Applications in one list at most: a reply without end must not fill the memory."""

_Instant = Annotated[AwareDatetime, Field(strict=False)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    reference: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
    status: Literal["pending", "granted", "refused"]
    received_at: _Instant
    decided_at: _Instant | None = None
    output: str = Field(default="", max_length=100)
    reason: str = Field(default="", pattern=r"^([a-z][a-z0-9_]{0,59})?$")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.status == "pending") != (self.decided_at is None):
            raise ValueError("decided_at belongs to what is decided, and only to that")
        if (self.status == "granted") != bool(self.output):
            raise ValueError("output belongs to what is granted, and only to that")
        if (self.status == "refused") != bool(self.reason):
            raise ValueError("reason belongs to what is refused, and only to that")
        return self

    def theirs(self) -> Theirs:
        decided = None if self.decided_at is None else _us(self.decided_at)
        return Theirs(self.reference, self.status, _us(self.received_at), decided, self.output, self.reason)


class _Page(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    applications: list[_Entry] = Field(max_length=PAGE)
    more: bool


@dataclass(frozen=True)
class Listing:
    """The whole list; `sha256` is over the bytes of its pages as they came."""

    applications: tuple[Theirs, ...]
    sha256: str


def read_listing(client: ExternalClient, since_us: int) -> Listing:
    """Everything the system received since an instant. Raises what `ExternalClient` raises, `Unavailable` also for a
    list that repeats itself, is out of order or has no end."""
    digest = hashlib.sha256()
    applications: list[Theirs] = []
    for page, body in _pages(client, since_us):
        digest.update(body)
        applications += [entry.theirs() for entry in page.applications]
        if len(applications) > LONGEST:
            raise _wrong(client, f"> {LONGEST}", f"≤ {LONGEST}")
    return Listing(tuple(applications), digest.hexdigest())


def _pages(client: ExternalClient, since_us: int) -> Iterator[tuple[_Page, bytes]]:
    after, more = "", True
    while more:
        query = urlencode({"since": since_us // 1_000_000, "after": after, "limit": PAGE})
        body = client.get(f"/applications?{query}")
        try:
            page = _Page.model_validate_json(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "body"
            raise _wrong(client, f"{place}: {first['msg']}", "applications, more") from error
        for entry in page.applications:
            if entry.reference <= after:
                raise _wrong(client, entry.reference, f"> {after}")
            after = entry.reference
        if page.more and not page.applications:
            raise _wrong(client, "more, and none given", "applications")
        more = page.more
        yield page, body


def _wrong(client: ExternalClient, found: str, expected: str) -> Unavailable:
    return Unavailable(
        "外部系统的清单不可用", "the list of the external system cannot be used",
        where=client.system.key, found=found, expected=expected,
    )  # fmt: skip


def _us(instant: datetime) -> int:
    since = instant.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
