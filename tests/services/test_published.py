# SPDX-License-Identifier: Apache-2.0
"""Published versions: immutable, named by content; a case keeps its own, new cases begin with the newest."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from people import FORM, PARENT, do, grant, key, publish, submit
from services.record import BIRTH, POLICE, VACCINATION, attributes, states, types, written
from zhengtong.acts import serving
from zhengtong.acts.actor import SYSTEM
from zhengtong.acts.perform import perform
from zhengtong.errors import Conflict, NotFound
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.publish_life_event import PublishLifeEvent
from zhengtong.services.actions.submit_case import SubmitCase
from zhengtong.services.casework import open_case
from zhengtong.services.models import PublishedVersion
from zhengtong.services.published import assemble, compile_body, content_hash, published
from zhengtong.services.queries import life_event, life_events
from zhengtong.services.searching import search

pytestmark = [pytest.mark.django_db, pytest.mark.database]

Edit = Callable[[str, str, str], None]


@pytest.fixture
def edit(tmp_path: Path, settings) -> Edit:
    """A copy of the demo city that is served; `edit(file, old, new)` changes it, as a process started anew sees it."""
    settings.ZHENGTONG_CITY = folder = Path(shutil.copytree(settings.ZHENGTONG_CITY, tmp_path / "city"))

    def change(file: str, old: str, new: str) -> None:
        path = folder / file
        text = path.read_text("utf-8")
        assert old in text, (file, old)
        path.write_text(text.replace(old, new, 1), "utf-8")
        serving._loaded.cache_clear()

    return change


SERVICE = "services/birth-registration.yaml"


def test_publishing_unchanged_content_changes_nothing() -> None:
    first = do(PublishLifeEvent("newborn"), SYSTEM)
    before = PublishedVersion.objects.values().get()
    again = do(PublishLifeEvent("newborn"), SYSTEM)
    assert types(first) == ["version_published"]
    assert attributes(first, "version_published") == {"kind": "life-event", "key": "newborn"}
    assert types(again) == []
    assert again.result == first.result
    assert PublishedVersion.objects.values().get() == before


def test_a_version_is_named_by_its_content_and_reads_back_as_it_was() -> None:
    version = publish()
    row = PublishedVersion.objects.get()
    assert row.hash == version == content_hash(row.body) == content_hash(assemble(serving.city(), "newborn"))
    event = published(version)
    assert event == compile_body(row.body)
    assert event.hash == version
    with pytest.raises(NotFound):
        published("0" * 64)
    with pytest.raises(NotFound):
        do(PublishLifeEvent("no-such-event"), SYSTEM)


def test_every_file_a_version_refers_to_is_part_of_its_name(edit: Edit) -> None:
    """What decides a case is frozen with it: services, elements, code lists, limits, reasons, remedies, departments."""
    names = [publish()]
    for file, old, new in (
        (SERVICE, "promised: {days: 5, near: 1}", "promised: {days: 4, near: 1}"),
        ("standards/elements/newborn.yaml", "max_length: 50", "max_length: 40"),
        ("standards/code-lists/insurance-tier.yaml", "en: Basic", "en: Plain"),
        ("standards/regimes.yaml", "corrections: 1", "corrections: 2"),
        ("standards/regimes.yaml", "accept: {days: 1,", "accept: {days: 2,"),
        ("standards/reasons.yaml", "en: Hearing", "en: A hearing"),
        ("standards/remedies.yaml", "within 60 days", "within sixty days"),
        ("organization/departments.yaml", "en: Police", "en: The police"),
        ("life-events/newborn.yaml", "promised: {days: 10, near: 2}", "promised: {days: 9, near: 2}"),
    ):
        edit(file, old, new)
        names.append(publish())
        if file == "standards/regimes.yaml" and "corrections" in old:
            assert names[-1] == names[-2], "the licence regime is not part of a newborn's matters"
    assert len(set(names)) == len(names) - 1


def test_a_case_keeps_its_version_when_the_files_change_and_are_published_anew(edit: Edit) -> None:
    old = publish()
    case = submit(old)
    edit(SERVICE, "promised: {days: 5, near: 1}", "promised: {days: 1, near: 1}")
    edit(SERVICE, "elements: [child_name,", "elements: [child_ethnicity, child_name,")
    edit("life-events/newborn.yaml", "  - {service: vaccination-record}\n", "")
    new = publish()
    assert new != old
    work = open_case(case, BIRTH, lock=False)
    assert work.case.definition == old
    assert work.definition.services[BIRTH].promised.days == 5
    assert VACCINATION in work.steps
    do(AcceptStep(case, BIRTH), POLICE)
    due = open_case(case, BIRTH, lock=False).limits(BIRTH, work.case.submitted_us + 1).limit("decide")
    assert due is None or due.promised is None or due.promised.amount == 5
    grant(case, VACCINATION)
    later = submit(new, raw={**FORM, "child_ethnicity": "01"})
    assert VACCINATION not in states(later)
    assert open_case(later, lock=False).definition.services[BIRTH].promised.days == 1
    assert life_event("newborn").hash == new


def test_a_form_begun_on_the_older_version_is_filed_on_it(edit: Edit) -> None:
    old = publish()
    edit(SERVICE, "elements: [child_name,", "elements: [child_ethnicity, child_name,")
    publish()
    assert open_case(submit(old), lock=False).definition.hash == old


def test_an_earlier_version_published_again_is_the_newest_again(edit: Edit) -> None:
    first = publish()
    edit(SERVICE, "promised: {days: 5, near: 1}", "promised: {days: 4, near: 1}")
    second = publish()
    edit(SERVICE, "promised: {days: 4, near: 1}", "promised: {days: 5, near: 1}")
    assert publish() == first
    assert life_event("newborn").hash == first
    assert types(do(PublishLifeEvent("newborn"), SYSTEM)) == [], "it is published already"
    edit(SERVICE, "promised: {days: 5, near: 1}", "promised: {days: 4, near: 1}")
    assert publish() == second
    assert life_event("newborn").hash == second
    assert PublishedVersion.objects.count() == 2


def test_a_server_whose_clock_is_behind_still_publishes_the_newest(edit: Edit) -> None:
    do(PublishLifeEvent("newborn"), SYSTEM, at_us=2_000_000_000_000_000)
    edit(SERVICE, "promised: {days: 5, near: 1}", "promised: {days: 4, near: 1}")
    later = do(PublishLifeEvent("newborn"), SYSTEM, at_us=1_900_000_000_000_000).result["hash"]
    assert life_event("newborn").hash == later


def test_what_was_looked_at_is_what_is_published_or_nothing_is(edit: Edit) -> None:
    looked_at = content_hash(assemble(serving.city(), "newborn"))
    edit(SERVICE, "promised: {days: 5, near: 1}", "promised: {days: 4, near: 1}")
    before = written()
    with pytest.raises(Conflict) as error:
        do(PublishLifeEvent("newborn", expected_hash=looked_at), SYSTEM)
    assert error.value.expected == looked_at
    assert written() == before
    perform(PublishLifeEvent("newborn", expected_hash=str(error.value.found)), SYSTEM, key())
    assert life_event("newborn").hash == error.value.found


def test_a_question_in_either_language_finds_the_life_event_and_nonsense_does_not() -> None:
    publish()
    for question in ("宝宝出生要办什么", "上户口", "疫苗", "newborn insurance"):
        assert [one.event.key for one in search(question, life_events()).found] == ["newborn"], question
    assert search("企业注销", life_events()).found == ()


def test_only_an_existing_definition_can_be_applied_for() -> None:
    with pytest.raises(NotFound):
        do(SubmitCase("0" * 64, {}, FORM), PARENT)
