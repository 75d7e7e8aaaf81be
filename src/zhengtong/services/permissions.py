# SPDX-License-Identifier: Apache-2.0
"""Who may read what in this room; who may act stands beside each action."""

from zhengtong.acts.authority import Allowed, Relation, declare

declare(
    "case.read",
    Allowed("resident", Relation.OWN),
    Allowed("resident", Relation.AGENT),
    Allowed("clerk", Relation.OWN),
    Allowed("officer", Relation.DEPARTMENT),
    Allowed("head", Relation.DEPARTMENT),
    Allowed("auditor", Relation.ANY),
    Allowed("leader", Relation.ANY),
)
declare(
    "case.read_form",
    Allowed("resident", Relation.OWN),
    Allowed("resident", Relation.AGENT),
    Allowed("clerk", Relation.OWN),
    Allowed("officer", Relation.DEPARTMENT),
)
declare("message.read", Allowed("resident", Relation.OWN))
declare("rating.read", Allowed("officer", Relation.DEPARTMENT), Allowed("leader", Relation.ANY))
declare("counter.use", Allowed("clerk", Relation.ANY))
declare(
    "workbench.use",
    Allowed("officer", Relation.ANY),
    Allowed("head", Relation.ANY),
    Allowed("government_office", Relation.ANY),
)
declare(
    "external.read",
    Allowed("officer", Relation.ANY),
    Allowed("data_bureau", Relation.ANY),
    Allowed("government_office", Relation.ANY),
    Allowed("leader", Relation.ANY),
    Allowed("auditor", Relation.ANY),
)
declare(
    "imported.read",
    Allowed("officer", Relation.ANY),
    Allowed("data_bureau", Relation.ANY),
    Allowed("government_office", Relation.ANY),
    Allowed("leader", Relation.ANY),
    Allowed("auditor", Relation.ANY),
)
declare(
    "archive.read",
    Allowed("officer", Relation.DEPARTMENT),
    Allowed("auditor", Relation.ANY),
)
declare("items.read", Allowed("data_bureau", Relation.ANY), Allowed("auditor", Relation.ANY))
declare(
    "ticket.read",
    Allowed("resident", Relation.OWN),
    Allowed("officer", Relation.DEPARTMENT),
    Allowed("hotline", Relation.ANY),
    Allowed("government_office", Relation.ANY),
    Allowed("leader", Relation.ANY),
    Allowed("auditor", Relation.ANY),
)
declare(
    "ticket.measure",
    Allowed("hotline", Relation.ANY),
    Allowed("government_office", Relation.ANY),
    Allowed("leader", Relation.ANY),
    Allowed("data_bureau", Relation.ANY),
    Allowed("auditor", Relation.ANY),
)
