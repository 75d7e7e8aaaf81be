# SPDX-License-Identifier: Apache-2.0
"""Receipts judged by the verifier, in process and as the one file others copy."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ledger.factory import NOW, behind_the_back, run, write
from zhengtong.errors import Contradicted, NotFound, WrongUse
from zhengtong.ledger import publishing, verifier
from zhengtong.ledger.composed import Log
from zhengtong.ledger.crypto import CryptoProvider
from zhengtong.ledger.record import RecordedEvent
from zhengtong.ledger.rules import notes
from zhengtong.ledger.verifier import verify_bundle

pytestmark = pytest.mark.database


@dataclass
class Story:
    """20 events under a first checkpoint, 37 under a second."""

    log: Log
    events: list[RecordedEvent]
    key: str
    old: str
    new: str


@pytest.fixture
def story(log: Log) -> Story:
    events = write(20)
    old = log.seal(now_us=NOW).note
    events += write(17, document="ab" * 32)
    new = log.seal(now_us=NOW + 1).note
    return Story(log, events, log.key_file(), old, new)


def test_an_unsealed_event_is_promised_and_never_proven(log: Log) -> None:
    sealed = write(1)
    note = log.seal(now_us=NOW).note
    (event,) = write(1)
    for bundle in (log.promise(event), log.prove(event.id)):
        for checkpoint in (None, note):
            verdict = verify_bundle(json.dumps(bundle), log.key_file(), checkpoint, now_us=NOW)
            assert (verdict.state, verdict.overdue) == ("promised", False)
            assert verdict.event is not None and verdict.event["id"] == event.id != sealed[0].id


def test_a_promise_not_kept_in_time_is_said_to_be_overdue(log: Log) -> None:
    (event,) = write(1)
    bundle = replace(log, within_s=60).promise(event)
    assert not verify_bundle(bundle, log.key_file(), now_us=NOW + 60_000_000).overdue
    late = verify_bundle(bundle, log.key_file(), now_us=NOW + 60_000_001)
    assert (late.state, late.overdue) == ("promised", True)
    assert "overdue" in late.reasons[0][1]


def test_every_sealed_event_is_proven_against_the_checkpoint_it_lies_in(story: Story) -> None:
    for event in story.events:
        verdict = verify_bundle(json.dumps(story.log.prove(event.id)), story.key, story.new)
        assert (verdict.state, verdict.size) == ("proven", 37)
        assert verdict.event is not None and verdict.event["id"] == event.id


def test_an_older_trusted_checkpoint_needs_and_gets_a_consistency_proof(story: Story) -> None:
    late = story.events[30].id
    assert verify_bundle(story.log.prove(late), story.key, story.old).state == "promised"
    assert verify_bundle(story.log.prove(late, since=20), story.key, story.old).state == "proven"
    early = story.log.prove(story.events[3].id, at=20)
    assert verify_bundle(early, story.key, story.old).state == "proven"
    assert verify_bundle(early, story.key, story.new).state == "promised"
    newer = story.log.prove(story.events[3].id, at=20, since=37)
    assert verify_bundle(newer, story.key, story.new).state == "proven"


def test_without_a_trusted_checkpoint_nothing_is_proven(story: Story) -> None:
    assert verify_bundle(story.log.prove(story.events[0].id), story.key).state == "promised"


def test_a_receipt_and_the_record_changed_afterwards_contradict_each_other(log: Log) -> None:
    """The three minutes: one row changed in the database, and the proof of it no longer holds."""
    (event,) = write(1)
    promise = log.promise(event)
    note = log.seal(now_us=NOW).note
    with behind_the_back():
        run("UPDATE ledger_event SET actor = 'p-0000'")
    assert verify_bundle(log.prove(event.id), log.key_file(), note).state == "contradicted"
    resigned = {**log.prove(event.id), "promise": promise["promise"]}
    assert verify_bundle(resigned, log.key_file(), note).state == "contradicted"


def test_an_operator_who_rewrites_and_signs_anew_is_caught_by_the_published_checkpoint(story: Story) -> None:
    """Same key, another history: the forged checkpoint is signed, and still nothing is proven."""
    log, victim = story.log, story.events[30].id
    with behind_the_back():
        run("UPDATE ledger_event SET actor = 'p-0000' WHERE id = %s", victim)
        for table in ("leaf", "node", "checkpoint"):
            run(f"DELETE FROM ledger_{table}")
        run("INSERT INTO ledger_unsealed (event_id) SELECT id FROM ledger_event")
    shutil.rmtree(publishing.folder(log))
    forged = log.seal(now_us=NOW + 1)
    assert forged.size == 37
    assert verify_bundle(log.prove(victim), story.key, forged.note).state == "proven"
    assert verify_bundle(log.prove(victim), story.key, story.new).state == "contradicted"
    assert verify_bundle(log.prove(victim, since=20), story.key, story.old).state == "proven", (
        "before 20 nothing changed"
    )
    assert verify_bundle(log.prove(story.events[0].id), story.key, story.new).state == "contradicted"


def _bits(text: str, place: int) -> str:
    raw = bytearray(base64.b64decode(text))
    raw[place % len(raw)] ^= 1 << place % 8
    return base64.b64encode(raw).decode()


def _mutations(bundle: dict[str, Any], random_: random.Random) -> list[dict[str, Any]]:
    proof, link, leaf = bundle["proof"], bundle["consistency"], bundle["leaf"]
    place, other = random_.randrange(len(proof)), random_.randrange(len(link["proof"]))
    at = random_.randrange(len(leaf))
    swapped = leaf[:at] + ("x" if leaf[at] != "x" else "y") + leaf[at + 1 :]
    changed_link = [
        *link["proof"][:other],
        _bits(link["proof"][other], random_.randrange(256)),
        *link["proof"][other + 1 :],
    ]
    return [
        {**bundle, "leaf": swapped},
        {**bundle, "leaf": leaf.replace('"health"', '"police"')},
        {**bundle, "leaf": leaf + " "},
        {**bundle, "index": bundle["index"] ^ 1},
        {**bundle, "index": bundle["index"] + 37},
        {**bundle, "index": -1},
        {**bundle, "proof": [*proof[:place], _bits(proof[place], random_.randrange(256)), *proof[place + 1 :]]},
        {**bundle, "proof": proof[:place] + proof[place + 1 :]},
        {**bundle, "proof": [*proof, proof[place]]},
        {**bundle, "proof": []},
        {**bundle, "checkpoint": bundle["checkpoint"].replace("\n37\n", "\n38\n")},
        {**bundle, "checkpoint": _note_with(bundle["checkpoint"], 2, _bits(bundle["checkpoint"].split("\n")[2], at))},
        {**bundle, "consistency": {**link, "proof": changed_link}},
        {**bundle, "consistency": {**link, "proof": link["proof"][:-1]}},
        {**bundle, "consistency": {**link, "proof": [*link["proof"], link["proof"][0]]}},
        {**bundle, "consistency": {**link, "old": 19}},
        {**bundle, "consistency": None},
    ]


def _note_with(note: str, line: int, text: str) -> str:
    lines = note.split("\n")
    return "\n".join([*lines[:line], text, *lines[line + 1 :]])


def test_thousands_of_forged_bundles_are_never_proven(story: Story) -> None:
    random_, tried = random.Random(7), 0
    for _ in range(6):
        for event in story.events[20:]:
            bundle: dict[str, Any] = story.log.prove(event.id, since=20)
            assert verify_bundle(bundle, story.key, story.old).state == "proven"
            for forged in _mutations(bundle, random_):
                tried += 1
                try:
                    assert verify_bundle(forged, story.key, story.old).state != "proven", forged
                except verifier.Malformed:
                    continue
    assert tried > 1700


def test_signatures_of_a_second_key_of_the_same_name_prove_nothing(story: Story, tmp_path: Path) -> None:
    second = replace(story.log, crypto=CryptoProvider.from_state(tmp_path / "second"))
    bundle = story.log.prove(story.events[0].id)
    text = str(bundle["checkpoint"]).rpartition("\n\n")[0] + "\n"
    own_note = second.crypto.note(text, second.origin)
    assert verify_bundle({**bundle, "checkpoint": own_note}, story.key, story.new).state == "contradicted"
    assert verify_bundle(bundle, second.key_file(), story.new).state == "contradicted"
    assert verify_bundle(bundle, story.key, own_note).state == "contradicted"


def test_the_key_and_checkpoint_inside_a_bundle_are_never_the_trusted_ones(log: Log, tmp_path: Path) -> None:
    """A bundle that brings its own key along and is consistent in itself."""
    stranger = replace(log, crypto=CryptoProvider.from_state(tmp_path / "stranger"))
    (event,) = write(1)
    note = stranger.seal(now_us=NOW).note
    bundle = {**stranger.prove(event.id), "key": stranger.key_file(), "trusted": note}
    assert verify_bundle(bundle, log.key_file(), note).state == "contradicted"
    assert verify_bundle(bundle, stranger.key_file(), note).state == "proven"


def test_a_replayed_promise_does_not_cover_another_event(log: Log) -> None:
    one, two = write(2)
    replayed = {**log.promise(two), "promise": log.promise(one)["promise"]}
    assert verify_bundle(replayed, log.key_file()).state == "contradicted"


def test_a_checkpoint_of_another_hash_is_not_linked(story: Story) -> None:
    text = notes.checkpoint_text(
        origin=story.log.origin, size=37, root=base64.b64decode(story.new.split("\n")[2]), time_us=1, hash="sm3"
    )
    other = story.log.crypto.note(text, story.log.origin)
    assert verify_bundle(story.log.prove(story.events[0].id), story.key, other).state == "contradicted"


def test_a_document_is_checked_against_the_hash_its_event_carries(log: Log) -> None:
    document = "办结通知书".encode()
    (event,) = write(1, document=hashlib.sha256(document).hexdigest())
    note = log.seal(now_us=NOW).note
    bundle = log.prove(event.id, kind="document", extra={"attribute": "document"})
    assert verify_bundle(bundle, log.key_file(), note, document=document).state == "proven"
    assert verify_bundle(bundle, log.key_file(), note, document=document + b"!").state == "contradicted"
    elsewhere = {**bundle, "attribute": ["document"]}
    assert verify_bundle(elsewhere, log.key_file(), note, document=document).state == "contradicted"
    with pytest.raises(verifier.Malformed, match="document"):
        verify_bundle(bundle, log.key_file(), note)


def test_kinds_are_registered_once(monkeypatch: pytest.MonkeyPatch, story: Story) -> None:
    monkeypatch.setattr(verifier, "KINDS", dict(verifier.KINDS))

    @verifier.kind("score")
    def _score(bundle: Any, event: Any, document: bytes | None) -> None:
        if bundle["score"] != event["attributes"]["fields"]:
            raise verifier.Contradiction("分数不符", "the score differs")

    with pytest.raises(KeyError):
        verifier.kind("score")
    bundle = story.log.prove(story.events[0].id)
    right, wrong = ({**bundle, "kind": "score", "score": score} for score in (12, 13))
    assert verify_bundle(right, story.key, story.new).state == "proven"
    assert verify_bundle(wrong, story.key, story.new).state == "contradicted"


@pytest.mark.parametrize(
    "change",
    [
        {"format": "zhengtong-proof/9"},
        {"kind": "unheard_of"},
        {"kind": ["event"]},
        {"leaf": None},
        {"leaf": "[]"},
        {"leaf": "{"},
        {"leaf": '{"id":1,"id":2,"attributes":{}}'},
        {"leaf": "\ud800"},
        {"index": True},
        {"index": "0"},
        {"proof": "AAAA"},
        {"proof": ["A"]},
        {"proof": [7]},
        {"checkpoint": None},
        {"checkpoint": "nonsense"},
        {"promise": 5},
        {"proof": None},
    ],
)
def test_what_is_no_bundle_is_said_to_be_none(change: dict[str, Any], story: Story) -> None:
    bundle = {**story.log.prove(story.events[0].id), **change}
    with pytest.raises(verifier.Malformed) as raised:
        verify_bundle(bundle, story.key, story.new)
    assert raised.value.zh and raised.value.en


@pytest.mark.parametrize("text", ["", "null", "[]", "7", "[" * 100_000, '{"format": 1, "format": 2}'])
def test_what_is_no_json_object_is_no_bundle(text: str, story: Story) -> None:
    with pytest.raises(verifier.Malformed):
        verify_bundle(text, story.key, story.new)


def test_asking_for_what_is_not_there_is_answered_so(story: Story) -> None:
    log, event = story.log, story.events[30].id
    with pytest.raises(NotFound):
        log.prove("0" * 32)
    with pytest.raises(NotFound):
        log.prove(event, at=20)
    with pytest.raises(NotFound):
        log.prove(event, at=36)
    with pytest.raises(WrongUse):
        log.prove(event, since=38)
    with pytest.raises(WrongUse):
        log.prove(event, kind="unheard_of")
    with behind_the_back():
        run("DELETE FROM ledger_node WHERE level = 3")
    with pytest.raises(Contradicted, match="lacks a node"):
        log.prove(event)


def _alone(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the copied file where nothing of the house can be imported."""
    return subprocess.run(
        [sys.executable, "-I", str(folder / "verifier.py"), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_one_file_copied_away_tells_proven_from_promised_from_contradicted(story: Story, tmp_path: Path) -> None:
    shutil.copy(verifier.__file__, tmp_path / "verifier.py")
    bundle = story.log.prove(story.events[25].id)
    (tmp_path / "good.json").write_text(json.dumps(bundle), "utf-8")
    changed = str(bundle["leaf"]).replace('"health"', '"police"')
    (tmp_path / "changed.json").write_text(json.dumps({**bundle, "leaf": changed}), "utf-8")
    (tmp_path / "broken.json").write_text("{", "utf-8")
    (tmp_path / "key.txt").write_text(story.key, "utf-8")
    (tmp_path / "new.txt").write_text(story.new, "utf-8")
    (tmp_path / "old.txt").write_text(story.old, "utf-8")
    trust = ("--key", "key.txt", "--checkpoint")
    for arguments, code, word in (
        (("good.json", *trust, "new.txt"), 0, "proven"),
        (("good.json", *trust, "old.txt"), 1, "promised"),
        (("good.json", "--key", "key.txt"), 1, "promised"),
        (("changed.json", *trust, "new.txt"), 1, "contradicted"),
    ):
        done = _alone(tmp_path, *arguments)
        assert (done.returncode, done.stdout.split("\n")[0]) == (code, word), done.stderr
        assert "/" in done.stdout, "both languages"
    assert _alone(tmp_path, "broken.json", *trust, "new.txt").returncode == 2
    assert _alone(tmp_path, "missing.json", *trust, "new.txt").returncode == 2
    assert _alone(tmp_path, "good.json").returncode == 2, "the key is never optional"
    told = json.loads(_alone(tmp_path, "good.json", *trust, "new.txt", "--json").stdout)
    assert (told["state"], told["index"], told["event"]["id"]) == ("proven", 25, story.events[25].id)


def test_the_verifier_imports_nothing_but_the_standard_library_and_cryptography() -> None:
    source = Path(verifier.__file__).read_text("utf-8")
    imported = {line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))}
    assert imported <= set(sys.stdlib_module_names) | {"cryptography"}
