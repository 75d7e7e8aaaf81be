# SPDX-License-Identifier: Apache-2.0
"""Reads that pages and upper rooms ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Relation, rules
from zhengtong.errors import NotFound
from zhengtong.ledger.store import query
from zhengtong.organization.tries import count_failure, require_patience
from zhengtong.services.models import Case, Memo, Notice, PublishedVersion, Step
from zhengtong.services.published import LifeEvent, published
from zhengtong.services.rules.flow import FINAL, GIVEN, StepState

OPEN_TO_DEPARTMENT = (StepState.PENDING, StepState.ACCEPTED, StepState.PAUSED, StepState.CORRECTING)


def life_events() -> list[LifeEvent]:
    """The newest published version of every life event."""
    told = "SELECT key, hash FROM services_publishedversion WHERE kind = %s ORDER BY published_us"
    newest: dict[str, str] = dict(query(told, ["life-event"]))  # two columns; every page of the portal asks
    return [published(newest[key]) for key in sorted(newest)]


def life_event(key: str) -> LifeEvent:
    """The newest published version of one. Raises `NotFound`."""
    found = next((event for event in life_events() if event.key == key), None)
    if found is None:
        raise NotFound("没有这件事，或尚未发布", "there is no such life event, or it is not published", found=key)
    return found


def cases_of(actor: Actor) -> QuerySet[Case]:
    """The actor's own cases and those of whom he may act for, newest first."""
    whose = Q(applicant=actor.id)
    for standing in actor.standings:
        matters = {"life_event__in": sorted(standing.matters)} if standing.matters else {}
        whose |= Q(applicant=standing.principal, **matters)
    return Case.objects.filter(whose).order_by("-submitted_us")


def cases_taken_by(actor: Actor, since_us: int) -> QuerySet[Case]:
    """What a clerk has taken in since an instant, newest first."""
    return Case.objects.filter(taken_by=actor.id, submitted_us__gte=since_us).order_by("-submitted_us")


def steps_of(departments: Iterable[str]) -> QuerySet[Step]:
    """Open steps of these departments, the most urgent first; what waits for the applicant or a system last."""
    steps = Step.objects.filter(department__in=list(departments), state__in=OPEN_TO_DEPARTMENT).select_related("case")
    return steps.order_by("due_us", "id")


@dataclass(frozen=True)
class Sight:
    """Which cases an actor may read, by the rules of `case.read`: all, those of any of `own`, those of departments."""

    everything: bool
    own: tuple[Mapping[str, str | list[str]], ...]
    departments: frozenset[str]


def sight(actor: Actor) -> Sight:
    """`own` are conditions on the fields of a case, each of which finds few."""
    own: list[Mapping[str, str | list[str]]] = []
    departments: set[str] = set()
    for rule in rules()["case.read"]:
        if not actor.holds(rule.role):
            continue
        if rule.relation == Relation.ANY:
            return Sight(True, (), frozenset())
        if rule.relation == Relation.OWN and actor.id:
            own += [{"applicant": actor.id}, {"taken_by": actor.id}]
        if rule.relation == Relation.AGENT and actor.id:
            for standing in actor.standings:
                matters = {"life_event__in": sorted(standing.matters)} if standing.matters else {}
                own.append({"applicant": standing.principal, **matters})
        if rule.relation == Relation.DEPARTMENT:
            departments |= actor.departments(rule.role)
    return Sight(False, tuple(one for at, one in enumerate(own) if one not in own[:at]), frozenset(departments))


def visible_to(actor: Actor, of: str = "") -> Q:
    """The cases an actor may read, as a condition; `of` is "case__" where it is asked of what belongs to a case."""
    seen = sight(actor)
    if seen.everything:
        return Q()
    found = Q(pk=-1)  # none; an empty list would be left out of the statement, and with it what it stands for
    for fields in seen.own:
        found |= Q(**{f"{of}{name}": value for name, value in fields.items()})
    if seen.departments:  # looked up for each case: gathered first, they would be most of the table
        mine = Step.objects.filter(case=OuterRef(f"{of}pk"), department__in=sorted(seen.departments))
        found |= Q(Exists(mine))
    return found


def visible_case(actor: Actor, number: str) -> Case:
    """A case its reader may see. Raises `NotFound` for one that is not his exactly as for one that is not there:
    one question to the database answers both, so that neither words nor time tell which numbers exist."""
    case = Case.objects.filter(visible_to(actor), number=number).first()
    if case is None:
        raise NotFound("没有这个办件", "there is no such case", found=number)
    return case


def case_tag(case: Case, steps: Iterable[Step]) -> str:
    """An HTTP entity tag: it changes with the case or any of its steps, and with nothing else."""
    return f'"{case.version}.{"-".join(str(step.version) for step in steps)}"'


def notice_of_code(code: str, address: str) -> Notice:
    """The notice with a verification code. Raises `NotFound`, and `TooMany` after many codes that are none."""
    asking = [("code", address)]
    require_patience(asking)
    notice = Notice.objects.filter(code=code).select_related("case", "step").first()
    if notice is None:
        count_failure(asking)
        raise NotFound("没有这个核验码的文书", "no notice has this code", found=code[:32])
    return notice


@dataclass(frozen=True)
class VersionInUse:
    """A published version, how many cases are on it, and how many of them run."""

    key: str
    hash: str
    published_us: int
    cases: int
    running: int
    newest: bool


def versions_in_use() -> list[VersionInUse]:
    """Every published version of every life event, newest first within each."""
    counted = Case.objects.values("definition").annotate(cases=Count("id"), running=Count("id", filter=Q(phase="open")))
    use = {row["definition"]: (row["cases"], row["running"]) for row in counted}
    found: list[VersionInUse] = []
    seen: set[str] = set()
    rows = PublishedVersion.objects.filter(kind="life-event").order_by("key", "-published_us")
    for key, hash_, published_us in rows.values_list("key", "hash", "published_us"):
        found.append(VersionInUse(key, hash_, published_us, *use.get(hash_, (0, 0)), newest=key not in seen))
        seen.add(key)
    return found


def steps_to_deliver(departments: Iterable[str]) -> QuerySet[Step]:
    """Granted steps whose result has to be delivered still, the most urgent first."""
    given = Step.objects.filter(department__in=list(departments), state__in=GIVEN, due_us__isnull=False)
    return given.select_related("case").order_by("due_us", "id")


def waiting_memos(actor: Actor) -> QuerySet[Memo]:
    """Requests beside the main line that wait for this person's answer, the oldest first."""
    extensions = Q(kind="extension_asked", step__department__in=actor.departments("head"))
    if actor.holds("leader"):
        extensions |= Q(kind="extension_asked")
    transfers = Q(kind="transfer_asked", about__in=actor.departments("officer"))
    open_steps = Memo.objects.filter(waiting=True).exclude(step__state__in=FINAL)
    return open_steps.filter(extensions | transfers).select_related("step__case").order_by("said_us", "id")
