# SPDX-License-Identifier: Apache-2.0
"""The city file of the 12345 hotline: categories, reasons, and every length of time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from zhengtong.city import kinds
from zhengtong.city.kinds import Definition, Key, Kind
from zhengtong.city.text import Text
from zhengtong.errors import Fault
from zhengtong.services.rules.tickets import Term, TicketRules
from zhengtong.services.special_files import LimitFile

if TYPE_CHECKING:
    from zhengtong.city.load import City


class CategoryFile(Definition):
    key: Key
    name: Text
    reply: LimitFile


class TicketReasonFile(Definition):
    """A reason for not accepting a ticket or for returning it, with its basis."""

    key: Key
    name: Text
    basis: Text | None = None


class TicketExtensionFile(Definition):
    """How much longer a reply may take, and how often; the hotline's own office answers."""

    limit: LimitFile
    times: Annotated[int, Field(ge=1, le=9)] = 1


class TicketsFile(Definition):
    """The hotline's rules. A length of time that is missing sets no limit."""

    key: Key
    name: Text
    categories: Annotated[list[CategoryFile], Field(min_length=1)]
    urgent: LimitFile | None = None
    dispatch: LimitFile | None = None
    sign: LimitFile | None = None
    send_back: LimitFile | None = None
    call_back: LimitFile | None = None
    extension: TicketExtensionFile | None = None
    reopenings: Annotated[int, Field(ge=0, le=9)] = 0
    not_accepted: list[TicketReasonFile] = []
    returned: list[TicketReasonFile] = []
    source: Text
    verified: bool = False

    def compiled(self) -> TicketRules:
        return TicketRules(
            reply={category.key: _term(category.reply) for category in self.categories},
            urgent_reply=_optional(self.urgent),
            dispatch=_optional(self.dispatch),
            sign=_optional(self.sign),
            send_back=_optional(self.send_back),
            call_back=_optional(self.call_back),
            extension=_term(self.extension.limit) if self.extension else None,
            extensions=self.extension.times if self.extension else 0,
            reopenings=self.reopenings,
        )


def _term(limit: LimitFile) -> Term:
    return Term(limit.days, limit.unit)


def _optional(limit: LimitFile | None) -> Term | None:
    return _term(limit) if limit else None


def check_tickets(city: City, rules: TicketsFile) -> Iterable[Fault]:
    """Keys that stand twice."""
    lists = (("categories", rules.categories), ("not_accepted", rules.not_accepted), ("returned", rules.returned))
    for name, entries in lists:
        keys = [entry.key for entry in entries]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                yield city.fault("tickets", rules.key, (name, index, "key"), "重复", "this stands twice", found=key)


kinds.register(
    Kind("tickets", "standards/tickets.yaml", TicketsFile, Text(zh="热线规则", en="hotline rules"), check=check_tickets)
)
