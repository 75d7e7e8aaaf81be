# SPDX-License-Identifier: Apache-2.0
"""Made-up cities: folders of random departments, services and one life event, and what such a life event allows.

What it allows is said here a second time, from the words of the definition alone and otherwise than the house does it:
a state is a tuple, an act a name, and `after` what the act makes of the state.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import yaml

import zhengtong.city
import zhengtong.services

TEMPLATES = [Path(package.__path__[0]) / "template" for package in (zhengtong.city, zhengtong.services)]
BASIS = {"zh": "依据", "en": "Basis"}
QUESTION, ANSWERS = "kind", ("small", "large")


@dataclass(frozen=True)
class Service:
    """`only` is the answer that asks for it ("" = any), `needs` whose outputs it waits for. `paper` is a document
    promised for later, which has to come before a grant (`refuse`) or not (`revoke`); `word` one committed to."""

    key: str
    department: str
    needs: tuple[str, ...] = ()
    only: str = ""
    corrections: int = 1
    parts: bool = False
    paper: str = ""
    word: bool = False


@dataclass(frozen=True)
class Made:
    departments: tuple[str, ...]
    services: tuple[Service, ...]
    answer: str

    def asked(self) -> tuple[Service, ...]:
        """The services of this answer, in an order in which each comes after those it needs."""
        return tuple(one for one in self.services if one.only in ("", self.answer))


@st.composite
def cities(draw: st.DrawFn) -> Made:
    departments = tuple(f"d{number}" for number in range(draw(st.integers(1, 3))))
    services: list[Service] = []
    for number in range(draw(st.integers(1, 3))):
        before = [one.key for one in services]
        services.append(
            Service(
                f"s{number}",
                draw(st.sampled_from(departments)),
                tuple(sorted(draw(st.sets(st.sampled_from(before))))) if before else (),
                draw(st.sampled_from(["", *ANSWERS])) if before else "",
                draw(st.integers(0, 2)),
                draw(st.booleans()),
                draw(st.sampled_from(["", "", "refuse", "revoke"])),
                draw(st.sampled_from([False, False, True])),
            )
        )
    return Made(departments, tuple(services), draw(st.sampled_from(ANSWERS)))


def write(made: Made, folder: Path) -> Path:
    """The city as a folder: what every new city begins with, and these definitions."""
    for template in TEMPLATES:
        shutil.copytree(template, folder, dirs_exist_ok=True)
    departments = folder / "organization/departments.yaml"
    more = [{"key": key, "name": {"zh": f"部门{key}", "en": f"Department {key}"}} for key in made.departments]
    departments.write_text(departments.read_text("utf-8") + _yaml(more), "utf-8")
    regimes = folder / "standards/regimes.yaml"
    named = [
        {"key": f"r{n}", "name": {"zh": f"制度{n}", "en": f"Regime {n}"}, "corrections": n, "source": BASIS}
        for n in range(3)
    ]
    regimes.write_text(regimes.read_text("utf-8") + _yaml(named), "utf-8")
    for one in made.services:
        path = folder / f"services/{one.key}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(_yaml(_service(one)), "utf-8")
    path = folder / "life-events/made-up.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(_yaml(_life_event(made)), "utf-8")
    return folder


def _yaml(content: Any) -> str:
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False)


def _named(key: str) -> dict[str, Any]:
    return {"key": key, "name": {"zh": f"名称{key}", "en": f"Name {key}"}}


def _service(one: Service) -> dict[str, Any]:
    materials = [
        _named(f"{one.key}-rests-on-{need}") | {"necessity": "required", "origin": "output", "output": f"{need}-output"}
        for need in one.needs
    ]
    if one.paper:
        rule = {"days": 5, "unsupplied": one.paper, "source": BASIS}
        materials.append(_named(f"{one.key}-paper") | {"necessity": "deferrable", "origin": "self", "tolerance": rule})
    if one.word:
        commitment = {"text": {"zh": "本人承诺。", "en": "I commit."}, "source": BASIS}
        materials.append(
            _named(f"{one.key}-word") | {"necessity": "required", "origin": "self", "commitment": commitment}
        )
    output = _named(f"{one.key}-output") | {"kind": "licence"}
    if one.parts:
        output["parts"] = [_named("p"), _named("q")]
    return _named(one.key) | {
        "summary": {"zh": "事项。", "en": "A service."}, "department": one.department, "kind": "promised",
        "regime": f"r{one.corrections}", "promised": {"days": 5}, "online_depth": 4, "elements": ["contact_mobile"],
        "materials": materials, "output": output, "source": BASIS,
    }  # fmt: skip


def _life_event(made: Made) -> dict[str, Any]:
    uses = [
        {"service": one.key} | ({"when": f"{QUESTION} == '{one.only}'"} if one.only else {}) for one in made.services
    ]
    asked = any(one.only for one in made.services)
    question = {
        "key": QUESTION, "question": {"zh": "哪一种？", "en": "Which?"}, "options": [_named(key) for key in ANSWERS],
    }  # fmt: skip
    return _named("made-up") | {
        "summary": {"zh": "一件事。", "en": "A life event."}, "stage": "living", "audience": "person",
        "words": {"zh": "虚构", "en": "made up"}, "lead": made.departments[0], "promised": {"days": 5},
        "situations": [question] if asked else [], "services": uses,
    }  # fmt: skip


# --- what it allows ------------------------------------------------------------------------------------------------

OPEN = {"waiting", "pending", "correcting", "accepted", "paused"}
GIVEN = {"granted", "granted_in_part"}
DEAD = {"refused", "not_accepted", "dropped", "withdrawn", "revoked"}
ON_STEP = (
    "accept", "not accept", "ask", "pause", "resume", "grant", "grant in part", "refuse", "kept", "broken", "revoke",
)  # fmt: skip
ON_CASE = ("correct", "supply", "withdraw")

# state, corrections asked so far (while that still matters), whether its paper is owed, where its commitment stands
One = tuple[str, int, bool, str]
State = tuple[One, ...]
Move = tuple[str, str]
"""An act and the service it is about, "" for the case."""


def seen(state: str, asked: int, owed: bool, word: str) -> One:
    """A step without what makes no difference any more."""
    return (
        state,
        asked if state in {"pending", "correcting"} else 0,
        owed and state not in DEAD,
        word if state not in DEAD else "",
    )


def begun(made: Made) -> State:
    steps = [seen("waiting", 0, bool(one.paper), "open" if one.word else "") for one in made.asked()]
    return _follow(made, tuple(steps))


def phase(state: State) -> str:
    states = {one[0] for one in state}
    if states & OPEN:
        return "open"
    if "withdrawn" in states:
        return "withdrawn"
    if states == {"granted"}:
        return "completed"
    return "partial" if states & GIVEN else "revoked" if "revoked" in states else "refused"


def _stands(made: Made, state: State, service: Service) -> bool:
    """Whether all it waits for was issued and is still good; what this answer does not ask for is not waited for."""
    known = {one.key: status[0] for one, status in zip(made.asked(), state, strict=True)}
    return all(known[need] in GIVEN for need in service.needs if need in known)


def _follow(made: Made, state: State) -> State:
    """What follows of itself: steps begin when all they need stands, and are dropped when some of it never will."""
    while True:
        known = {one.key: status[0] for one, status in zip(made.asked(), state, strict=True)}
        after = []
        for one, status in zip(made.asked(), state, strict=True):
            needed = [known[need] for need in one.needs if need in known]
            if status[0] == "waiting" and all(need in GIVEN for need in needed):
                after.append(seen("pending", 0, *status[2:]))
            elif status[0] == "waiting" and any(need in DEAD for need in needed):
                after.append(seen("dropped", *status[1:]))
            else:
                after.append(status)
        if tuple(after) == state:
            return state
        state = tuple(after)


def after(made: Made, state: State, move: Move) -> State | None:
    """The state that the act leads to; None where the definition does not allow it."""
    name, key = move
    if phase(state) != "open" and name not in {"supply", "kept", "broken", "revoke"}:
        return None
    if name in ON_CASE:
        changed = [_on_case(name, *one) for one in state]
        return None if tuple(changed) == state else _follow(made, tuple(changed))
    place = next(index for index, one in enumerate(made.asked()) if one.key == key)
    service, (now, asked, owed, word) = made.asked()[place], state[place]
    to: dict[str, tuple[str, bool]] = {
        "accept": ("accepted", now == "pending"),
        "not accept": ("not_accepted", now == "pending"),
        "ask": ("correcting", now == "pending" and asked < service.corrections),
        "pause": ("paused", now == "accepted"),
        "resume": ("accepted", now == "paused"),
        "refuse": ("refused", now == "accepted"),
        "kept": (now, now not in DEAD | {"waiting"} and word == "open"),
        "broken": (now, now not in DEAD | {"waiting"} and word == "open"),
        "revoke": ("revoked", now in GIVEN),
    }
    ripe = now == "accepted" and word != "broken" and not (owed and service.paper == "refuse")
    ripe = ripe and _stands(made, state, service)
    to |= {"grant": ("granted", ripe), "grant in part": ("granted_in_part", ripe and service.parts)}
    new, allowed = to[name]
    if not allowed:
        return None
    one = seen(new, asked + (name == "ask"), owed, name if name in {"kept", "broken"} else word)
    return _follow(made, (*state[:place], one, *state[place + 1 :]))


def _on_case(name: str, now: str, asked: int, owed: bool, word: str) -> One:
    if name == "correct" and now == "correcting":
        return seen("pending", asked, owed, word)
    if name == "supply":
        return seen(now, asked, False, word)
    if name == "withdraw" and now in OPEN:
        return seen("withdrawn", asked, owed, word)
    return now, asked, owed, word


def moves(made: Made) -> Iterator[Move]:
    """Everything anybody might try."""
    yield from ((name, "") for name in ON_CASE)
    yield from ((name, one.key) for one in made.asked() for name in ON_STEP)


def graph(made: Made, most: int) -> dict[State, dict[Move, State]] | None:
    """Every state that can be reached, and where each act leads; None for more than `most` states."""
    found: dict[State, dict[Move, State]] = {}
    rest = [begun(made)]
    while rest:
        state = rest.pop()
        if state in found:
            continue
        tried = {move: after(made, state, move) for move in moves(made)}
        found[state] = {move: to for move, to in tried.items() if to is not None}
        if len(found) > most:
            return None
        rest.extend(found[state].values())
    return found
