# SPDX-License-Identifier: Apache-2.0
"""The rooms of the cockpit over a year with a planted cause: it is named, opened, supervised and measured again."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from evaluation.test_pages_cockpit import DAY, closed
from people import PARENT, account, do, publish, submit
from visits import links, post, said, tree, visitor
from zhengtong.acts.perform import now_us
from zhengtong.evaluation import queries
from zhengtong.evaluation.auditing import last_audit
from zhengtong.evaluation.exporting import own_record
from zhengtong.evaluation.measures import MEASURES
from zhengtong.ledger.models import Event
from zhengtong.organization.models import TaskMeasurement
from zhengtong.services.actions.rate_case import RateCase
from zhengtong.services.casework import calendar
from zhengtong.services.models import Output
from zhengtong.site.worker import seal

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def version(state: object, transactional_db: None) -> str:
    return publish()


@pytest.fixture
def leader() -> object:
    return visitor(account("leader", "leader"))


@pytest.fixture
def fallen(version: str) -> dict[str, list[str]]:
    """In the thirty days before last month all was well; since then, registrations come a month late."""
    numbers = {"before": [closed(version, 50), closed(version, 48)], "late": [closed(version, 38, slow=True)]}
    numbers["now"] = [closed(version, 12)]
    do(RateCase(numbers["late"][0], 1, (), "太慢"), PARENT)
    do(RateCase(numbers["now"][0], 5), PARENT)
    seal()
    return numbers


ROOMS = (
    "/cockpit/", "/cockpit/on-time/", "/cockpit/why/", "/cockpit/reductions/", "/cockpit/processes/",
    "/cockpit/processes/newborn/", "/cockpit/satisfaction/", "/cockpit/record/", "/cockpit/steps/",
    "/cockpit/on-time/newborn/",
)  # fmt: skip


def test_every_room_says_so_when_there_is_nothing_yet(leader: object) -> None:
    for address in ROOMS:
        for language in ("en", "zh-hans"):
            page = leader.get(address, headers={"accept-language": language})
            assert page.status_code == 200, address
            assert len(tree(page).xpath("//h1")) == 1


def test_what_changed_names_the_planted_cause_and_opens_its_cases(leader: object, fallen: dict[str, list[str]]) -> None:
    page = leader.get("/cockpit/why/")
    assert "On time, by the promised day: from 100.0% to 87.5%" in said(page)
    assert "Most of it: Registration of a birth (Step)" in said(page)
    assert "Its own figure went from 100.0% to 50.0%." in said(page)
    assert "That adds −12.5 percentage points to a change of −12.5" in said(page)
    (address,) = [one for one in links(page, "/cockpit/steps/") if "service=birth-registration" in one][:1]
    behind = leader.get(address)
    assert "Steps decided after the promised day: 1" in said(behind)
    assert links(behind, "/evidence/cases/") == [f"/evidence/cases/{fallen['late'][0]}/"]
    granted = Event.objects.filter(type="step_granted", attributes__service="birth-registration")
    event = granted.get(objects_touched__object_id=fallen["late"][0])
    assert f"/evidence/events/{event.id}/" in links(behind)
    assert "Most of the change: Registration of a birth" in said(leader.get("/cockpit/"))


def test_every_figure_can_be_compared_over_every_dimension(leader: object, fallen: dict[str, list[str]]) -> None:
    for measure in MEASURES:
        page = leader.get(f"/cockpit/why/?measure={measure}&life_event=newborn")
        assert page.status_code == 200, measure
        for address in links(page, "/cockpit/why/?"):
            assert leader.get(address).status_code == 200, address
    married = leader.get("/cockpit/why/?life_event=newborn&by=situation:parents")
    assert "Married" in said(married)


def test_counts_open_lists_of_as_many_steps(leader: object, fallen: dict[str, list[str]]) -> None:
    page = leader.get("/cockpit/on-time/")
    opened = links(page, "/cockpit/steps/")
    assert opened
    for address in dict.fromkeys(opened):
        (link,) = tree(page).xpath("(//main//a[@href=$a])[1]", a=address)
        shown = "".join(letter for letter in link.text_content() if letter.isdigit())
        count = tree(leader.get(address)).xpath("string(//h1/span)")
        assert shown == count.replace(",", ""), address


def test_an_earlier_leaf_shows_the_figures_as_they_were(leader: object, fallen: dict[str, list[str]]) -> None:
    size = queries.record_size()
    first = Event.objects.get(objects_touched__object_id=fallen["now"][0], type="case_submitted").leaf.index
    page = leader.get(f"/cockpit/on-time/newborn/?as_of={first}")
    assert f"up to leaf #{first}" in said(page) and "This is an earlier state" in said(page)
    assert fallen["now"][0] not in said(page) and fallen["late"][0] in said(page)
    assert fallen["now"][0] in said(leader.get("/cockpit/on-time/newborn/"))
    for address in links(leader.get(f"/cockpit/?as_of={first}"), "/cockpit/"):
        assert f"as_of={first}" in address or address == "/cockpit/", "whoever looks back stays there"
    for wrong in (size + 1, -1, "x"):
        assert leader.get(f"/cockpit/?as_of={wrong}").status_code == 422


@pytest.mark.parametrize(
    "query", ["since=2026-13-01", "since=2026-05-02&until=2026-05-01", "after=x", "kind=none", "situation=moon:full"]
)
def test_addresses_that_mean_nothing_are_refused_in_words(leader: object, query: str) -> None:
    assert leader.get(f"/cockpit/steps/?{query}").status_code == 422


def test_the_process_is_drawn_and_told_in_tables_with_its_cases(leader: object, fallen: dict[str, list[str]]) -> None:
    page = leader.get("/cockpit/processes/newborn/")
    assert "4 of 4 closed cases" in said(page)
    document = tree(page)
    boxes = document.xpath("//*[local-name()='svg'][contains(@class,'process')]//*[local-name()='a']/@href")
    assert len(boxes) == 12, "received, accepted and granted, of four steps"
    (granted,) = [one for one in boxes if "birth-registration" in one and "step_granted" in one]
    cases = leader.get(granted)
    everyone = sorted(number for numbers in fallen.values() for number in numbers)
    assert links(cases, "/evidence/cases/") == [f"/evidence/cases/{number}/" for number in everyone]
    assert leader.get("/cockpit/processes/moon/").status_code == 404
    only = leader.get("/cockpit/processes/newborn/?department=police")
    assert len(tree(only).xpath("//*[local-name()='svg'][contains(@class,'process')]//*[local-name()='a']")) == 3
    none = leader.get("/cockpit/processes/newborn/?situation=parents:unmarried")
    assert "0 of 0 closed cases" in said(none)


def test_a_table_goes_out_as_a_file_and_the_record_says_so(leader: object, fallen: dict[str, list[str]]) -> None:
    answer = post(leader, "/cockpit/export/", listing="steps", format="csv", query="kind=late")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["number"] for row in rows] == fallen["late"]
    event = Event.objects.get(type="figures_exported")
    assert event.attributes["rows_count"] == 1 and event.attributes["leaves"] == queries.record_size()
    assert answer["Content-Disposition"] == f'attachment; filename="steps-{queries.record_size()}.csv"'
    parquet = post(leader, "/cockpit/export/", listing="departments", format="parquet", query="")
    assert parquet.content[:4] == b"PAR1"
    for wrong in ({"listing": "people", "format": "csv"}, {"listing": "steps", "format": "exe"}):
        assert post(leader, "/cockpit/export/", query="", **wrong).status_code == 422
    assert post(visitor(account("somebody")), "/cockpit/export/", listing="steps", format="csv").status_code == 403
    assert Event.objects.filter(type="figures_exported").count() == 2


def test_every_table_there_is_can_be_exported(leader: object, fallen: dict[str, list[str]]) -> None:
    from zhengtong.evaluation.pages.exporting import LISTINGS

    shown = set()
    for address in ROOMS:
        shown |= set(tree(leader.get(address)).xpath("//input[@name='listing']/@value"))
    assert shown <= set(LISTINGS), "every button leads somewhere"
    for name in LISTINGS:
        answer = post(leader, "/cockpit/export/", listing=name, format="parquet", query="", key="newborn")
        assert answer.status_code == 200, name


def test_an_audit_is_itself_recorded_and_names_what_it_found(leader: object, fallen: dict[str, list[str]]) -> None:
    assert "has not been audited yet" in said(leader.get("/cockpit/record/"))
    assert post(leader, "/cockpit/record/audit/").status_code == 302
    assert "everything agreed" in said(leader.get("/cockpit/record/"))
    output = Output.objects.filter(step__case__number=fallen["now"][0]).first()
    assert output is not None
    Output.objects.filter(pk=output.pk).update(issued_us=output.issued_us - DAY)
    post(leader, "/cockpit/record/audit/")
    found = last_audit()
    assert found is not None and found.count == 1 and found.findings[0].id == output.object_id
    page = leader.get("/cockpit/record/")
    assert "At the last audit 1 thing did not agree" in said(page) and output.object_id in said(page)
    assert f"/evidence/events/{found.event}/" in links(page)
    bureau = visitor(account("bureau", "data_bureau", "data"))
    assert post(bureau, "/cockpit/record/audit/").status_code == 403


def test_bad_ratings_are_counted_and_lead_to_their_cases(leader: object, fallen: dict[str, list[str]]) -> None:
    page = leader.get("/cockpit/satisfaction/")
    assert "50.0% of 2 ratings are not bad; 1 are" in said(page)
    assert f"/evidence/cases/{fallen['late'][0]}/" in links(page)
    assert "to be checked" in said(page)


def test_a_task_from_the_cockpit_is_measured_when_proposed_and_again_when_closed(
    leader: object, version: str, fallen: dict[str, list[str]]
) -> None:
    (draft,) = links(leader.get("/cockpit/"), "/tasks/propose/?")
    form = leader.get(draft)
    assert "On time, by the promised day: Registration of a birth" in said(form)
    proposal = {"title": "出生登记提速", "aim": "", "lead": "police", "target": "95%",
                "indicator": "on-time.newborn.birth-registration"}  # fmt: skip
    number = post(leader, "/tasks/propose/", **proposal)["Location"].split("/")[2]
    (before,) = TaskMeasurement.objects.all()
    assert (before.hits, before.of) == (1, 2), "of the two decided in the last thirty days one was late"
    page = leader.get(f"/tasks/{number}/")
    assert "measured when the task is closed" in said(page)
    assert [one for one in links(page, "/cockpit/steps/") if "birth-registration" in one]
    assert tree(page).xpath("//nav[@class='faces']/a[@aria-current]/@href") == ["/cockpit/"]


def test_waiting_steps_are_shown_as_of_now_only_with_their_clocks(leader: object, version: str) -> None:
    submit(version, at_us=now_us() - 40 * DAY)
    seal()
    police = "//table[caption[@id='backlog']]//tbody/tr[contains(., 'Police')]"
    (row,) = tree(leader.get("/cockpit/on-time/")).xpath(police)
    cells = [cell.text_content() for cell in row.xpath("./td")]
    assert cells[0] == "1" and cells[5] == "1", "open, and overdue now"
    past = leader.get(f"/cockpit/on-time/?as_of={queries.record_size()}")
    (row,) = tree(past).xpath(police)
    assert [cell.text_content() for cell in row.xpath("./td")][5] == "–", "the clocks of an earlier state are not kept"


def test_a_period_chooses_by_the_day_of_the_decision(leader: object, fallen: dict[str, list[str]]) -> None:
    today = calendar().date_of(now_us())
    since, until = today - timedelta(days=60), today - timedelta(days=31)
    page = leader.get(f"/cockpit/steps/?kind=decided&since={since}&until={until}&service=birth-registration")
    assert "Decided steps: 2" in said(page)


def test_that_the_record_itself_went_out_is_in_the_record(version: str) -> None:
    submit(version)
    seal()
    held = own_record()
    event = Event.objects.get(type="figures_exported")
    manifest = held.manifest()
    assert (event.attributes["leaves"], event.attributes["sha256"]) == (manifest.size, manifest.root)
    assert event.objects_touched.get().object_id == "record" and event.actor == "system"
