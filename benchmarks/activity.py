# SPDX-License-Identifier: Apache-2.0
"""One newborn case from the form to its last output, as the nine acts the product performs for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from zhengtong.acts.actor import SYSTEM, Actor, Role
from zhengtong.acts.perform import Action, Done
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.decide_step import DecideStep
from zhengtong.services.actions.record_external_answer import RecordExternalAcceptance, RecordExternalDecision
from zhengtong.services.actions.submit_case import SubmitCase, UploadedMaterial
from zhengtong.services.queries import life_event

Perform = Callable[[Action[Any], Actor, str], Done]
ACTS_A_CASE = 9
PARENT = Actor("1" * 32, frozenset({Role("resident")}))
OFFICERS = {"birth-registration": "police", "vaccination-record": "cdc", "resident-insurance": "insurance"}
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


def version() -> str:
    """The published version cases are filed under."""
    return life_event("newborn").hash


def acts_of_cases(cases: int, published: str, mark: str) -> Iterator[Callable[[Perform], Done]]:
    """The acts one after the other, each to be called with how it is to be performed. `mark` keeps keys apart."""
    for number in range(cases):
        yield from _one_case(published, f"{mark}/{number}")


def _one_case(published: str, mark: str) -> Iterator[Callable[[Perform], Done]]:
    filed: list[str] = []

    def submit(perform: Perform) -> Done:
        materials = tuple(
            UploadedMaterial(key, hashlib.sha256(key.encode()).hexdigest(), "application/pdf", 1234, f"{key}.pdf")
            for key in ("birth-certificate", "marriage-certificate")
        )
        answers = {"birth_place": "institution", "parents": "married"}
        done = perform(SubmitCase(published, answers, FORM, materials), PARENT, f"{mark}/submit")
        filed.append(str(done.result["case"]))
        return done

    yield submit
    for step, department in OFFICERS.items():
        officer = Actor(hashlib.sha256(department.encode()).hexdigest()[:32], frozenset({Role("officer", department)}))
        for name, kind in (("accept", AcceptStep), ("decide", partial(DecideStep, granted=True))):
            yield _later(kind, filed, step, officer, f"{mark}/{step}/{name}")
    decide = partial(RecordExternalDecision, granted=True, issuer_number="C-1")
    for name, external in (("accept", RecordExternalAcceptance), ("decide", decide)):
        yield _later(external, filed, "social-security-card", SYSTEM, f"{mark}/card/{name}")


def _later(
    make: Callable[[str, str], Action[Any]], filed: list[str], step: str, who: Actor, key: str
) -> Callable[[Perform], Done]:
    """An act on the case `filed` names by the time it is performed."""
    return lambda perform: perform(make(filed[0], step), who, key)
