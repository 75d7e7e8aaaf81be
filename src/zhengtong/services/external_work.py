# SPDX-License-Identifier: Apache-2.0
"""Our own book of what other systems decide: which applications they have, where each stands, how long it took."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.db.models import Q

from zhengtong.acts.authority import Subject
from zhengtong.acts.serving import city
from zhengtong.errors import NotFound
from zhengtong.ledger.models import EventObject
from zhengtong.ledger.record import ObjectRef
from zhengtong.services.casework import facts_of
from zhengtong.services.definition import ReconcileFile, SystemFile
from zhengtong.services.models import Difference, Output, Step
from zhengtong.services.published import published
from zhengtong.services.rules.flow import StepState
from zhengtong.services.rules.reconciliation import Ours, Passage, Standing

STANDING: Mapping[str, Standing] = {
    StepState.PENDING: "pending",
    StepState.ACCEPTED: "pending",
    StepState.GRANTED: "granted",
    StepState.REFUSED: "refused",
}
GIVEN_UP = frozenset({StepState.WITHDRAWN, StepState.DROPPED, StepState.NOT_ACCEPTED})
ORDERED: Mapping[str, Standing] = {"valid": "granted", "not_issued": "refused"}
ORDER = ".output"
"""What follows a step's reference in that of the output ordered for it."""
IN_ONE_QUERY = 500


def system_file(key: str) -> SystemFile:
    """An external system of the served city. Raises `NotFound`."""
    found = next((system for system in city().all(SystemFile) if system.key == key), None)
    if found is None:
        known = ", ".join(system.key for system in city().all(SystemFile))
        raise NotFound("没有这个外部系统", "there is no such external system", found=key, expected=known or None)
    return found


def reconciled(key: str) -> tuple[str, ReconcileFile]:
    """The department answerable for a system, and the rules of its reconciliation. Raises `NotFound`."""
    file = system_file(key)
    if file.reconcile is None:
        raise NotFound(
            "城市没有规定与这个系统对账", "the city has no rules for reconciling this system",
            where=key, expected="organization/systems.yaml reconcile",
        )  # fmt: skip
    return file.department, file.reconcile


def applications(system: str, since_us: int, named: Collection[str]) -> Iterator[Ours]:
    """What a system should have of us: handed over since an instant, and whatever else its list names.

    A simulated past never left the house; of it only what the system itself names is compared.
    """
    seen: set[str] = set()
    names = sorted(named)
    steps = Step.objects.filter(external=system).exclude(case__channel="import").select_related("output")
    chunks = [Q(reference__in=names[at : at + IN_ONE_QUERY]) for at in range(0, len(names), IN_ONE_QUERY)]
    for where in [Q(case__submitted_us__gte=since_us, case__demo=False), *chunks]:
        for step in steps.filter(where).iterator():
            facts = facts_of(step)
            if facts and step.reference not in seen:
                seen.add(step.reference)
                yield _ours(step, facts[-1].at_us)

    yield from _ordered(system, [name.removesuffix(ORDER) for name in names if name.endswith(ORDER)])


def _ordered(system: str, named: list[str]) -> Iterator[Ours]:
    """Outputs that the system issues for us: those still awaited, and those its list names by their steps."""
    outputs = Output.objects.select_related("step__case")
    awaited = [
        output
        for output in outputs.filter(status="being_issued", step__case__demo=False)
        if published(output.step.case.definition).services[output.step.key].output.issuer == system
    ]
    chunks = (named[at : at + IN_ONE_QUERY] for at in range(0, len(named), IN_ONE_QUERY))
    told = [output for chunk in chunks for output in outputs.filter(step__reference__in=chunk)]
    for output in {one.pk: one for one in [*awaited, *told]}.values():
        ended = output.status in {"revoked", "cancelled"}
        standing = ORDERED.get(output.status, "pending")
        yield Ours(f"{output.step.reference}{ORDER}", standing, output.issued_us, output.issuer_number, ended)


def _ours(step: Step, moved_us: int) -> Ours:
    output = getattr(step, "output", None)
    return Ours(
        step.reference,
        STANDING.get(step.state, "pending"),
        moved_us,
        output.issuer_number if output else "",
        withdrawn=step.state in GIVEN_UP,
    )


def passages(system: str, since_us: int) -> dict[str, Passage]:
    """By reference: how each application since an instant went through the system."""
    decided: dict[str, int] = {}
    told = EventObject.objects.filter(
        object_type="step", event__type__in=("step_granted", "step_refused"), event__time_us__gte=since_us
    )
    for reference, attributes in told.values_list("object_id", "event__attributes").iterator():
        if attributes.get("system") == system and "decided_there_us" in attributes:
            decided[reference] = attributes["decided_there_us"]
    found: dict[str, Passage] = {}
    steps = Step.objects.filter(external=system, case__submitted_us__gte=since_us).exclude(case__channel="import")
    for step in steps.iterator():
        at = {fact.kind: fact.at_us for fact in facts_of(step)}
        if "received" in at:
            found[step.reference] = Passage(
                at["received"], at.get("accepted"), decided.get(step.reference), at.get("decided")
            )
    return found


def waiting(system: str) -> Iterable[Step]:
    """Steps that wait for a system, the longest first."""
    open_ = Step.objects.filter(external=system, state__in=(StepState.PENDING, StepState.ACCEPTED))
    return open_.exclude(case__channel="import").select_related("case").order_by("id")


def objects_of(row: Difference) -> list[ObjectRef]:
    """The system; and the step, which a reference that only they know is not."""
    system = ObjectRef("system", row.system)
    step = ObjectRef("step", row.application.removesuffix(ORDER))
    return [system] if row.kind == "missing_here" else [system, step]


@dataclass
class DifferenceWork:
    """One difference as the target of an act."""

    row: Difference

    @property
    def subject(self) -> Subject:
        return Subject("difference", self.row.reference, departments=frozenset({self.row.department}))
