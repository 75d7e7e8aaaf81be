# SPDX-License-Identifier: Apache-2.0
"""Drafts: kept by hand or by themselves, several at once, never over another window's, and gone when their term is."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from people import ANSWERS, FORM, account, do, publish, submission
from visits import APPLY, classed, filled, form, links, picture, post, said, tree, visitor, window
from zhengtong.acts.serving import city
from zhengtong.errors import NotFound, Overtaken
from zhengtong.organization.queries import actor_of
from zhengtong.services import drafts
from zhengtong.services.applicants import end_of_term
from zhengtong.services.definition import LimitFile
from zhengtong.services.drafts import Content, DraftKey
from zhengtong.services.models import Case, Draft

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
ELSEWHERE = {**ANSWERS, "birth_place": "elsewhere"}
KEY = DraftKey("1" * 32, "newborn", ANSWERS)
FRIDAY = 1_768_543_200_000_000  # 2026-01-16 14:00 in the city
DAY = 86_400_000_000


@pytest.fixture(autouse=True)
def version(state: Path, transactional_db: None) -> str:
    return publish()


@pytest.fixture
def parent() -> object:
    return visitor(account("parent"))


def content(**values: str) -> Content:
    return Content(values, {}, {})


def text_fields(**changes: str) -> dict[str, str]:
    """The form without its files, as the script sends it."""
    return {**FORM, "act_key": "0" * 32, **changes}


class TestTwoWindows:
    def test_the_second_window_is_shown_both_versions_and_nothing_was_overwritten(self, parent: object) -> None:
        first, second = window(parent.get(APPLY)), window(parent.get(APPLY))
        assert parent.post(APPLY, text_fields(save="1", child_name="林知夏", **first)).status_code == 302
        page = parent.post(APPLY, text_fields(save="1", child_name="林见秋", **second))
        assert page.status_code == 409
        shown = said(page)
        assert "林知夏" in shown and "林见秋" in shown
        assert Draft.objects.get().values["child_name"] == "林知夏"
        assert filled(page, "child_name") == "林见秋", "what was typed here is chosen until the person says otherwise"
        asked = {item.get("name") for item in tree(page).xpath("//main//input[@type='radio']")}
        assert asked == {"child_name"}, "only what differs is asked"

    def test_what_the_person_chose_is_kept_with_all_the_rest(self, parent: object) -> None:
        first, second = window(parent.get(APPLY)), window(parent.get(APPLY))
        parent.post(APPLY, text_fields(save="1", child_name="林知夏", mother_name="林晓梅", **first))
        page = parent.post(APPLY, text_fields(save="1", child_name="林见秋", mother_name="林小梅", **second))
        hidden = {i.get("name"): i.get("value") for i in tree(page).xpath("//main//input[@type='hidden']")}
        chosen = {"child_name": "林知夏", "mother_name": "林小梅", "save": "1"}
        assert parent.post(APPLY, {**hidden, **chosen}).status_code == 302
        kept = Draft.objects.get().values
        assert {k: kept[k] for k in FORM} == {**FORM, "child_name": "林知夏", "mother_name": "林小梅"}

    def test_a_file_of_either_window_survives_and_two_for_one_place_are_chosen_between(self, parent: object) -> None:
        first, second = window(parent.get(APPLY)), window(parent.get(APPLY))
        parent.post(APPLY, form(save="1", **{"marriage-certificate": None}, **first))
        mine = picture("mine.png")
        page = parent.post(APPLY, form(save="1", child_name="林见秋", **{"birth-certificate": mine}, **second))
        hidden = {i.get("name"): i.get("value") for i in tree(page).xpath("//main//input[@type='hidden']")}
        assert "kept:marriage-certificate" in hidden
        answer = {**hidden, "child_name": "林见秋", "save": "1"}
        assert parent.post(APPLY, answer).status_code == 302
        assert set(Draft.objects.get().materials) == {"birth-certificate", "marriage-certificate"}

    def test_a_file_carried_along_is_good_for_its_owner_alone(self, parent: object) -> None:
        first, second = window(parent.get(APPLY)), window(parent.get(APPLY))
        parent.post(APPLY, form(save="1", **first))
        page = parent.post(APPLY, form(save="1", child_name="林见秋", **second))
        token = tree(page).xpath("//main//input[@name='kept:birth-certificate']/@value")[0]
        thief = visitor(account("thief"))
        for forged in (token, token[:-2] + "xx", "{}"):
            thief.post(APPLY, text_fields(save="1", **{"kept:birth-certificate": forged}))
        assert Draft.objects.get(account=actor_of(_person("thief")).id).materials == {}

    def test_an_outdated_window_cannot_submit_and_one_draft_makes_one_case(self, parent: object) -> None:
        parent.post(APPLY, form(save="1"))
        first, second = window(parent.get(APPLY)), window(parent.get(APPLY))
        parent.post(APPLY, text_fields(save="1", child_name="林知秋", **first))
        assert parent.post(APPLY, text_fields(**second)).status_code == 409
        assert not Case.objects.exists()
        fresh, late = window(parent.get(APPLY)), window(parent.get(APPLY))
        assert parent.post(APPLY, text_fields(**fresh)).status_code == 302
        page = parent.post(APPLY, form(act_key="1" * 32, child_name="林见秋", **late))
        assert page.status_code == 409 and "林见秋" in said(page)
        assert Case.objects.count() == 1
        hidden = {i.get("name"): i.get("value") for i in tree(page).xpath("//main//input[@type='hidden']")}
        assert parent.post(APPLY, {**hidden, "save": "1"}).status_code == 302, "and can be kept as a draft of its own"
        assert Draft.objects.get().values["child_name"] == "林见秋"

    def test_pressing_submit_twice_leads_to_the_one_case(self, parent: object) -> None:
        parent.post(APPLY, form(save="1"))
        sent = text_fields(**window(parent.get(APPLY)))
        first, again = parent.post(APPLY, sent), parent.post(APPLY, sent)
        assert first.status_code == 302 and again["Location"] == first["Location"]
        assert Case.objects.count() == 1


class TestAutosave:
    def test_a_window_goes_on_over_its_own_savings(self, parent: object) -> None:
        mine = window(parent.get(APPLY))
        for name in ("林", "林知", "林知夏"):
            answer = parent.post(APPLY, text_fields(autosave="1", child_name=name, **mine))
            assert answer.status_code == 200
        assert answer.json()["version"] == 3
        assert parent.post(APPLY, form(**mine)).status_code == 302, "though the form still says version 0"
        assert Case.objects.exists() and not Draft.objects.exists()

    def test_it_stops_where_another_window_saved(self, parent: object) -> None:
        first, second = window(parent.get(APPLY)), window(parent.get(APPLY))
        parent.post(APPLY, text_fields(autosave="1", child_name="林知夏", **first))
        answer = parent.post(APPLY, text_fields(autosave="1", child_name="林见秋", **second))
        assert answer.status_code == 409 and "another window" in answer.json()["overtaken"]
        assert Draft.objects.get().values["child_name"] == "林知夏"

    def test_what_is_half_typed_is_kept_as_it_is_and_records_nothing(self, parent: object) -> None:
        from zhengtong.ledger.models import Event

        before = Event.objects.count()
        parent.post(APPLY, {**window(parent.get(APPLY)), "act_key": "0" * 32, "autosave": "1", "mother_id": "9999"})
        assert filled(parent.get(APPLY), "mother_id") == "9999"
        assert Event.objects.count() == before


class TestMyDrafts:
    def test_several_situations_are_kept_side_by_side_and_each_is_gone_on_with(self, parent: object) -> None:
        other = f"/life-events/newborn/apply/?{urlencode(ELSEWHERE)}"
        parent.post(APPLY, text_fields(save="1", child_name="林知夏"))
        parent.post(other, text_fields(save="1", child_name="林见秋"))
        page = parent.get("/my/")
        assert "At home" in said(page) or "at home" in said(page)
        names = {filled(parent.get(address), "child_name") for address in links(page, "/life-events/")}
        assert names == {"林知夏", "林见秋"}

    def test_its_owner_and_nobody_else_deletes_it(self, parent: object) -> None:
        parent.post(APPLY, text_fields(save="1"))
        address = f"/my/drafts/{Draft.objects.get().reference}/delete/"
        assert post(visitor(account("stranger")), address).status_code == 404
        assert Draft.objects.exists()
        assert post(parent, address).status_code == 302
        assert not Draft.objects.exists()

    def test_the_page_says_until_when_a_draft_is_kept(self, parent: object) -> None:
        parent.post(APPLY, text_fields(save="1"))
        row = Draft.objects.get()
        assert (drafts.expires_us(row) or 0) > row.updated_us + 89 * DAY
        assert "deleted after" in said(parent.get("/my/"))


class TestExpiry:
    def test_a_draft_is_deleted_when_its_term_is_over_and_not_before(self) -> None:
        drafts.keep(KEY, content(child_name="林"), seen=0, writer="", now_us=FRIDAY)
        end = drafts.expires_us(Draft.objects.get())
        assert end is not None
        assert drafts.expire(end) == 0
        assert drafts.expire(end + 1) == 1
        assert not Draft.objects.exists()

    def test_without_a_rule_of_the_city_nothing_expires(self, monkeypatch: pytest.MonkeyPatch) -> None:
        drafts.keep(KEY, content(child_name="林"), seen=0, writer="", now_us=1)
        monkeypatch.setattr(drafts, "applicants", lambda: None)
        assert drafts.expire(FRIDAY) == 0

    def test_a_term_of_hours_and_one_of_working_days_end_as_the_calendar_says(self) -> None:
        assert end_of_term(LimitFile(days=3, unit="hours"), FRIDAY) == FRIDAY + 3 * 3600 * 1_000_000
        days = city().calendar
        assert days.date_of(end_of_term(LimitFile(days=1), FRIDAY)).isoformat() == "2026-01-19"


class TestReuse:
    def test_an_earlier_case_is_offered_and_fills_only_on_request_and_only_what_is_empty(self, parent: object) -> None:
        number = do(submission(publish()), actor_of(_person("parent"))).result["case"]
        page = parent.get(APPLY)
        assert filled(page, "mother_name") == "", "nothing is filled in unasked"
        assert classed(page, "notice", f"//button[@value='{number}']")
        typed = {**window(page), "act_key": "0" * 32, "mother_name": "林小梅", "reuse": number}
        page = parent.post(APPLY, typed, follow=True)
        assert filled(page, "mother_name") == "林小梅" and filled(page, "father_name") == FORM["father_name"]
        assert f"from your case {number}" in said(page)
        case = parent.post(APPLY, form(**window(page), mother_name="林小梅"))["Location"].split("/")[-2]
        origins = Case.objects.get(number=case).form.origins
        assert origins["father_name"] == f"case:{number}" and origins["mother_name"] == "typed"
        shown = said(parent.get(f"/my/{case}/"))
        assert f"from your case {number}" in shown and "by the applicant" in shown

    def test_a_strangers_case_is_neither_offered_nor_used(self, parent: object) -> None:
        number = do(submission(publish()), actor_of(account("stranger"))).result["case"]
        page = parent.get(APPLY)
        assert number not in said(page)
        assert parent.post(APPLY, {**window(page), "act_key": "0" * 32, "reuse": number}).status_code == 404

    def test_a_value_changed_by_hand_is_typed_again(self, parent: object) -> None:
        number = do(submission(publish()), actor_of(_person("parent"))).result["case"]
        fields = {**window(parent.get(APPLY)), "act_key": "0" * 32, "reuse": number}
        page = parent.post(APPLY, fields, follow=True)
        case = parent.post(APPLY, form(**window(page), father_name="周群"))["Location"].split("/")[-2]
        assert Case.objects.get(number=case).form.origins["father_name"] == "typed"

    def test_what_the_sign_in_knows_is_marked_so_and_survives_keeping(self) -> None:
        client = visitor(account("mobile", mobile=FORM["contact_mobile"]))
        page = client.post(APPLY, text_fields(save="1", **window(client.get(APPLY))), follow=True)
        assert "from your sign-in" in said(page)


def _person(username: str) -> object:
    from zhengtong.organization.models import Account

    return Account.objects.get(username=username)


class WindowsInAnyOrder(TestCase):
    """Whatever windows save in whatever order, a version is only ever replaced by one that had seen it."""

    @settings(deadline=None, max_examples=25)
    @given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=10))
    def test_no_saving_is_lost_unseen(self, moves: list[tuple[int, bool]]) -> None:
        Draft.objects.all().delete()
        seen = [0, 0, 0]
        last, writer = 0, -1
        for turn, (who, reload) in enumerate(moves):
            row = KEY.find()
            if reload and row:
                seen[who] = row.version
            may = row is None or seen[who] == row.version or writer == who
            try:
                mark = f"{who}" * 32
                kept = drafts.keep(KEY, content(n=str(turn)), seen=seen[who], writer=mark, now_us=turn)
            except Overtaken:
                assert not may and KEY.find().values == {"n": str(last)}  # type: ignore[union-attr]
            else:
                assert may
                seen[who], last, writer = kept.version, turn, who


def test_deleting_what_is_not_there_is_told() -> None:
    with pytest.raises(NotFound):
        drafts.delete("0" * 32, "1" * 32)
