# SPDX-License-Identifier: Apache-2.0
"""How many acts a second `perform` does here, by one client and by thirty-two. Measures; judges nothing.

python tests/holds/pace.py
python tools/on_postgresql.py python tests/holds/pace.py
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ["DJANGO_SETTINGS_MODULE"] = "testing_settings"
ACTS = 384
ROUNDS = 3


def main() -> None:
    import django

    django.setup()
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    made = setup_databases(verbosity=0, interactive=False)
    try:
        measure(connection.vendor)
    finally:
        teardown_databases(made, verbosity=0)


def measure(vendor: str) -> None:
    from holds.together import at_once
    from people import key, officer, publish, submission
    from zhengtong.acts.actor import Actor, Role
    from zhengtong.acts.perform import perform
    from zhengtong.services.actions.accept_step import AcceptStep
    from zhengtong.services.actions.decide_step import DecideStep

    version, police = publish(), officer("police")

    def client(place: int, cases: int) -> None:
        me = Actor(f"{place:032x}", frozenset({Role("resident")}))
        for _ in range(cases):
            case = perform(submission(version), me, key()).result["case"]
            perform(AcceptStep(case, "birth-registration"), police, key())
            perform(DecideStep(case, "birth-registration", granted=True), police, key())

    at_once(1, lambda place: client(place, 8))  # warm
    for clients in (1, 32):
        rates = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            at_once(clients, lambda place, each=ACTS // 3 // clients: client(place, each))  # type: ignore[misc]
            rates.append(ACTS / (time.perf_counter() - began))
        shown = " ".join(f"{rate:.0f}" for rate in sorted(rates))
        print(f"{vendor}, {clients} clients: {shown} acts/s (submit, accept, grant; {ACTS} acts a round)")


if __name__ == "__main__":
    main()
