# SPDX-License-Identifier: Apache-2.0
"""A life event in every situation its questions can make, before anybody is in it: what is asked, brought and decided.

It reads a compiled version only, so that the city's files can be looked at before they are published.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from zhengtong.city.conditions import evaluate
from zhengtong.city.load import City
from zhengtong.city.text import Text
from zhengtong.errors import BadInput
from zhengtong.services.definition import PublicServiceFile
from zhengtong.services.published import LifeEvent, assemble, compile_body
from zhengtong.services.rules.plan import StepPlan

AT_MOST = 256
"""Situations looked at; what has more questions than that is refused nothing, only cut short and said so."""


@dataclass(frozen=True)
class PreviewStep:
    """One step. `days` is what the department promises, in `unit`."""

    key: str
    name: Text
    department: Text
    days: int
    unit: str
    external: bool


@dataclass(frozen=True)
class Situation:
    """What one set of answers leads to.

    `waves` are the steps in the order of their needs: those of one wave may run side by side. `working_days` is the
    longest chain of promises, None where one of them is not counted in working days. `perhaps` are services that the
    form decides, not the situation; `fields` and `brings` are of what is certain.
    """

    answers: Mapping[str, str]
    words: tuple[tuple[Text, Text], ...]
    waves: tuple[tuple[PreviewStep, ...], ...]
    perhaps: tuple[Text, ...]
    brings: tuple[Text, ...]
    passed_on: tuple[Text, ...]
    fields: int
    departments: int
    working_days: int | None

    @property
    def empty(self) -> bool:
        """Nobody would do anything: a mistake in the conditions more likely than a wish."""
        return not self.waves and not self.perhaps


@dataclass(frozen=True)
class Preview:
    """`total` counts all situations, of which `situations` are the first `AT_MOST`."""

    event: LifeEvent
    situations: tuple[Situation, ...]
    total: int

    @property
    def unused(self) -> tuple[Text, ...]:
        """Services that no situation leads to; not told where not every situation was looked at."""
        if self.total > len(self.situations):
            return ()
        used = {step.key for one in self.situations for wave in one.waves for step in wave}
        return tuple(
            service.name
            for key, service in self.event.services.items()
            if key not in used and not any(service.name in one.perhaps for one in self.situations)
        )


def from_files(city: City, key: str) -> Preview:
    """The life event as the city's files say it now. Raises `NotFound`."""
    return preview(compile_body(assemble(city, key)))


def preview(event: LifeEvent) -> Preview:
    questions = [[(s.key, option.key) for option in s.options] for s in event.event.situations]
    every: Iterator[tuple[tuple[str, str], ...]] = itertools.product(*questions)
    situations = tuple(situation(event, dict(chosen)) for chosen in itertools.islice(every, AT_MOST))
    return Preview(event, situations, math.prod(len(options) for options in questions))


def situation(event: LifeEvent, answers: Mapping[str, str]) -> Situation:
    """Raises `FormFaults` for answers that are missing or no options."""
    given = event.check_answers(answers)
    plan = event.plan(given, {})
    chains: dict[str, int | None] = {}
    for step in plan.steps:  # in an order in which each comes after those it needs
        chains[step.key] = _chain(event.services[step.key], [chains[need] for need in step.needs])
    ends = list(chains.values())
    longest = None if None in ends else max((days for days in ends if days is not None), default=0)
    materials = [ask for ask in event.materials(given, {}) if ask.asked]
    departments = {step.department for step in plan.steps}
    return Situation(
        answers=given,
        words=tuple(
            (question.question, option.name)
            for question in event.event.situations
            for option in question.options
            if given[question.key] == option.key
        ),
        waves=tuple(tuple(_step(event, step) for step in wave) for wave in _waves(plan.steps)),
        perhaps=tuple(_perhaps(event, given, plan.by_key)),
        brings=tuple(ask.material.name for ask in materials if ask.material.origin != "output"),
        passed_on=tuple(ask.material.name for ask in materials if ask.material.origin == "output"),
        fields=sum(1 for field in event.fields(given, {}) if field.asked),
        departments=len(departments),
        working_days=longest,
    )


def _chain(service: PublicServiceFile, before: list[int | None]) -> int | None:
    """Working days from submission to the end of this step, if each is done on the last day of its promise."""
    if service.promised.unit != "working_days" or None in before:
        return None
    return service.promised.days + max((days for days in before if days is not None), default=0)


def _waves(steps: tuple[StepPlan, ...]) -> list[list[StepPlan]]:
    depth: dict[str, int] = {}
    waves: list[list[StepPlan]] = []
    for step in steps:
        depth[step.key] = max((depth[need] + 1 for need in step.needs), default=0)
        if depth[step.key] == len(waves):
            waves.append([])
        waves[depth[step.key]].append(step)
    return waves


def _step(event: LifeEvent, step: StepPlan) -> PreviewStep:
    service = event.services[step.key]
    department = event.departments[step.department].name
    promised = service.promised
    return PreviewStep(step.key, service.name, department, promised.days, promised.unit, bool(step.external))


def _perhaps(event: LifeEvent, answers: Mapping[str, str], settled: Container[str]) -> Iterator[Text]:
    """Services whose condition these answers alone do not decide."""
    for use in event.event.services:
        if use.when is None or use.service in settled:  # a decision table may have settled it
            continue
        try:
            evaluate(use.when, event.variables, answers)
        except BadInput:
            yield event.services[use.service].name
