# SPDX-License-Identifier: Apache-2.0
"""Who may see the city's figures and the evidence behind them."""

from zhengtong.acts.authority import Allowed, Relation, declare

declare(
    "cockpit.read",
    Allowed("leader", Relation.ANY),
    Allowed("government_office", Relation.ANY),
    Allowed("data_bureau", Relation.ANY),
    Allowed("auditor", Relation.ANY),
)
declare(
    "evidence.read",
    Allowed("resident", Relation.OWN),
    Allowed("resident", Relation.AGENT),
    Allowed("clerk", Relation.OWN),
    Allowed("officer", Relation.DEPARTMENT),
    Allowed("head", Relation.DEPARTMENT),
    Allowed("leader", Relation.ANY),
    Allowed("government_office", Relation.ANY),
    Allowed("data_bureau", Relation.ANY),
    Allowed("auditor", Relation.ANY),
)
"""The events behind a case or figure, which hold codes, numbers and digests: never the form or what was handed in."""
