# SPDX-License-Identifier: Apache-2.0
"""A life event looked at in every situation: what the preview says is what a case would be; mistakes are named."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from people import ANSWERS, account
from visits import classed, links, said, tree, visitor
from zhengtong.acts.serving import city
from zhengtong.cli import app
from zhengtong.errors import FormFaults, NotFound
from zhengtong.services import preview as module
from zhengtong.services.definition import LifeEventFile
from zhengtong.services.models import PublishedVersion
from zhengtong.services.preview import from_files, preview, situation
from zhengtong.services.published import assemble, compile_body


def edited(service: str, when: str | None = None) -> Any:
    """The newborn life event with another condition on one of its services."""
    body = assemble(city(), "newborn")
    use = next(use for use in body["event"]["services"] if use["service"] == service)
    use.pop("when", None)
    if when is not None:
        use["when"] = when
    return compile_body(body)


class TestSituations:
    def test_every_combination_of_answers_comes_once_in_the_order_of_the_files(self) -> None:
        found = from_files(city(), "newborn")
        questions = city().get(LifeEventFile, "newborn").situations
        every = list(itertools.product(*([(q.key, o.key) for o in q.options] for q in questions)))
        assert [tuple(one.answers.items()) for one in found.situations] == every
        assert found.total == len(every) > 1

    def test_what_it_says_is_the_plan_a_case_would_get(self) -> None:
        found = from_files(city(), "newborn")
        for one in found.situations:
            plan = found.event.plan(one.answers, {})
            assert {step.key for wave in one.waves for step in wave} == set(plan.by_key)
            position = {step.key: index for index, wave in enumerate(one.waves) for step in wave}
            for step in plan.steps:
                assert all(position[need] < position[step.key] for need in step.needs), step.key
                assert position[step.key] == 0 or any(position[n] == position[step.key] - 1 for n in step.needs)

    def test_documents_are_those_the_portal_would_ask_for(self) -> None:
        event = from_files(city(), "newborn").event
        one = situation(event, ANSWERS)
        assert list(one.brings) == [ask.material.name for ask in event.uploads(ANSWERS, {})] != []
        assert one.fields == sum(1 for field in event.fields(ANSWERS, {}) if field.asked)

    def test_the_days_are_those_of_the_longest_chain(self) -> None:
        event = from_files(city(), "newborn").event
        one = situation(event, ANSWERS)
        plan = event.plan(ANSWERS, {})

        def longest(key: str) -> int:
            return event.services[key].promised.days + max(map(longest, plan.by_key[key].needs), default=0)

        assert one.working_days == max(map(longest, plan.by_key))
        assert len(one.waves) > 1, "a chain of one step would prove nothing"

    def test_no_sum_is_made_of_days_of_two_kinds(self) -> None:
        body = assemble(city(), "newborn")
        body["services"][0]["promised"] = {"days": 3, "unit": "calendar_days"}
        assert situation(compile_body(body), ANSWERS).working_days is None

    @pytest.mark.parametrize("answers", [{}, {"birth_place": "moon"}, {**ANSWERS, "parents": ""}])
    def test_answers_that_are_none_are_refused(self, answers: dict[str, str]) -> None:
        with pytest.raises(FormFaults):
            situation(from_files(city(), "newborn").event, answers)

    def test_a_life_event_that_is_not_there_is_not_found(self) -> None:
        with pytest.raises(NotFound):
            from_files(city(), "nothing")


class TestMistakes:
    def test_a_service_no_situation_leads_to_is_named(self) -> None:
        sound = preview(edited("vaccination-record"))
        assert sound.unused == ()
        found = preview(edited("vaccination-record", "birth_place == 'nowhere'"))
        assert [name.en for name in found.unused] == [found.event.services["vaccination-record"].name.en]

    def test_a_service_the_form_decides_is_neither_certain_nor_unused(self) -> None:
        found = preview(edited("vaccination-record", "child_sex == '1'"))
        name = found.event.services["vaccination-record"].name
        for one in found.situations:
            assert one.perhaps == (name,)
            assert "vaccination-record" not in {step.key for wave in one.waves for step in wave}
        assert found.unused == ()

    def test_a_situation_in_which_nothing_is_done_is_empty(self) -> None:
        body = assemble(city(), "newborn")
        for use in body["event"]["services"]:
            use["when"] = "birth_place == 'institution'"
        found = preview(compile_body(body))
        assert {one.answers["birth_place"] for one in found.situations if one.empty} == {"elsewhere"}

    def test_too_many_situations_are_cut_short_and_counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = from_files(city(), "newborn")
        monkeypatch.setattr(module, "AT_MOST", 2)
        cut = from_files(city(), "newborn")
        assert cut.situations == whole.situations[:2] and cut.total == whole.total
        assert cut.unused == (), "of what was not looked at nothing is said"


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZHENGTONG_CITY", str(city().root))
    return Path(city().root)


class TestTheCommand:
    def run(self, *words: str) -> Any:
        from zhengtong.cli import _add_rooms

        if not any(command.name == "preview" for command in app.registered_commands):
            _add_rooms()
        return CliRunner().invoke(app, ["preview", *words])

    def test_for_programs_it_is_json_of_every_situation(self, folder: Path) -> None:
        answer = self.run("newborn", "--json")
        assert answer.exit_code == 0, answer.output
        told = json.loads(answer.stdout)
        found = from_files(city(), "newborn")
        assert (told["hash"], told["total"]) == (found.event.hash, found.total)
        assert [one["answers"] for one in told["situations"]] == [dict(one.answers) for one in found.situations]

    def test_for_people_it_is_a_table(self, folder: Path) -> None:
        answer = self.run("newborn")
        assert answer.exit_code == 0 and "1." in answer.output


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
class TestThePage:
    def test_the_bureau_sees_every_situation_of_what_is_not_published_yet(self, state: Path) -> None:
        bureau = visitor(account("bureau", "data_bureau", "data"))
        assert "/bureau/preview/newborn/" in links(bureau.get("/bureau/preview/"), "/bureau/preview/")
        page = bureau.get("/bureau/preview/newborn/")
        found = from_files(city(), "newborn")
        assert len(classed(page, "card", "[@aria-labelledby]")) == found.total
        first = found.situations[0]
        overview = tree(page).xpath("//main//table//a")
        assert [link.get("href") for link in overview] == [f"#situation-{n}" for n in range(1, found.total + 1)]
        assert all(answer.en in overview[0].text_content() for _question, answer in first.words)
        assert all(name.en in said(page) for name in first.brings)
        assert not PublishedVersion.objects.exists()

    def test_a_mistake_stands_on_the_page(self, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from zhengtong.services.pages import preview as pages

        broken = preview(edited("vaccination-record", "birth_place == 'nowhere'"))
        monkeypatch.setattr(pages, "from_files", lambda _city, _key: broken)
        page = visitor(account("bureau", "data_bureau", "data")).get("/bureau/preview/newborn/")
        assert "No situation leads to these services" in said(page)

    def test_others_and_unknown_names_get_nothing(self, state: Path) -> None:
        assert visitor(account("officer", "officer", "police")).get("/bureau/preview/").status_code == 403
        bureau = visitor(account("bureau", "data_bureau", "data"))
        assert bureau.get("/bureau/preview/nothing/").status_code == 404
