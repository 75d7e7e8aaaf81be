# SPDX-License-Identifier: Apache-2.0
"""What follows from an event, whoever caused it: a room names the types of events it wants to hear of after the commit.

The outbox message carries the ids of the events alone. Acts of a `bulk()` are not followed: a simulated or imported
past tells nobody.
"""

from __future__ import annotations

from collections.abc import Iterable

from zhengtong.ledger.record import NewEvent

_followers: dict[str, set[str]] = {}


def follow(topic: str, types: Iterable[str]) -> None:
    """Order `topic` of the outbox for every act that writes an event of one of these types."""
    for type_ in types:
        _followers.setdefault(type_, set()).add(topic)


def orders(events: Iterable[NewEvent]) -> dict[str, list[str]]:
    """The topics to order for these events, each with the ids of the events it asked for."""
    found: dict[str, list[str]] = {}
    for event in events:
        for topic in sorted(_followers.get(event.type, ())):
            found.setdefault(topic, []).append(event.id)
    return found
