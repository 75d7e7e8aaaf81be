# SPDX-License-Identifier: Apache-2.0
"""The step's page: what it offers to whom, and forms that come back with their errors and what was typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from people import account, do, key
from people import actor as actor_of_account
from services.kiosk import LICENCE_STEP, accept, file, make_folder, served
from services.record import states, step
from services.upload_factory import pdf
from zhengtong.services.actions.schedule_inspection import ScheduleInspection
from zhengtong.services.casework import open_case
from zhengtong.services.models import Memo, Notice, Output

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_folder(tmp_path_factory.mktemp("kiosk") / "city")


@pytest.fixture
def number(folder: Path, state: Path) -> Iterator[str]:
    with served(folder) as version:
        found = file(version, ("plan", "photo"), committed=("proof",))
        accept(found)
        yield found


def signed_in(role: str, department: str) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(account(f"{role}-{department}", role, department))
    return client


def act(client: Client, number: str, name: str, step: str = LICENCE_STEP, **fields: Any) -> Any:
    return client.post(f"/workbench/{number}/{step}/act/", {"act": name, "act_key": key(), **fields})


def shown(client: Client, number: str, step: str = LICENCE_STEP) -> str:
    answer = client.get(f"/workbench/{number}/{step}/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def buttons(page: str) -> set[str]:
    return {part.split('"')[0] for part in page.split('name="act" value="')[1:]}


def test_a_form_that_was_refused_comes_back_open_with_its_error_and_what_was_typed(number: str) -> None:
    officer = signed_in("officer", "market")
    answer = act(officer, number, "ask_extension", days="99", text="需要专家意见")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="99"' in page and "需要专家意见" in page and "length of the extension" in page
    assert "#f-ask_extension-days" in page and 'id="f-ask_extension-days"' in page
    assert page.count("<details open") == 1
    assert not Memo.objects.exists()
    for fields in ({"days": "x", "text": "理由"}, {"days": "", "text": "理由"}, {"days": "5", "text": " "}):
        assert act(officer, number, "ask_extension", **fields).status_code == 422


def test_a_form_no_longer_offered_is_a_problem_page(number: str) -> None:
    officer = signed_in("officer", "market")
    assert act(officer, number, "resume").status_code == 409
    assert act(officer, number, "sing").status_code == 422


def test_the_head_answers_what_the_officer_asked(number: str) -> None:
    officer, head = signed_in("officer", "market"), signed_in("head", "market")
    assert act(officer, number, "ask_extension", days="5", text="需要专家意见").status_code == 302
    assert "Waits for your answer" in head.get("/workbench/").content.decode()
    assert {"extend", "refuse_extension"} <= buttons(shown(head, number))
    assert not {"extend", "ask_extension"} & buttons(shown(officer, number))
    assert act(officer, number, "extend").status_code == 403
    assert act(head, number, "extend").status_code == 302
    assert Notice.objects.filter(kind="extend").count() == 1
    assert "Waits for your answer" not in head.get("/workbench/").content.decode()


def test_a_transfer_is_read_and_signed_by_the_department_that_was_asked(number: str) -> None:
    market, urban = signed_in("officer", "market"), signed_in("officer", "urban")
    assert urban.get(f"/workbench/{number}/{LICENCE_STEP}/").status_code == 404
    assert act(market, number, "transfer", to="urban", text="属于城管").status_code == 302
    assert {"sign_transfer", "return_transfer"} == buttons(shown(urban, number))
    assert act(urban, number, "sign_transfer").status_code == 302
    assert step(number, LICENCE_STEP).department == "urban"
    assert market.get(f"/workbench/{number}/{LICENCE_STEP}/").status_code == 404


def test_a_grant_is_offered_only_when_everything_before_it_is_done(number: str) -> None:
    officer = signed_in("officer", "market")
    page = shown(officer, number)
    assert "not recorded yet" in page and not {"grant", "refuse"} & buttons(page)
    wrong = act(officer, number, "schedule", day="tomorrow", hour="9", place="一号亭")
    assert wrong.status_code == 422 and "一号亭" in wrong.content.decode()
    assert act(officer, number, "schedule", day="2099-03-09", hour="09:30", place="一号亭").status_code == 302
    assert "2099-03-09 09:30" in shown(officer, number)
    assert act(officer, number, "inspect", passed="yes", text="合格").status_code == 302
    assert {"grant", "grant_in_part", "refuse", "check"} <= buttons(shown(officer, number))
    nothing = act(officer, number, "grant_in_part", reason="conditions-not-met", text="没有冷柜")
    assert nothing.status_code == 422 and "没有冷柜" in nothing.content.decode()
    assert act(officer, number, "grant_in_part", parts=["hot"], reason="conditions-not-met").status_code == 302
    assert states(number)[LICENCE_STEP] == "granted_in_part"


def test_what_was_granted_is_delivered_and_may_be_revoked_as_everybody_can_verify(number: str) -> None:
    officer, head = signed_in("officer", "market"), signed_in("head", "market")
    do(ScheduleInspection(number, "visit", 4_000_000_000_000_000, "一号亭"), _actor(officer))
    act(officer, number, "inspect", passed="yes", text="合格")
    act(officer, number, "check", material="proof", kept="yes", text="属实")
    act(officer, number, "grant")
    assert LICENCE_STEP in officer.get("/workbench/?state=deliver").content.decode()
    assert act(officer, number, "deliver").status_code == 422
    assert act(officer, number, "deliver", way="post").status_code == 302
    code = Notice.objects.get(kind="grant").code
    assert "has been revoked" not in Client(headers={"accept-language": "en"}).get(f"/verify/{code}/").content.decode()
    assert "revoke" not in buttons(shown(officer, number))
    assert act(head, number, "revoke", reason="obtained-by-deceit", text="材料虚假").status_code == 302
    assert Output.objects.get(step__key=LICENCE_STEP).status == "revoked"
    assert "has been revoked" in Client(headers={"accept-language": "en"}).get(f"/verify/{code}/").content.decode()


def _actor(client: Client) -> Any:
    from zhengtong.organization.models import Account

    return actor_of_account(Account.objects.get(username="officer-market"))


# --- the applicant --------------------------------------------------------------------------------------------------


def test_an_applicant_promises_and_commits_on_the_form_and_supplies_later(number: str) -> None:
    resident = Client(headers={"accept-language": "en"})
    resident.force_login(account("someone"))
    address, filled = "/life-events/kiosk/apply/", {"contact_mobile": "13800001000", "submit": "1"}
    refused = resident.post(address, {**filled, "act_key": key(), "later-plan": "on"})
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "make the commitment" in page and "promise it within 10 days" in page and "promise it within 5" not in page
    assert 'name="later-plan" checked' in page and "I have no debts." in page and "commit-plan" not in page
    boxes = {"later-plan": "on", "later-photo": "on", "commit-proof": "on"}
    window = dict(re.findall(r'name="(draft_\w+)" value="([^"]*)"', page))
    done = resident.post(address, {**filled, **boxes, **window, "act_key": key()})
    assert done.status_code == 302, done.content.decode()[:400]
    mine = done["location"]
    status = open_case(mine.strip("/").split("/")[-1], LICENCE_STEP, lock=False).status
    assert (set(status.promised), status.commitments) == ({"plan", "photo"}, {"proof": "open"})
    assert "Documents you promised" in resident.get(mine).content.decode()
    nothing = resident.post(f"{mine}supply/", {"act_key": key()})
    assert nothing.status_code == 422 and "add at least one" in nothing.content.decode()
    files = {"plan": SimpleUploadedFile("plan.pdf", pdf(), "application/pdf")}
    supplied = resident.post(f"{mine}supply/", {**files, "act_key": key()})
    assert supplied.status_code == 302, supplied.content.decode()[:3000]
    status = open_case(mine.strip("/").split("/")[-1], LICENCE_STEP, lock=False).status
    assert set(status.promised) == {"photo"}
