# SPDX-License-Identifier: Apache-2.0
"""A firm's representative (法定代表人): a mandate for everything, given at registration, ended by the next one's."""

from __future__ import annotations

import uuid

from zhengtong.acts.perform import Act
from zhengtong.ledger.record import ObjectRef
from zhengtong.organization.mandates import REPRESENTATIVE, identified
from zhengtong.organization.models import Firm, Mandate
from zhengtong.organization.persons import Person


def give_representative(act: Act, firm: Firm, person: Person, paper: str) -> Mandate:
    """Raises `BadInput` where the person's name and number do not belong together."""
    row = Mandate(
        reference=uuid.uuid4().hex,
        principal=firm.pseudonym,
        agent=identified(person),
        kind=REPRESENTATIVE,
        matters=[],
        channel="counter",
        paper=paper,
        begun_us=act.now_us,
    )
    people = [ObjectRef("firm", firm.pseudonym, "principal"), ObjectRef("person", row.agent, "agent")]
    act.record("mandate_given", row, people, {"kind": row.kind, "channel": row.channel, "paper": paper})
    return row
