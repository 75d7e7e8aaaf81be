# SPDX-License-Identifier: Apache-2.0
"""Who is told what, once; what leaves the house by e-mail and webhook, and what happens when its sending breaks off."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import smtplib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.core import mail

from people import FORM, account, actor, do, grant, officer, publish, submission, submit
from visits import links, post, said, tree, visitor
from zhengtong.acts.actor import Actor
from zhengtong.acts.models import OutboxMessage
from zhengtong.acts.outbox import deliver
from zhengtong.acts.perform import bulk, now_us
from zhengtong.errors import Conflict, FormFaults, Unavailable
from zhengtong.organization.actions.give_mandate import GiveMandate
from zhengtong.organization.persons import Person
from zhengtong.services import sending, sweep, telling
from zhengtong.services.actions.ask_correction import AskCorrection
from zhengtong.services.actions.set_contact import SetContact, VerifyEmail, token_for
from zhengtong.services.definition_applicants import SubscriptionFile
from zhengtong.services.models import Contact, Delivery, Message, Step
from zhengtong.services.sending import deliver_message, signature

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def version(state: Path, transactional_db: None) -> str:
    return publish()


@pytest.fixture
def parent() -> Any:
    return account("parent")


def tell_all() -> None:
    """The part of the worker's turn that tells people."""
    for row in OutboxMessage.objects.filter(topic="services.tell", done_us=None):
        telling.tell_of_events(row.payload)


def told(recipient: str) -> list[str]:
    return list(Message.objects.filter(recipient=recipient).order_by("id").values_list("kind", flat=True))


class TestWhoIsTold:
    def test_the_applicant_hears_of_what_departments_do_and_departments_of_new_steps(
        self, version: str, parent: Any
    ) -> None:
        number = submit(version, actor(parent))
        do(AskCorrection(number, "birth-registration", ("child_name",), "请核对"), officer("police"))
        tell_all()
        assert told(parent.pseudonym) == ["correction_asked"], "nobody is told what he did himself"
        assert told("department:police") == ["step_received"] and told("department:hr") == []
        grant(number, "vaccination-record")
        tell_all()
        assert "step_granted" in told(parent.pseudonym)

    def test_whoever_may_act_for_the_applicant_is_told_too_within_his_matters(self, version: str, parent: Any) -> None:
        helper, other = account("helper", identity_number="999900199003121009"), account("other")
        other.identity_number = "999900199103121014"
        other.save()
        do(GiveMandate(Person("helper", helper.identity_number), parent.pseudonym), actor(parent))
        scope = ("restaurant",)
        do(GiveMandate(Person("other", other.identity_number), parent.pseudonym, matters=scope), actor(parent))
        do(submission(version, principal=parent.pseudonym), actor(helper))
        tell_all()
        assert told(helper.pseudonym) == ["mandate_given"] and told(parent.pseudonym) == ["case_submitted"]
        assert "case_submitted" not in told(other.pseudonym)

    def test_looking_at_the_same_events_again_tells_nobody_twice(self, version: str, parent: Any) -> None:
        submit(version, actor(parent))
        tell_all()
        before = Message.objects.count()
        tell_all()
        assert before and Message.objects.count() == before

    def test_a_simulated_past_tells_nobody(self, version: str, parent: Any) -> None:
        with bulk() as batch:
            batch.perform(submission(version, demo=True), actor(parent), "a" * 32)
        assert not OutboxMessage.objects.filter(topic="services.tell").exists()

    def test_a_department_is_reminded_once_of_a_step_that_is_due_soon(self, version: str, parent: Any) -> None:
        number = submit(version, actor(parent))
        now = now_us()
        Step.objects.filter(due_us__lt=now + 5 * 86_400_000_000).update(due_us=None)
        assert sweep.remind(now) == 0
        Step.objects.filter(case__number=number, key="birth-registration").update(due_us=now + 3_600_000_000)
        assert (sweep.remind(now), sweep.remind(now)) == (1, 0)
        assert told("department:police") == ["step_near"]

    def test_a_message_holds_no_word_about_a_person(self, version: str, parent: Any) -> None:
        submit(version, actor(parent))
        tell_all()
        kept = str(list(Message.objects.values()))
        assert not any(FORM[key] in kept for key in ("child_name", "mother_name", "mother_id", "contact_mobile"))


