# SPDX-License-Identifier: Apache-2.0
"""Between the decision tables and the record: what they said of a case, kept with the steps that it governs."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from zhengtong.acts.perform import Act
from zhengtong.city.text import Text
from zhengtong.ledger.record import ObjectRef
from zhengtong.ledger.rules.canonical import Value
from zhengtong.services.casework import CaseWork
from zhengtong.services.decision_files import DecisionFile
from zhengtong.services.models import DecisionOutcome
from zhengtong.services.rules.decisions import Given


def record_decisions(act: Act, work: CaseWork) -> None:
    """Write what every decision table of the case's version says of it, unless it said the same before.

    The event names the table, its rows by number and the steps, never what was typed: that stays in the form.
    """
    latest = {row.decision: row for row in DecisionOutcome.objects.filter(case=work.case).order_by("id")}
    for key, decided in work.definition.decided(work.case.answers, work.form.values).items():
        outputs = {name: list(v) if isinstance(v, tuple) else v for name, v in decided.outputs.items()}
        known = latest.get(key)
        if known and (known.definition, known.rows, known.outputs) == (
            work.case.definition, list(decided.rows), outputs,
        ):  # fmt: skip
            continue
        row = DecisionOutcome(
            case=work.case,
            reference=uuid.uuid4().hex,
            definition=work.case.definition,
            decision=key,
            rows=list(decided.rows),
            outputs=outputs,
            decided_us=act.now_us,
        )
        steps = [ObjectRef("step", step.reference) for step in work.steps.values()]
        about: dict[str, Value] = {
            "life_event": work.case.life_event,
            "decision": key,
            "rows": ",".join(map(str, decided.rows)),
        }
        act.record("decision_made", row, [work.case_ref, *steps], about)


@dataclass(frozen=True)
class ShownOutput:
    """One thing a table said, in words: `name` of the output and `value`, a Text or a number."""

    name: Text
    value: object


@dataclass(frozen=True)
class ShownDecision:
    table: DecisionFile
    rows: tuple[int, ...]
    why: tuple[Text, ...]
    outputs: tuple[ShownOutput, ...]


YES_NO = {True: Text(zh="是", en="yes"), False: Text(zh="否", en="no")}


def shown_decisions(work: CaseWork) -> list[ShownDecision]:
    """What the tables said of a case, for people; a table of which the version knows nothing any more is left out."""
    latest = {row.decision: row for row in DecisionOutcome.objects.filter(case=work.case).order_by("id")}
    found = []
    for key, row in latest.items():
        table = work.definition.decisions.get(key)
        if table is not None and row.definition == work.case.definition:
            found.append(
                ShownDecision(
                    table, tuple(row.rows), tuple(table.row_why(row.rows)), _outputs(work, table, row.outputs)
                )
            )
    return found


def _outputs(work: CaseWork, table: DecisionFile, said: dict[str, Given | list[Given]]) -> tuple[ShownOutput, ...]:
    shown = []
    for output in table.outputs:
        if output.shown and output.key in said:
            values = said[output.key]
            options = {option.key: option.name for option in output.options}
            for value in values if isinstance(values, list) else [values]:
                if isinstance(value, bool):
                    word: object = YES_NO[value]
                elif output.type == "department":
                    word = work.definition.departments[str(value)].name
                else:
                    word = options.get(str(value), value)
                shown.append(ShownOutput(output.name, word))
    return tuple(shown)
