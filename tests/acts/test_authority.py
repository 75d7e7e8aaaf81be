# SPDX-License-Identifier: Apache-2.0
"""Authority: every verb × role × relation as one table a person can read, and `decide` against a plain oracle.

After a wanted change: `ZHENGTONG_UPDATE_GOLDEN=1 pytest tests/acts/test_authority.py`, and read the difference.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhengtong.acts.actor import NOBODY, SYSTEM, Actor, Role, Standing
from zhengtong.acts.authority import Allowed, Relation, Subject, authorize, decide, declare, may, rules
from zhengtong.acts.serving import city
from zhengtong.city.definition import Role as RoleFile
from zhengtong.errors import Refused

GOLDEN = Path(__file__).with_name("authority.golden.txt")
ME, HERE, THERE = "1" * 32, "police", "cdc"
HEAD = """\
# Who may do what. One line a verb, one column a role held in the department police by the person 1111…
# s: to what is a stranger's in another department; o: to his own there; d: to a stranger's in his department;
# a: to what is somebody's who gave him a mandate.
"""
SUBJECTS = {
    "s": Subject("any", owners=frozenset({"2" * 32}), departments=frozenset({THERE})),
    "o": Subject("any", owners=frozenset({ME}), departments=frozenset({THERE})),
    "d": Subject("any", owners=frozenset({"2" * 32}), departments=frozenset({HERE})),
    "a": Subject(
        "any",
        owners=frozenset({"4" * 32}),
        departments=frozenset({THERE}),
        principals=frozenset({"4" * 32}),
        matter="m",
    ),
}
MANDATE = Standing("4" * 32, "mandate-1")


def actors() -> dict[str, Actor]:
    everyone = {
        role.key: Actor(ME, frozenset({Role(role.key, HERE)}), frozenset({MANDATE})) for role in city().all(RoleFile)
    }
    return {"nobody": NOBODY, "no-role": Actor(ME), **everyone, "system": SYSTEM}


def table() -> str:
    """The decisions of the declared table, as text."""
    who = actors()
    verbs = sorted(verb for verb in rules() if not verb.startswith("test."))
    wide = max(map(len, verbs)) + 1
    lines = [" ".join(["verb".ljust(wide), *who])]
    for verb in verbs:
        cells = [
            "".join(mark if may(actor, verb, subject) else "-" for mark, subject in SUBJECTS.items()).ljust(len(name))
            for name, actor in who.items()
        ]
        lines.append(" ".join([verb.ljust(wide), *cells]).rstrip())
    return HEAD + "\n".join(lines) + "\n"


def test_every_verb_role_and_relation_is_as_the_golden_table_says() -> None:
    now = table()
    if os.environ.get("ZHENGTONG_UPDATE_GOLDEN"):
        GOLDEN.write_text(now, "utf-8")
    assert now == GOLDEN.read_text("utf-8")


def rows() -> Iterator[tuple[str, dict[str, str]]]:
    lines = [line for line in GOLDEN.read_text("utf-8").splitlines() if not line.startswith("#")]
    names = lines[0].split()[1:]
    for line in lines[1:]:
        verb, *cells = line.split()
        yield verb, dict(zip(names, cells, strict=True))


def test_the_golden_table_lets_no_stranger_in() -> None:
    """What must hold of any table that somebody updates in a hurry."""
    found = dict(rows())
    assert len(found) > 20
    for verb, cells in found.items():
        assert cells["nobody"] == cells["no-role"] == "----", f"{verb} is open to those who hold no role"
        assert cells["resident"] in {"----", "-o--", "-o-a"}, f"{verb} lets a resident into what is not his own"
        if verb.startswith("step."):
            assert "s" not in cells["officer"], f"{verb} lets an officer into another department's step"
        if ".record_" in verb or verb == "notice.seal":
            assert {who for who, cell in cells.items() if cell != "----"} == {"system"}, f"{verb} is the system's own"


def test_every_action_of_the_house_declares_its_verb() -> None:
    from zhengtong.acts.perform import Action

    def heirs(kind: type) -> Iterator[type]:
        for heir in kind.__subclasses__():
            yield heir
            yield from heirs(heir)

    declared = {heir.verb for heir in heirs(Action) if "verb" in heir.__dict__}  # type: ignore[attr-defined]
    assert len(declared) > 15
    assert declared <= set(rules())


def test_a_verb_nobody_declared_is_refused_to_everyone() -> None:
    for actor in actors().values():
        with pytest.raises(Refused):
            authorize(actor, "city.sell", SUBJECTS["o"])


def test_a_refusal_says_in_both_languages_what_would_be_needed() -> None:
    with pytest.raises(Refused) as refused:
        authorize(Actor(ME, frozenset({Role("resident")})), "step.decide", SUBJECTS["d"])
    assert "officer" in refused.value.say("en") and "officer" in refused.value.say("zh")
    assert "请先登录" in may(NOBODY, "case.submit", SUBJECTS["o"]).zh
    other = may(Actor(ME, frozenset({Role("officer", THERE)})), "step.decide", SUBJECTS["d"])
    assert not other and "department" in other.en


def test_declaring_a_verb_twice_with_other_rules_is_refused() -> None:
    declare("test.declared", Allowed("clerk", Relation.ANY))
    declare("test.declared", Allowed("clerk", Relation.ANY))
    with pytest.raises(RuntimeError, match="twice"):
        declare("test.declared", Allowed("resident", Relation.ANY))
    assert rules()["test.declared"] == (Allowed("clerk", Relation.ANY),)


def test_the_table_that_is_handed_out_cannot_be_written_through() -> None:
    rules()["step.decide"] = (Allowed("resident", Relation.ANY),)  # type: ignore[index]  # what a careless caller does
    assert not may(Actor(ME, frozenset({Role("resident")})), "step.decide", SUBJECTS["d"])


NAMES = st.sampled_from(["resident", "officer", "clerk", "leader"])
PLACES = st.sampled_from(["", "police", "cdc", "hr"])
IDS = st.sampled_from(["", "a", "b"])
ROLES = st.frozensets(st.builds(Role, NAMES, PLACES, st.sampled_from(["", "a1", "a2"])), max_size=4)
MATTERS = st.sampled_from(["", "newborn", "restaurant"])
STANDINGS = st.frozensets(
    st.builds(
        Standing, IDS, st.sampled_from(["m1", "m2"]), st.just("agent"), st.frozensets(MATTERS.filter(bool), max_size=1)
    ),
    max_size=2,
)
ACTORS = st.builds(Actor, IDS, ROLES, STANDINGS)
SUBJECT = st.builds(
    Subject,
    st.just("case"),
    st.just("M1"),
    st.frozensets(IDS, max_size=2),
    st.frozensets(PLACES, max_size=2),
    st.frozensets(IDS, max_size=2),
    MATTERS,
)
RULES = st.lists(st.builds(Allowed, NAMES, st.sampled_from(Relation)), max_size=4).map(tuple)


def plainly(allowed: tuple[Allowed, ...], actor: Actor, subject: Subject) -> bool:
    """The rules read aloud: a role held, and the relation the rule asks for. Nobody and nowhere relate to nothing."""
    for rule in allowed:
        for role in actor.roles:
            if role.key != rule.role:
                continue
            if rule.relation == "any":
                return True
            if rule.relation == "own" and actor.id != "" and actor.id in subject.owners:
                return True
            if rule.relation == "department" and role.department != "" and role.department in subject.departments:
                return True
            if rule.relation == "agent" and actor.id != "":
                for mandate in actor.standings:
                    of_them = mandate.principal in subject.principals
                    if of_them and (not mandate.matters or subject.matter in mandate.matters):
                        return True
    return False


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(allowed=RULES, actor=ACTORS, subject=SUBJECT)
def test_decide_is_the_rules_read_aloud(allowed: tuple[Allowed, ...], actor: Actor, subject: Subject) -> None:
    decision = decide({"do": allowed}, actor, "do", subject)
    assert bool(decision) == plainly(allowed, actor, subject)
    assert decision.zh and decision.en


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(allowed=RULES, actor=ACTORS, subject=SUBJECT)
def test_what_no_rule_allows_is_refused(allowed: tuple[Allowed, ...], actor: Actor, subject: Subject) -> None:
    assert not decide({"do": allowed}, actor, "undo", subject)
    assert not decide({}, actor, "do", subject)
    assert not decide({"do": ()}, actor, "do", subject)
    assert not decide({"do": allowed}, NOBODY, "do", subject)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(allowed=RULES, actor=ACTORS, more=ROLES, subject=SUBJECT)
def test_losing_a_role_never_allows_more(
    allowed: tuple[Allowed, ...], actor: Actor, more: frozenset[Role], subject: Subject
) -> None:
    if decide({"do": allowed}, actor, "do", subject):
        assert decide({"do": allowed}, Actor(actor.id, actor.roles | more, actor.standings), "do", subject)
    if not decide({"do": allowed}, Actor(actor.id, actor.roles | more, actor.standings), "do", subject):
        assert not decide({"do": allowed}, actor, "do", subject)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(allowed=RULES, actor=ACTORS, subject=SUBJECT, roles=ROLES)
def test_a_role_in_one_department_says_nothing_of_another(
    allowed: tuple[Allowed, ...], actor: Actor, subject: Subject, roles: frozenset[Role]
) -> None:
    """Moving somebody to a department the subject does not concern leaves only what is his own or anyone's."""
    moved = Actor(actor.id, frozenset(Role(role.key, "elsewhere") for role in roles), actor.standings)
    only = tuple(rule for rule in allowed if rule.relation is not Relation.DEPARTMENT)
    both = (decide({"do": table}, moved, "do", subject).allowed for table in (allowed, only))
    assert next(both) == next(both)