class TestInbox:
    def test_the_header_counts_the_list_leads_on_and_what_is_opened_is_read(self, version: str, parent: Any) -> None:
        number = submit(version, actor(parent))
        do(AskCorrection(number, "birth-registration", ("child_name",), "请核对"), officer("police"))
        tell_all()
        client = visitor(parent)
        assert "1 new" in " ".join(tree(client.get("/my/")).find_class("top")[0].text_content().split())
        page = client.get("/messages/")
        assert "Something has to be corrected" in said(page) and number in said(page)
        pk = Message.objects.get(recipient=parent.pseudonym).pk
        assert client.post(f"/messages/{pk}/")["Location"] == f"/my/{number}/"
        assert "1 new" not in client.get("/my/").content.decode()
        assert visitor(account("stranger")).post(f"/messages/{pk}/").status_code == 404
        assert links(client.get("/messages/"), "/messages/notifications/")

    def test_officers_share_the_messages_of_their_department(self, version: str, parent: Any) -> None:
        number = submit(version, actor(parent))
        tell_all()
        police = visitor(account("officer", "officer", "police"))
        assert number in said(police.get("/messages/"))
        assert police.post("/messages/read/").status_code == 302
        assert not Message.objects.filter(recipient="department:police", read_us=None).exists()
        assert Message.objects.filter(recipient="department:cdc", read_us=None).exists()


class TestContact:
    def test_a_new_address_counts_only_once_its_owner_opened_the_link(self, parent: Any) -> None:
        client = visitor(parent)
        assert post(client, "/messages/notifications/", email="no address").status_code == 422
        assert post(client, "/messages/notifications/", email="lin@example.org", wanted="1").status_code == 302
        deliver()
        (letter,) = mail.outbox
        assert letter.to == ["lin@example.org"]
        address = next(word for word in letter.body.split() if "token=" in word).split("127.0.0.1:8000")[-1]
        assert Contact.objects.get().verified_us is None
        client.get(address)
        assert Contact.objects.get().verified_us is None, "programs that look at links press no button"
        assert post(client, address).status_code == 302
        assert Contact.objects.get().verified_us

    def test_a_link_is_good_for_its_person_and_address_alone(self, parent: Any) -> None:
        do(SetContact("lin@example.org", True), actor(parent))
        token = token_for(Contact.objects.get())
        other = account("other")
        do(SetContact("other@example.org", True), actor(other))
        for who, wrong in ((other, token), (parent, token[:-1] + "x"), (parent, "")):
            with pytest.raises(Conflict):
                do(VerifyEmail(wrong), actor(who))
        do(SetContact("new@example.org", True), actor(parent))
        with pytest.raises(Conflict):
            do(VerifyEmail(token), actor(parent))
        with pytest.raises(FormFaults):
            do(SetContact("", True), actor(parent))


def ready(parent: Any, version: str) -> Delivery:
    """A delivery by e-mail that waits."""
    do(SetContact("lin@example.org", True, language="en"), actor(parent))
    do(VerifyEmail(token_for(Contact.objects.get())), actor(parent))
    number = submit(version, actor(parent))
    do(AskCorrection(number, "birth-registration", ("child_name",), "请核对林知夏的姓名"), officer("police"))
    tell_all()
    return Delivery.objects.get(channel="email")


