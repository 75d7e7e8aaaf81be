# SPDX-License-Identifier: Apache-2.0
"""Who acts: a pseudonym and the roles it holds. No name, no number of a person ever stands here."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Role:
    """A role held in a department (`department` is its city key; "" means everywhere in the city).

    `absence` is the reference of the absence for which it is held as a substitute, "" for a role of one's own.
    """

    key: str
    department: str = ""
    absence: str = ""


@dataclass(frozen=True)
class Standing:
    """A mandate in force: the actor may act for `principal`, a person's or firm's pseudonym, in these matters.

    `mandate` is its reference, named by every event of an act done under it; no `matters` means all of them; `kind` is
    agent, handler or representative (`organization.models.Mandate`).
    """

    principal: str
    mandate: str
    kind: str = "agent"
    matters: frozenset[str] = frozenset()

    def covers(self, matter: str) -> bool:
        return not self.matters or matter in self.matters


@dataclass(frozen=True)
class Actor:
    """The one who acts. `id` is the random pseudonym of a person's account, or "system".

    `standings` are the mandates under which he may act for others.
    """

    id: str
    roles: frozenset[Role] = frozenset()
    standings: frozenset[Standing] = frozenset()

    def holds(self, role: str) -> bool:
        return any(held.key == role for held in self.roles)

    def departments(self, role: str) -> frozenset[str]:
        """The departments in which this actor holds `role`."""
        return frozenset(held.department for held in self.roles if held.key == role and held.department)

    @property
    def himself(self) -> Actor:
        """The actor without what he holds as a substitute only."""
        return replace(self, roles=frozenset(role for role in self.roles if not role.absence))

    @property
    def department(self) -> str:
        """The one department this actor belongs to, or "" when there is none or several.

        Where he is only a substitute he does not belong.
        """
        found = {role.department for role in self.roles if role.department and not role.absence}
        return found.pop() if len(found) == 1 else ""


SYSTEM = Actor("system", frozenset({Role("system")}))
NOBODY = Actor("", frozenset())
