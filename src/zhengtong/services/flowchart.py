# SPDX-License-Identifier: Apache-2.0
"""A published life event as a diagram of its flow, whole or in one situation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from zhengtong.city.conditions import evaluate
from zhengtong.city.text import Text
from zhengtong.errors import BadInput
from zhengtong.services.definition import PublicServiceFile, ServiceUse, SystemFile, needs, step_plan
from zhengtong.services.engine.bpmn import Condition, Diagram, Task, Words, to_bpmn
from zhengtong.services.published import LifeEvent
from zhengtong.services.rules.plan import ordered
from zhengtong.services.special_files import LimitFile

_WORDS = {
    "zh": Words("申请人", "收到申请", "全部办结", "否则"),
    "en": Words("Applicant", "Application received", "All done", "otherwise"),
}
_UNITS = {
    "working_days": ("个工作日", "working days"),
    "calendar_days": ("天", "calendar days"),
    "hours": ("小时", "hours"),
}
_IS = re.compile(r"\s*([A-Za-z_]\w*)\s*==\s*(?:'([^'\\]*)'|\"([^\"\\]*)\")\s*")


def life_event_bpmn(
    event: LifeEvent,
    language: str,
    answers: Mapping[str, str] | None = None,
    systems: Mapping[str, Text] | None = None,
) -> bytes:
    """BPMN 2.0 of the whole life event, or of the situation that `answers` (all of them) make.

    `language` is zh or en; `systems` are the names of external systems, by key. Raises `FormFaults` for answers that
    are missing or no options, `BadInput` where a situation asks for no step at all.
    """
    return to_bpmn(diagram_of(event, language, answers, systems))


def diagram_of(
    event: LifeEvent,
    language: str,
    answers: Mapping[str, str] | None = None,
    systems: Mapping[str, Text] | None = None,
) -> Diagram:
    """The same as `life_event_bpmn`, not yet drawn."""
    named = systems or {}
    given = event.check_answers(answers) if answers is not None else {}
    uses = {use.service: use for use in event.event.services}
    open_ = {key: use.when for key, use in uses.items() if use.when is not None}
    if answers is not None:
        open_ = _still_open(event, open_, given)
        uses = {key: use for key, use in uses.items() if use.when is None or key in open_ or _holds(event, use, given)}
    services = [event.services[key] for key in uses]
    waits = needs(services)
    plan = ordered(step_plan(one, event.regimes[one.regime], waits[one.key]) for one in services)
    departments = dict.fromkeys([event.event.lead, *(step.department for step in plan.steps)])
    tasks = tuple(
        Task(
            key=step.key,
            name=event.services[step.key].name.say(language),
            lane=step.department,
            needs=step.needs,
            external=named[step.external].say(language) if step.external in named else step.external,
            condition=_condition(event, open_[step.key], language) if step.key in open_ else None,
            documentation="\n".join(_documentation(event, event.services[step.key], language)),
        )
        for step in plan.steps
    )
    # what an outside system decides stands lowest, next to its pool
    outside = {task.lane for task in tasks if task.external} - {event.event.lead}
    lanes = sorted(departments, key=lambda key: key in outside)
    return Diagram(
        key=event.key,
        name=event.event.name.say(language),
        documentation=f"{event.event.summary.say(language)}\n{_situation(event, given, language)}sha256:{event.hash}",
        lanes=tuple((key, event.departments[key].name.say(language)) for key in lanes),
        tasks=tasks,
        words=_WORDS["zh" if language.startswith("zh") else "en"],
    )


def _holds(event: LifeEvent, use: ServiceUse, answers: Mapping[str, str]) -> bool:
    return use.when is None or evaluate(use.when, event.variables, answers)


def _still_open(event: LifeEvent, conditions: Mapping[str, str], answers: Mapping[str, str]) -> dict[str, str]:
    """Conditions that these answers alone do not decide: they turn on what the form will say."""
    found = {}
    for key, condition in conditions.items():
        try:
            evaluate(condition, event.variables, answers)
        except BadInput:
            found[key] = condition
    return found


def _condition(event: LifeEvent, formal: str, language: str) -> Condition:
    """A question of the life event and its answer where the condition is that simple, else the condition's own text."""
    if match := _IS.fullmatch(formal):
        name, value = match[1], match[2] if match[2] is not None else match[3]
        for situation in event.event.situations:
            for option in situation.options:
                if (situation.key, option.key) == (name, value):
                    return Condition(situation.question.say(language), option.name.say(language), formal)
    return Condition("需要办理？" if language.startswith("zh") else "Needed?", formal, formal)


def _situation(event: LifeEvent, answers: Mapping[str, str], language: str) -> str:
    lines = [
        f"{situation.question.say(language)} {option.name.say(language)}\n"
        for situation in event.event.situations
        for option in situation.options
        if answers.get(situation.key) == option.key
    ]
    return "".join(lines)


def _documentation(event: LifeEvent, service: PublicServiceFile, language: str) -> Iterator[str]:
    """What the step is, its limit, and what may come beside the main line: a joint inspection before the decision, a
    document that may come later, a commitment instead of one."""
    chinese = language.startswith("zh")
    yield service.summary.say(language)
    yield _promise(service.promised, language)
    for visit in event.event.inspections:
        if service.key in visit.services:
            sharing = ("、" if chinese else ", ").join(event.services[key].name.say(language) for key in visit.services)
            yield f"决定前一同勘验：{sharing}" if chinese else f"Joint inspection before the decision: {sharing}"
    for material in service.materials:
        name = material.name.say(language)
        if material.tolerance:
            yield f"可容缺受理：{name}" if chinese else f"May come later: {name}"
        if material.commitment:
            yield f"可以承诺代替：{name}" if chinese else f"A commitment may stand for it: {name}"


def _promise(limit: LimitFile, language: str) -> str:
    zh, en = _UNITS[limit.unit]
    return f"承诺时限 {limit.days} {zh}" if language.startswith("zh") else f"Promised within {limit.days} {en}"


def system_names() -> dict[str, Text]:
    """The external systems of the served city, by key."""
    from zhengtong.acts import serving

    return {system.key: system.name for system in serving.city().all(SystemFile)}