def test_a_mandate_allows_what_it_covers_and_names_itself_in_the_decision() -> None:
    table = {"do": (Allowed("resident", Relation.OWN), Allowed("resident", Relation.AGENT))}
    standings = frozenset({Standing("p", "m9", "agent", frozenset({"newborn"})), Standing("q", "m1")})
    agent = Actor("a", frozenset({Role("resident")}), standings)
    of_p = Subject("case", principals=frozenset({"p"}), matter="newborn")
    assert decide(table, agent, "do", of_p).under == "m9"
    assert not decide(table, agent, "do", Subject("case", principals=frozenset({"p"}), matter="restaurant"))
    own = Subject("case", owners=frozenset({"a"}), principals=frozenset({"p"}), matter="newborn")
    assert decide(table, agent, "do", own).under == "", "what is his own he does in his own name"
    taken_in = Subject("case", owners=frozenset({"q"}), principals=frozenset({"p"}), matter="tax")
    assert not decide(table, agent, "do", taken_in), "a mandate of who took a case in opens nothing"
    assert not decide(table, Actor("", agent.roles, standings), "do", of_p)
    assert not decide({"do": table["do"][:1]}, agent, "do", of_p), "only where the verb may be done for another"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(allowed=RULES, actor=ACTORS, subject=SUBJECT)
