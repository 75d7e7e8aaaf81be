# SPDX-License-Identifier: Apache-2.0
"""Who may read what in this room; who may act stands beside each action."""

from zhengtong.acts.authority import Allowed, Relation, declare

declare("absence.read", Allowed("officer", Relation.ANY), Allowed("head", Relation.ANY))
declare("mandate.read", Allowed("resident", Relation.OWN))
declare(
    "task.read",
    Allowed("government_office", Relation.ANY),
    Allowed("leader", Relation.ANY),
    Allowed("auditor", Relation.ANY),
    Allowed("data_bureau", Relation.ANY),
    Allowed("officer", Relation.DEPARTMENT),
)
declare("token.read", Allowed("data_bureau", Relation.ANY), Allowed("auditor", Relation.ANY))
