# SPDX-License-Identifier: Apache-2.0
"""Whatever people write about people stays in the personal rows and files, and appears nowhere else.

Names, numbers, addresses are planted in every field that a person or an officer can fill, a whole journey is gone
through pages and actions, the record sealed and exported, a log imported; then everything else is searched.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from django.contrib.sessions.models import Session
from django.db import connection

from people import FORM, PARENT, account, actor, do, officer, publish, submission
from visits import APPLY, apply, decide, form, officer_of, picture, post, visitor, window
from zhengtong.acts.actor import SYSTEM, Actor, Role
from zhengtong.acts.outbox import deliver
from zhengtong.city.identifiers import id_check_character
from zhengtong.errors import FormFaults
from zhengtong.evaluation.definition import LogMapping
from zhengtong.evaluation.importing import import_source
from zhengtong.ledger.models import Event
from zhengtong.organization.actions.close_task import CloseTask
from zhengtong.organization.actions.decline_task import DeclineTask
from zhengtong.organization.actions.give_feedback import GiveFeedback
from zhengtong.organization.actions.open_account import OpenAccount
from zhengtong.organization.actions.open_task import OpenTask
from zhengtong.organization.actions.propose_task import ProposeTask
from zhengtong.organization.actions.send_back_task import SendBackTask
from zhengtong.organization.persons import Person
from zhengtong.services.actions.check_rating import CheckRating
from zhengtong.services.actions.not_accept_step import NotAcceptStep
from zhengtong.services.actions.rate_case import RateCase
from zhengtong.services.actions.record_external_answer import RecordExternalAcceptance, RecordExternalDecision
from zhengtong.services.actions.repair_rating import RepairRating
from zhengtong.services.models import Case
from zhengtong.site.worker import seal

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def identity(serial: int) -> str:
    body = f"99990019880{serial % 9 + 1}15{serial:03d}"
    return body + id_check_character(body)


# What is planted, and where; each is told apart from all others.
CHILD, MOTHER, FATHER = "欧阳槿夕", "司徒望舒", "南宫既白"
MOTHER_ID, FATHER_ID, HELPED_ID, OPENED_ID, ISSUER_ID = (identity(n) for n in (101, 202, 303, 404, 505))
MOBILE, OTHER_MOBILE = "13912345678", "13787654321"
ADDRESS, POSTAL = "明川市临江区琅琊巷七十七号", "明川市云溪区蓼汀路九十九号"
CERTIFICATE = "Q777888999"
WORDS = {
    "correction": "请致电皇甫云岫核对姓名",
    "refusal": "申屠若棠与证件不符",
    "not_accepted": "宇文暮归住址不在本市",
    "title": "公孙听雨投诉办理太慢",
    "aim": "让公冶长乐满意",
    "feedback": "已向澹台镜明道歉",
    "declined": "与太叔行舟重复",
    "sent_back": "赫连清越仍未答复",
    "rating": "轩辕拾光态度不好",
    "checked": "核实令狐问舟所说属实",
    "repaired": "已向钟离未央致歉",
    "wrong": "上官疏桐<script>",
    "log": "东方未晞",
    "file": "司马南枝身份证",
    "helped": "长孙无咎",
    "opened": "慕容听澜",
}
SECRETS = [
    CHILD, MOTHER, FATHER, MOTHER_ID, FATHER_ID, HELPED_ID, OPENED_ID, ISSUER_ID, MOBILE, OTHER_MOBILE, ADDRESS, POSTAL,
    CERTIFICATE, *WORDS.values(),
]  # fmt: skip

PERSONAL = {
    "services_caseform": {"values"},
    "services_contact": {"email"},
    "services_draft": {"values", "materials"},
    "services_material": {"filename"},
    "services_correctionrequest": {"text"},
    "services_notice": {"text"},
    "services_output": {"issuer_number"},
    "services_rating": {"text", "answer"},
    "organization_firm": {"name", "code"},
    "organization_account": {"username", "name", "identity_number", "mobile"},
    "organization_supervisedtask": {"title", "aim"},
    "organization_taskfeedback": {"text"},
}
"""The only columns that may hold what people write, all of them erasable with their row."""

FILES = ("uploads/", "notices/")
"""The only files: what was uploaded, and the notices made out to people."""


def forms_of(secret: str) -> list[str]:
    """As itself, as JSON writes it in ASCII, and as hashes that anybody could enumerate."""
    raw = secret.encode()
    unsalted = [hashlib.new(name, raw).hexdigest() for name in ("sha256", "md5", "sha1")]
    return [secret, json.dumps(secret)[1:-1], *unsalted]


def found_in(text: str) -> list[str]:
    lowered = text.lower()
    return [secret for secret in SECRETS for form_ in forms_of(secret) if form_.lower() in lowered]


def rows() -> Iterator[tuple[str, str, str]]:
    """(table, column, text) of everything in the database."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {quote(table)}")
            columns = [column[0] for column in cursor.description or ()]
            for row in cursor.fetchall():
                for column, value in zip(columns, row, strict=True):
                    yield table, column, value if isinstance(value, str) else repr(value)
    for session in Session.objects.all():
        yield "django_session", "decoded", repr(session.get_decoded())


