# SPDX-License-Identifier: Apache-2.0
"""Whether a life event may use the decision tables it lists: `zhengtong check` runs this."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from zhengtong.errors import Fault

if TYPE_CHECKING:
    from zhengtong.city.load import City
    from zhengtong.services.definition import LifeEventFile


def check_decisions(city: City, event: LifeEventFile) -> Iterable[Fault]:
    """Inputs the life event does not ask, questions with other options, outputs whose name is taken, and departments
    taken from no decision."""
    elements = {key for use in event.services for key in city.get("service", use.service).elements}
    questions = {situation.key: [option.key for option in situation.options] for situation in event.situations}
    taken = {**dict.fromkeys(elements, "element"), **dict.fromkeys(questions, "question")}
    deciders: set[str] = set()
    for index, key in enumerate(event.decisions):
        table = city.get("decision", key)
        at = ("decisions", index)
        if key in event.decisions[:index]:
            yield city.fault("life-event", event.key, at, "决策表重复", "the decision stands twice", found=key)
            continue
        for one in table.inputs:
            options = one.question.options if one.question else []
            known = questions.get(one.name) if one.question else (one.element in elements or None)
            if known is None:
                yield city.fault(
                    "life-event", event.key, at,
                    f"决策表“{key}”要看“{one.name}”，但这件事不问它",
                    f"the decision {key} looks at {one.name}, which this life event does not ask",
                    found=one.name, expected=", ".join(sorted(taken)),
                )  # fmt: skip
            elif one.question and set(questions[one.name]) != set(options):
                yield city.fault(
                    "life-event", event.key, at,
                    f"问题“{one.name}”的选项与决策表“{key}”的不同",
                    f"the question {one.name} has other options than the decision {key} answers for",
                    found=", ".join(questions[one.name]), expected=", ".join(options),
                )  # fmt: skip
        for output in table.outputs:
            if output.key in taken:
                yield city.fault(
                    "life-event", event.key, at,
                    f"决策结果“{output.key}”的名称已被占用", f"the name of the output {output.key} is taken",
                    found=taken[output.key],
                )  # fmt: skip
            taken[output.key] = f"decision {key}"
            if output.type == "department" and table.hit != "collect":
                deciders.add(output.key)
    for index, use in enumerate(event.services):
        if use.department_from is not None and use.department_from not in deciders:
            yield city.fault(
                "life-event", event.key, ("services", index, "department_from"),
                "没有决策表给出这个部门", "no decision of this life event says this department",
                found=use.department_from, expected=", ".join(sorted(deciders)),
            )  # fmt: skip
