# SPDX-License-Identifier: Apache-2.0
"""What is sent and answered. Times end in `_us`: microseconds since 1970 UTC. Values of a form are never answered."""

from __future__ import annotations

from typing import Any

from ninja import Schema
from pydantic import ConfigDict, Field


class Words(Schema):
    """A text in both languages."""

    zh: str
    en: str


class In(Schema):
    """What a caller sends. A name that is not expected is an error, not ignored: it is most often a slip."""

    model_config = ConfigDict(extra="forbid")


class LifeEventOut(Schema):
    """A published life event (一件事). `version` is the hash of its content: cases are filed for a version."""

    key: str
    zh: str
    en: str
    audience: str
    version: str


class OptionOut(Schema):
    key: str
    name: Words


class SituationOut(Schema):
    """A question whose answer decides what is asked for."""

    key: str
    question: Words
    options: list[OptionOut]


class ServiceOut(Schema):
    """A public service (事项) of the life event. `promised` in `unit`."""

    key: str
    name: Words
    code: str
    department: str
    promised: int
    unit: str


class LifeEventDetail(LifeEventOut):
    summary: Words
    situations: list[SituationOut]
    services: list[ServiceOut]


class FieldOut(Schema):
    """A question of the one form. `asked` false: this situation does not ask it. `codes` are what may be answered."""

    key: str
    name: Words
    type: str
    asked: bool
    services: list[str]
    codes: dict[str, Words]


class MaterialOut(Schema):
    """A document to bring. `necessity`: required, optional or deferrable."""

    key: str
    name: Words
    necessity: str
    services: list[str]


class FormOut(Schema):
    """What one situation needs: steps, questions, documents."""

    life_event: str
    version: str
    answers: dict[str, str]
    services: list[str]
    fields: list[FieldOut]
    materials: list[MaterialOut]


class StepOut(Schema):
    """`due_us` is the promised end of what the department has to do next."""

    case: str
    step: str
    department: str
    state: str
    due_us: int | None


class CaseOut(Schema):
    number: str
    life_event: str
    definition: str
    phase: str
    channel: str
    submitted_us: int
    closed_us: int | None
    steps: list[StepOut]


class CasePage(Schema):
    items: list[CaseOut]
    next: str


class StepPage(Schema):
    items: list[StepOut]
    next: str


class NoticeOut(Schema):
    """A numbered document (文书). With `code` anybody may verify it; `sha256` is of the signed PDF, once it is made."""

    number: str
    code: str
    kind: str
    step: str
    department: str
    issued_us: int
    sha256: str


class VerifiedOut(Schema):
    """What a notice is, without saying whom it is about."""

    number: str
    kind: str
    department: str
    matter: Words
    issued_us: int
    sha256: str


class UploadOut(Schema):
    """`upload` is handed over with a case or correction, by whoever uploaded it, before `expires_us`."""

    upload: str
    sha256: str
    media_type: str
    size: int
    expires_us: int


class MaterialIn(In):
    """`key` of a material, `upload` as an upload answered, `filename` for people."""

    key: str = Field(max_length=64)
    upload: str = Field(max_length=2000)
    filename: str = Field(default="", max_length=200)


class PersonIn(In):
    """For whom a clerk files a case. The resident ID number is checked."""

    name: str = Field(min_length=1, max_length=64)
    identity_number: str = Field(max_length=18)


class CaseIn(In):
    """A case to file. `version` where the newest is not meant; `form` holds answers as text, by key of the field."""

    life_event: str = Field(max_length=64)
    version: str = Field(default="", max_length=64)
    answers: dict[str, str] = {}
    form: dict[str, str]
    materials: list[MaterialIn] = Field(default=[], max_length=100)
    on_behalf_of: PersonIn | None = None


class ActOut(Schema):
    """`replayed`: the key had been used before with the same content; nothing was done again."""

    act: str
    replayed: bool
    result: dict[str, Any]


class MeOut(Schema):
    """Who the caller is: the pseudonym the record knows, and the roles held."""

    actor: str
    roles: list[dict[str, str]]
