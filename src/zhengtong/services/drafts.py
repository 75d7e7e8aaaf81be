# SPDX-License-Identifier: Apache-2.0
"""Drafts: kept for their owner, never over what another window saved meanwhile, and deleted when their term is over."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Q, QuerySet

from zhengtong.errors import NotFound, Overtaken
from zhengtong.ledger.rules.canonical import canonical
from zhengtong.services.applicants import applicants, end_of_term
from zhengtong.services.models import Draft


@dataclass(frozen=True)
class DraftKey:
    """Whose draft of what: at most one a situation."""

    account: str
    life_event: str
    answers: Mapping[str, str]
    principal: str = ""

    @property
    def situation(self) -> str:
        return hashlib.sha256(canonical(dict(self.answers))).hexdigest()

    def find(self) -> Draft | None:
        return Draft.objects.filter(**self.columns).first()

    @property
    def columns(self) -> dict[str, str]:
        return {
            "account": self.account,
            "principal": self.principal,
            "life_event": self.life_event,
            "situation": self.situation,
        }


@dataclass(frozen=True)
class Content:
    """What a window wants kept. `materials` are files already stored, by the key of the material."""

    values: Mapping[str, str]
    origins: Mapping[str, str]
    materials: Mapping[str, Mapping[str, Any]]

    def same_as(self, draft: Draft) -> bool:
        return bool(dict(self.values) == draft.values and dict(self.materials) == draft.materials)


def current(seen: int, writer: str) -> Q:
    """The condition under which a window that saw version `seen` may write: nobody else has saved since."""
    return Q(version=seen) | Q(writer=writer) if writer else Q(version=seen)


def keep(key: DraftKey, content: Content, *, seen: int, writer: str, now_us: int) -> Draft:
    """Save a draft. `seen` is the version the window began from, 0 for none.

    Raises `Overtaken` where another window saved, submitted or deleted it since; then nothing is written.
    """
    fields = {**asdict(content), "writer": writer, "updated_us": now_us}
    draft = key.find()
    if draft is None:
        if seen:
            raise gone()
        begun = {"answers": dict(key.answers), **fields}
        draft, made = Draft.objects.get_or_create(**key.columns, defaults=begun)
        if made:
            return draft
    while not content.same_as(draft):
        fresh = Draft.objects.filter(current(seen, writer), pk=draft.pk, version=draft.version)
        written = fresh.update(**fields, version=draft.version + 1)
        if not written and not _own_saving(draft, seen, writer):
            raise moved()
        draft.refresh_from_db()
    return draft


def _own_saving(draft: Draft, seen: int, writer: str) -> bool:
    """Whether what came between reading and writing was the window's own autosave, so that it may be tried again."""
    return Draft.objects.filter(current(seen, writer), pk=draft.pk).exclude(version=draft.version).exists()


def moved() -> Overtaken:
    return Overtaken(
        "这份草稿刚刚在另一个窗口保存过，没有覆盖任何内容",
        "this draft was saved in another window meanwhile; nothing was overwritten",
    )


def gone() -> Overtaken:
    return Overtaken(
        "这份草稿已经在另一个窗口提交或删除", "this draft was submitted or deleted in another window meanwhile"
    )


def consume(reference: str, account: str, seen: int, writer: str) -> None:
    """Take a draft out of the world because it is being submitted, inside the act's transaction.

    Raises `Overtaken` where another window changed or submitted it first, so that one draft makes one case.
    """
    draft = Draft.objects.select_for_update().filter(reference=reference, account=account).first()
    if draft is None:
        raise gone()
    if not Draft.objects.filter(current(seen, writer), pk=draft.pk).delete()[0]:
        raise moved()


def drafts_of(account: str) -> QuerySet[Draft]:
    return Draft.objects.filter(account=account).order_by("-updated_us")


def delete(reference: str, account: str) -> None:
    """Raises `NotFound` for one that is not this account's."""
    if not Draft.objects.filter(reference=reference, account=account).delete()[0]:
        raise NotFound("没有这份草稿", "there is no such draft", found=reference[:40])


def expires_us(draft: Draft) -> int | None:
    """When the draft is deleted if nobody touches it; None where the city sets no term."""
    rules = applicants()
    return end_of_term(rules.drafts, draft.updated_us) if rules and rules.drafts else None


def expire(now_us: int, *, limit: int = 200) -> int:
    """Delete drafts whose term is over, the oldest first; returns how many."""
    old = Draft.objects.order_by("updated_us")[:limit]
    over = [draft for draft in old if (end := expires_us(draft)) is not None and end < now_us]
    # One that was saved meanwhile has another version, and stays.
    return sum(Draft.objects.filter(pk=draft.pk, version=draft.version).delete()[0] for draft in over)
