# SPDX-License-Identifier: Apache-2.0
"""Between the rules of migration and the tables: what moving a case would change, and moving many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from zhengtong.acts.actor import Actor
from zhengtong.acts.perform import Action, bulk, now_us, perform
from zhengtong.errors import BadInput, Conflict, FormFaults, NotFound, ZhengtongError
from zhengtong.services.casework import CaseWork, calendar, open_case
from zhengtong.services.models import Case, CaseMigration, PublishedVersion
from zhengtong.services.published import LifeEvent, published
from zhengtong.services.rules.migration import REFUSALS, Change, Refusal, compare

BATCH = 100
"""Cases of one transaction: a lock is not held longer than the first of them waits."""


def version(name: str) -> LifeEvent:
    """The published version whose hash begins with `name` (8 digits at least). Raises NotFound."""
    found = PublishedVersion.objects.filter(kind="life-event", hash__startswith=name) if len(name) >= 8 else ()
    hashes = [row.hash for row in found]
    if len(hashes) != 1:
        raise NotFound(
            "没有这个已发布的版本", "there is no such published version",
            found=name, expected="zhengtong cases versions" if not hashes else ", ".join(h[:12] for h in hashes),
        )  # fmt: skip
    return published(hashes[0])


def same_event(old: LifeEvent, new: LifeEvent) -> None:
    """Raises BadInput for versions of two life events, or one and the same version."""
    if old.key != new.key:
        raise BadInput("两个版本不是同一件事", "the versions are of two life events", found=new.key, expected=old.key)
    if old.hash == new.hash:
        raise BadInput("两个版本相同", "the versions are the same", found=old.hash[:12])


def change_of(work: CaseWork, new: LifeEvent, at_us: int) -> Change:
    """What moving this case to `new` would do."""
    answers, values = work.case.answers, work.form.values
    missing: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    try:
        new.check_answers(answers)
    except FormFaults as faults:
        unanswered = tuple(sorted(faults.fields))
    raw = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in values.items()}
    try:
        new.read_form(answers, raw, today=calendar().date_of(at_us))
    except FormFaults as faults:
        missing = tuple(sorted(faults.fields))
    return compare(work.plan, new.plan(answers, values), work.state, answers=unanswered, fields=missing)


def refusal_words(refusals: Iterable[Refusal], language: str) -> list[str]:
    """Why a case may not be moved, a sentence each."""
    place = 0 if language.startswith("zh") else 1
    return [REFUSALS[r.code][place] + (f" ({', '.join(r.about)})" if r.about else "") for r in refusals]


@dataclass(frozen=True)
class CaseReport:
    """What moving a case does or did. `outcome` is `would_move`, `moved`, `refused`, or `failed` with its reason."""

    case: str
    outcome: str
    kept: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    handed: tuple[str, ...] = ()
    refusals: tuple[tuple[str, tuple[str, ...]], ...] = ()
    error: str = ""


def report_of(number: str, new: LifeEvent, at_us: int) -> CaseReport:
    """One case, looked at and not touched."""
    change = change_of(open_case(number, lock=False), new, at_us)
    refusals = tuple((one.code, one.about) for one in change.refusals)
    outcome = "refused" if refusals else "would_move"
    return CaseReport(number, outcome, change.kept, change.added, change.removed, change.handed, refusals)


def running(old: LifeEvent) -> list[str]:
    """Numbers of the open cases that are on a version."""
    return list(Case.objects.filter(definition=old.hash, phase="open").order_by("id").values_list("number", flat=True))


Progress = Callable[[int, int], None]


def dry_run(old: LifeEvent, new: LifeEvent, progress: Progress | None = None) -> list[CaseReport]:
    """What `migrate` would do, case by case."""
    same_event(old, new)
    numbers, now = running(old), now_us()
    found = []
    for done, number in enumerate(numbers, 1):
        found.append(report_of(number, new, now))
        if progress:
            progress(done, len(numbers))
    return found


def migrate(old: LifeEvent, new: LifeEvent, actor: Actor, progress: Progress | None = None) -> list[CaseReport]:
    """Move every running case that may be moved, an act each, `BATCH` in a transaction.

    Cut off, it is begun again and goes on where it was: what has moved is on the new version and no longer in the list,
    and the key of each act holds the state of the case it was made for.
    """
    from zhengtong.services.actions.migrate_case import MigrateCase

    reports = dry_run(old, new, progress)
    going = {r.case for r in reports if r.outcome == "would_move"}
    versions = dict(Case.objects.filter(number__in=going).values_list("number", "version"))
    failed: dict[str, ZhengtongError] = {}
    for batch in _batches([r.case for r in reports if r.case in going]):
        acts = [(MigrateCase(n, old.hash, new.hash), f"migrate/{new.hash[:16]}/{n}/{versions[n]}") for n in batch]
        failed |= _perform_all(acts, actor)
    return [_done(one, failed) for one in reports]


def revert(old: LifeEvent, new: LifeEvent, actor: Actor) -> list[CaseReport]:
    """Take back the moves from `old` to `new` of all cases in which nothing has happened since."""
    from zhengtong.services.actions.revert_migration import RevertMigration

    rows = CaseMigration.objects.filter(from_hash=old.hash, to_hash=new.hash, reverted_us=None).order_by("id")
    pairs = list(rows.values_list("case__number", "reference"))
    failed: dict[str, ZhengtongError] = {}
    for batch in _batches([number for number, _ in pairs]):
        references = dict(pairs)
        acts = [(RevertMigration(n, references[n]), f"revert-migration/{references[n]}") for n in batch]
        failed |= _perform_all(acts, actor)
    return [_done(CaseReport(number, "would_move"), failed, "reverted") for number, _ in pairs]


def _batches(numbers: Sequence[str]) -> Iterable[Sequence[str]]:
    return (numbers[start : start + BATCH] for start in range(0, len(numbers), BATCH))


def _perform_all(acts: Sequence[tuple[Any, str]], actor: Actor) -> dict[str, ZhengtongError]:
    """All in one transaction; where one cannot be done, each alone, and those that cannot are told by case."""
    try:
        with bulk() as batch:
            for action, key in acts:
                batch.perform(action, actor, key)
    except Conflict:
        return dict(filter(None, (_alone(action, actor, key) for action, key in acts)))
    return {}


def _alone(action: Action[Any], actor: Actor, key: str) -> tuple[str, ZhengtongError] | None:
    try:
        perform(action, actor, key)
    except Conflict as error:
        return action.case, error  # type: ignore[attr-defined]  # both actions name their case
    return None


def _done(report: CaseReport, failed: dict[str, ZhengtongError], word: str = "moved") -> CaseReport:
    if report.outcome != "would_move":
        return report
    error = failed.get(report.case)
    fields = {**report.__dict__, "outcome": "failed" if error else word, "error": error.say("en") if error else ""}
    return CaseReport(**fields)