def files(state: Path) -> Iterator[tuple[str, str]]:
    """(name, content) of every file of the state folder; Parquet as what is in it, the rest as bytes."""
    for path in sorted(state.rglob("*")):
        if not path.is_file():
            continue
        name = path.relative_to(state).as_posix()
        if path.suffix == ".parquet":
            told = duckdb.sql(f"SELECT * FROM read_parquet('{path}')").fetchall()
            yield name, name + repr(told)
        yield name, name + path.read_bytes().decode("utf-8", "replace")


# --- the journey --------------------------------------------------------------------------------------------------

FILLED = FORM | {
    "child_name": CHILD, "mother_name": MOTHER, "mother_id": MOTHER_ID, "father_name": FATHER, "father_id": FATHER_ID,
    "contact_mobile": MOBILE, "household_address": ADDRESS, "birth_certificate_number": CERTIFICATE,
    "delivery_method": "post", "postal_address": POSTAL,
}  # fmt: skip
OFFICE = Actor("6" * 32, frozenset({Role("government_office", "office")}))
LEADER = Actor("7" * 32, frozenset({Role("leader")}))


def journey_of_a_case() -> str:
    """Through the pages: a wrong form, the right one, a correction, a refusal, an external grant, a bad rating."""
    parent = account("parent", mobile=OTHER_MOBILE, identity_number=HELPED_ID)
    client = visitor(parent)
    wrong = form(**{**FILLED, "child_name": WORDS["wrong"], "father_id": FATHER_ID[:-1] + "0"})
    refused = client.post(APPLY, wrong)
    assert refused.status_code == 422
    case = apply(client, **FILLED, **window(refused), **{"birth-certificate": picture(f"{WORDS['file']}.png")})
    for step in ("birth-registration", "vaccination-record"):
        asked = decide(case, step, "ask", items=["child_name"], text=WORDS["correction"])
        assert asked.status_code == 302
    assert post(client, f"/my/{case}/correct/", child_name=CHILD + "儿").status_code == 302
    for act in ("accept", "grant"):
        assert decide(case, "birth-registration", act).status_code == 302
    decide(case, "vaccination-record", "accept")
    refused = decide(
        case, "vaccination-record", "refuse", reason="conditions-not-met", text=WORDS["refusal"]
    )  # the officer's words
    assert refused.status_code == 302
    not_accepted = NotAcceptStep(case, "resident-insurance", "not-needed", WORDS["not_accepted"])
    do(not_accepted, officer("insurance"))
    do(RecordExternalAcceptance(case, "social-security-card"), SYSTEM)
    do(RecordExternalDecision(case, "social-security-card", True, ISSUER_ID), SYSTEM)
    rating = do(RateCase(case, 1, (), WORDS["rating"]), actor(parent)).result["rating"]
    do(CheckRating(rating, True, WORDS["checked"]), officer("health"))
    do(RepairRating(rating, WORDS["repaired"]), officer("health"))
    officer_of("birth-registration").get(f"/workbench/{case}/birth-registration/")
    return case