def test_a_substitute_may_what_one_of_the_department_may_and_it_is_named_just_where_it_is_needed(
    allowed: tuple[Allowed, ...], actor: Actor, subject: Subject
) -> None:
    table = {"do": allowed}
    as_his_own = Actor(actor.id, frozenset(Role(r.key, r.department) for r in actor.roles), actor.standings)
    by_himself = Actor(actor.id, frozenset(r for r in actor.roles if not r.absence), actor.standings)
    decision = decide(table, actor, "do", subject)
    assert decision.allowed == decide(table, as_his_own, "do", subject).allowed
    needed = decision.allowed and not decide(table, by_himself, "do", subject).allowed
    assert bool(decision.substituting) == needed
    if decision.substituting:
        assert decision.substituting in actor.roles and decision.substituting.absence


def test_of_several_absences_the_first_that_covers_the_department_is_named() -> None:
    table = {"do": (Allowed("officer", Relation.DEPARTMENT),)}
    roles = {
        Role("officer", "cdc"),
        *(Role("officer", where, ref) for where, ref in [("police", "b"), ("police", "a")]),
    }
    actor = Actor("x", frozenset({*roles, Role("officer", "hr", "0")}))
    assert decide(table, actor, "do", Subject("step", departments=frozenset({"police"}))).substituting == Role(
        "officer", "police", "a"
    )
    assert decide(table, actor, "do", Subject("step", departments=frozenset({"cdc", "hr"}))).substituting is None
    assert actor.department == "cdc"
