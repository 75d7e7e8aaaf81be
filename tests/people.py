# SPDX-License-Identifier: Apache-2.0
"""Factories: people, a filled-in newborn form, a submitted case, and the acts that move it."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from typing import Any

from zhengtong.acts.actor import SYSTEM, Actor, Role
from zhengtong.acts.perform import Action, Done, perform
from zhengtong.organization.actions.appoint import Appoint
from zhengtong.organization.models import Account
from zhengtong.organization.queries import actor_of
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.publish_life_event import PublishLifeEvent
from zhengtong.services.actions.submit_case import SubmitCase, UploadedMaterial

_serial = itertools.count(1)
PARENT = Actor("1" * 32, frozenset({Role("resident")}))
OTHER = Actor("2" * 32, frozenset({Role("resident")}))
CLERK = Actor("3" * 32, frozenset({Role("resident"), Role("clerk", "service-hall")}))


def officer(department: str) -> Actor:
    pseudonym = hashlib.sha256(department.encode()).hexdigest()[:32]
    return Actor(pseudonym, frozenset({Role("resident"), Role("officer", department)}))


def key() -> str:
    return uuid.uuid4().hex


def do(action: Action[Any], actor: Actor, *, at_us: int | None = None) -> Done:
    return perform(action, actor, key(), at_us=at_us)


def account(username: str, role: str = "", department: str = "", **fields: object) -> Account:
    """A person who can sign in; the password is the user name followed by `-password`."""
    person = Account.objects.create_user(username, f"{username}-password", name=username, **fields)
    if role:
        do(Appoint(username, role, department), SYSTEM)
    return person


def actor(person: Account) -> Actor:
    return actor_of(person)


def publish(key_: str = "newborn") -> str:
    return do(PublishLifeEvent(key_), SYSTEM).result["hash"]


ANSWERS = {"birth_place": "institution", "parents": "married"}
FORM = {
    "child_name": "林知夏",
    "child_sex": "2",
    "birth_date": "2026-01-09",
    "birth_certificate_number": "Z999000001",
    "mother_name": "林晓梅",
    "mother_id": "999900199003121009",
    "father_name": "周立群",
    "father_id": "999900199103121014",
    "household_address": "明川市清溪区莲塘街道 1 号",
    "household_district": "999902",
    "contact_mobile": "13800001000",
    "insurance_tier": "basic",
    "delivery_method": "pickup",
}
MATERIALS = ("birth-certificate", "marriage-certificate")


def uploaded(name: str) -> UploadedMaterial:
    return UploadedMaterial(name, hashlib.sha256(name.encode()).hexdigest(), "application/pdf", 1234, f"{name}.pdf")


def submission(version: str, **changes: object) -> SubmitCase:
    given: dict[str, Any] = {
        "definition": version,
        "answers": ANSWERS,
        "raw": FORM,
        "materials": tuple(uploaded(name) for name in MATERIALS),
    }
    return SubmitCase(**{**given, **changes})


def submit(version: str, actor: Actor = PARENT, *, at_us: int | None = None, **changes: object) -> str:
    """Submit a newborn case; returns its number."""
    return do(submission(version, **changes), actor, at_us=at_us).result["case"]


DEPARTMENT = {
    "birth-registration": "police",
    "vaccination-record": "cdc",
    "resident-insurance": "insurance",
    "social-security-card": "hr",
}


def grant(case: str, step: str, *, at_us: int | None = None) -> None:
    who = officer(DEPARTMENT[step])
    do(AcceptStep(case, step), who, at_us=at_us)
    do(DecideStep(case, step, granted=True), who, at_us=at_us)