def journey_of_officials() -> None:
    for matter, words in (("m-1", "title"), ("m-2", "declined")):
        task = do(ProposeTask(WORDS["title"], WORDS["aim"], "police", matter), LEADER).result["task"]
        if words == "declined":
            do(DeclineTask(task, WORDS["declined"]), OFFICE)
            continue
        do(OpenTask(task, "police", "normal"), OFFICE)
        do(GiveFeedback(task, WORDS["feedback"], done=True), officer("police"))
        do(SendBackTask(task, WORDS["sent_back"]), OFFICE)
        do(GiveFeedback(task, WORDS["feedback"], done=True), officer("police"))
        do(CloseTask(task), OFFICE)
    do(OpenAccount("opened", WORDS["opened"], "hash", OPENED_ID, OTHER_MOBILE), SYSTEM)


def log_with_people(folder: Path) -> Path:
    path = folder / "log.csv"
    lines = [f"c{n},受理,2026-01-0{n}T00:00:00Z,{WORDS['log']},{MOTHER_ID},{MOBILE}" for n in range(1, 5)]
    path.write_text("\n".join(["case_id,activity,timestamp,applicant,number,phone", *lines]) + "\n", "utf-8")
    return path


@pytest.fixture
def travelled(state: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> str:
    """The case of a journey after which everything is sealed, exported and delivered; returns its number."""
    caplog.set_level(logging.DEBUG)
    version = publish()
    case = journey_of_a_case()
    helped = Person(WORDS["helped"], identity(606), MOBILE)
    clerk = Actor("3" * 32, frozenset({Role("clerk", "service-hall")}))
    do(submission(version, raw=FILLED, on_behalf_of=helped), clerk)
    with pytest.raises(FormFaults):
        do(submission(version, raw=FILLED, answers={"parents": MOTHER}), PARENT)
    journey_of_officials()
    columns = {"case": "case_id", "activity": "activity", "timestamp": "timestamp"}
    mapping = LogMapping.model_validate({"columns": columns})
    import_source(log_with_people(tmp_path), "town", state, now_us=1, mapping=mapping)
    while deliver():
        pass
    seal()
    return case


def test_what_people_write_is_in_their_rows_and_nowhere_else(
    travelled: str, state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    held: set[str] = set()
    for table, column, text in rows():
        found = found_in(text)
        if column in PERSONAL.get(table, set()):
            held |= set(found)
        else:
            assert not found, f"{table}.{column} holds {found}"
    for name, text in files(state):
        found = found_in(text)
        if not name.startswith(FILES):
            assert not found, f"{name} holds {found}"
    logged = [record.getMessage() for phase in ("setup", "call") for record in caplog.get_records(phase)]
    assert any("/life-events/newborn/apply/" in line for line in logged), "the wrong form was told of"
    assert not found_in("\n".join(logged))
    # what was planted really went through: else nothing was searched for
    lost = {WORDS[name] for name in ("wrong", "log", "declined", "sent_back", "checked")}
    assert set(SECRETS) - lost <= held
    assert Event.objects.count() > 40
    names = [name for name, _ in files(state)]
    assert any(name.startswith("ledger/") and name.endswith(".parquet") for name in names)
    assert any(name.startswith("sources/") and name.endswith(".parquet") for name in names)


def test_the_search_itself_finds_what_stands_where_it_should_not(travelled: str, state: Path) -> None:
    """A check that cannot fail is none: the same search over a row, a file and a hash that were slipped in."""
    Case.objects.filter(number=travelled).update(channel=CHILD[:4])
    assert any(found_in(text) for table, column, text in rows() if (table, column) == ("services_case", "channel"))
    (state / "ledger" / "note.txt").write_text(json.dumps({"who": MOTHER}), "utf-8")
    assert any(found_in(text) for name, text in files(state) if name == "ledger/note.txt")
    duckdb.sql(
        f"COPY (SELECT '{hashlib.sha256(MOTHER_ID.encode()).hexdigest()}' AS h) TO '{state / 'ledger' / 'x.parquet'}'"
    )
    assert any(found_in(text) for name, text in files(state) if name == "ledger/x.parquet")


def test_every_event_carries_codes_only(travelled: str) -> None:
    """Nothing but ASCII: no sentence and no name of this city's language can be among them."""
    for event in Event.objects.all():
        told = json.dumps([event.type, event.actor, event.department, event.attributes], ensure_ascii=False)
        assert told.isascii(), told
        for related in event.objects_touched.all():
            assert f"{related.object_type}{related.object_id}".isascii()
