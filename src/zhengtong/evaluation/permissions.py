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
declare("evidence.read_all", Allowed("leader", Relation.ANY), Allowed("auditor", Relation.ANY))