class TestEmail:
    def test_it_says_what_and_where_and_nothing_about_the_person(self, parent: Any, version: str) -> None:
        row = ready(parent, version)
        deliver_message({"delivery": row.pk})
        deliver_message({"delivery": row.pk})
        (letter,) = mail.outbox
        assert "Something has to be corrected" in letter.subject and f"/my/{row.message.case}/" in letter.body
        assert "林知夏" not in letter.body + letter.subject
        row.refresh_from_db()
        assert row.state == "sent"

    def test_a_worker_killed_while_it_sent_leaves_a_doubt_and_no_second_letter(
        self, parent: Any, version: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row = ready(parent, version)

        def killed(_row: Delivery) -> bool:
            raise KeyboardInterrupt

        monkeypatch.setitem(sending.SENDERS, "email", killed)
        with pytest.raises(KeyboardInterrupt):
            deliver_message({"delivery": row.pk})
        monkeypatch.undo()
        deliver_message({"delivery": row.pk})
        row.refresh_from_db()
        assert (row.state, mail.outbox) == ("unsure", [])

    @pytest.mark.parametrize(
        "broken_off",
        [
            (ConnectionRefusedError(), "open", "waiting"),
            (smtplib.SMTPDataError(451, b"later"), "send_messages", "waiting"),
            (smtplib.SMTPServerDisconnected(), "send_messages", "unsure"),
        ],
    )
    def test_only_what_surely_did_not_arrive_is_tried_again(
        self, parent: Any, version: str, monkeypatch: pytest.MonkeyPatch, broken_off: tuple[Exception, str, str]
    ) -> None:
        fault, at, state = broken_off
        row = ready(parent, version)

        def broken(*_arguments: object) -> None:
            raise fault

        monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend." + at, broken)
        if state == "waiting":
            with pytest.raises(Unavailable):
                deliver_message({"delivery": row.pk})
        else:
            deliver_message({"delivery": row.pk})
        row.refresh_from_db()
        assert row.state == state
        monkeypatch.undo()
        deliver_message({"delivery": row.pk})
        assert len(mail.outbox) == (1 if state == "waiting" else 0)

    def test_who_changed_his_mind_gets_no_letter(self, parent: Any, version: str) -> None:
        row = ready(parent, version)
        do(SetContact("lin@example.org", False), actor(parent))
        deliver_message({"delivery": row.pk})
        assert mail.outbox == []


class _Receiver(BaseHTTPRequestHandler):
    got: ClassVar[list[tuple[dict[str, str], bytes]]] = []
    answers: ClassVar[list[int]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(self.answers.pop(0) if self.answers else 204)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        return


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Receiver]]:
    """A department's own system on the loopback, subscribed to what its department is told."""
    _Receiver.got, _Receiver.answers = [], []
    server = HTTPServer(("127.0.0.1", 0), _Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    secret = tmp_path / "secret"
    secret.write_bytes(b"between us\n")
    monkeypatch.setenv("ZHENGTONG_WEBHOOK_POLICE_DESK_URL", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("ZHENGTONG_WEBHOOK_POLICE_DESK_SECRET_FILE", str(secret))
    name = {"zh": "公安系统", "en": "Police"}
    desk = SubscriptionFile.model_validate({"key": "police-desk", "name": name, "department": "police", "of": []})

    class Subscribed:
        def all(self, _kind: object) -> list[SubscriptionFile]:
            return [desk]

    monkeypatch.setattr(telling, "city", Subscribed)
    yield _Receiver
    server.shutdown()
    thread.join()
    server.server_close()


class TestWebhook:
    def test_it_is_signed_carries_codes_alone_and_comes_again_under_the_same_id(
        self, version: str, parent: Any, receiver: type[_Receiver]
    ) -> None:
        number = submit(version, actor(parent))
        tell_all()
        row = Delivery.objects.get(channel="webhook")
        receiver.answers[:] = [503]
        with pytest.raises(Unavailable):
            deliver_message({"delivery": row.pk})
        Delivery.objects.filter(pk=row.pk).update(state="sending")  # as a killed worker leaves it
        deliver_message({"delivery": row.pk})
        deliver_message({"delivery": row.pk})
        (_first, _body), (headers, body) = receiver.got
        assert {sent[0]["webhook-id"] for sent in receiver.got} == {f"message-{row.pk}"}
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        proof = base64.b64encode(hmac.new(b"between us", signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{proof}"
        assert json.loads(body)["case"] == number and FORM["child_name"] not in body.decode()

    def test_without_an_address_it_waits(self, version: str, parent: Any, receiver: Any, monkeypatch: Any) -> None:
        submit(version, actor(parent))
        tell_all()
        monkeypatch.delenv("ZHENGTONG_WEBHOOK_POLICE_DESK_URL")
        with pytest.raises(Unavailable, match="not set"):
            deliver_message({"delivery": Delivery.objects.get().pk})
        assert Delivery.objects.get().state == "waiting"

    def test_the_signature_is_that_of_the_convention(self) -> None:
        secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        signed = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
        assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_stranger_to_every_department_reads_his_own_alone() -> None:
    assert telling.inboxes(Actor("a")) == ["a"]
