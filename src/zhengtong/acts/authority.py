# SPDX-License-Identifier: Apache-2.0
"""Authority: one pure decision, the same for page, API and command line. What no rule allows is refused.

A room declares beside each verb who may do it (`Allowed(role, relation)`); `decide` answers yes or no and says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from zhengtong.acts.actor import Actor, Role
from zhengtong.errors import Refused


class Relation(StrEnum):
    """How the actor must stand to the subject for a rule to apply."""

    ANY = "any"
    OWN = "own"  # the actor is one of the subject's owners
    DEPARTMENT = "department"  # the actor holds the role in one of the subject's departments
    AGENT = "agent"  # the actor holds a mandate of one of the subject's principals that covers its matter


@dataclass(frozen=True)
class Allowed:
    role: str
    relation: Relation


@dataclass(frozen=True)
class Subject:
    """What is acted on: whose it is, which departments it concerns, in whose name and in what matter one may act."""

    type: str
    id: str = ""
    owners: frozenset[str] = frozenset()
    departments: frozenset[str] = frozenset()
    principals: frozenset[str] = frozenset()
    matter: str = ""


@dataclass(frozen=True)
class Decision:
    """`under` is the mandate that the actor needs for it, `substituting` the role he holds as a substitute only.

    "" and None where he may by himself.
    """

    allowed: bool
    zh: str
    en: str
    under: str = ""
    substituting: Role | None = None

    def __bool__(self) -> bool:
        return self.allowed


_rules: dict[str, tuple[Allowed, ...]] = {}


def declare(verb: str, *allowed: Allowed) -> None:
    """Say who may do `verb`. Declaring a verb twice with other rules is a programming error."""
    if _rules.setdefault(verb, allowed) != allowed:
        raise RuntimeError(f"verb {verb!r} is declared twice with different rules")


def rules() -> Mapping[str, tuple[Allowed, ...]]:
    """The whole table: every verb and who may do it."""
    return dict(_rules)


def _mandate(actor: Actor, subject: Subject) -> str:
    """The mandate under which the actor may act on the subject, the first by reference; "" where there is none."""
    covering = (s for s in actor.standings if s.principal in subject.principals and s.covers(subject.matter))
    return min((standing.mandate for standing in covering), default="")


def _substituting(rule: Allowed, actor: Actor, subject: Subject) -> Role | None:
    """The role held as a substitute by which the rule applies, the first by reference; None where there is none."""
    anywhere = rule.relation is not Relation.DEPARTMENT
    held = (role for role in actor.roles if role.absence and role.key == rule.role)
    found = (role for role in held if anywhere or role.department in subject.departments)
    return min(found, key=lambda role: role.absence, default=None)


def _applies(rule: Allowed, actor: Actor, subject: Subject) -> bool:
    if not actor.holds(rule.role):
        return False
    match rule.relation:
        case Relation.ANY:
            return True
        case Relation.OWN:
            return bool(actor.id) and actor.id in subject.owners
        case Relation.DEPARTMENT:
            return bool(actor.departments(rule.role) & subject.departments)
        case Relation.AGENT:
            return bool(actor.id) and bool(_mandate(actor, subject))


def decide(table: Mapping[str, Iterable[Allowed]], actor: Actor, verb: str, subject: Subject) -> Decision:
    """May `actor` do `verb` to `subject`? Pure; denies whatever no rule of `table` allows."""
    allowed = tuple(table.get(verb, ()))
    himself_first = (actor.himself, actor) if any(role.absence for role in actor.roles) else (actor,)
    for who in himself_first:  # what he may by himself he does not do as a substitute
        for rule in allowed:
            if _applies(rule, who, subject):
                under = _mandate(who, subject) if rule.relation is Relation.AGENT else ""
                zh, en = f"角色 {rule.role} 可以（{rule.relation}）", f"role {rule.role} may ({rule.relation})"
                return Decision(True, zh, en, under, _substituting(rule, who, subject))
    if not actor.id:
        return Decision(False, "请先登录", "please sign in first")
    if not allowed:
        return Decision(False, f"没有任何规则允许“{verb}”", f"no rule allows {verb!r}")
    if any(actor.holds(rule.role) for rule in allowed):
        return Decision(False, "这不属于您本人或您所在的部门", "this is neither yours nor your department's")
    wanted_zh = "、".join(sorted({rule.role for rule in allowed}))
    wanted_en = ", ".join(sorted({rule.role for rule in allowed}))
    return Decision(False, f"需要角色：{wanted_zh}", f"this needs one of the roles {wanted_en}")


def may(actor: Actor, verb: str, subject: Subject) -> Decision:
    """`decide` over the declared table."""
    return decide(_rules, actor, verb, subject)


def authorize(actor: Actor, verb: str, subject: Subject) -> Decision:
    """The decision that allows it. Raise `Refused` unless `actor` may do `verb` to `subject`."""
    decision = may(actor, verb, subject)
    if not decision:
        raise Refused(f"不允许此操作：{decision.zh}", f"not allowed: {decision.en}", where=verb)
    return decision
