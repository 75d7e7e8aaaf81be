# SPDX-License-Identifier: Apache-2.0
"""A backup is one file, whole or not there; restored, the record has the same root and every row agrees with it."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from site_shell import Shell
from zhengtong.errors import BadInput
from zhengtong.site.keeping import databases
from zhengtong.site.keeping.restore import unpack
from zhengtong.site.keeping.sealed_box import lock, unlock

PASSPHRASE = "four calm words here"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an installation's state, its backup `one.tar.gz` and the passphrase; copied by who changes it."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "passphrase").write_text(PASSPHRASE + "\n")
    shell = Shell(folder)
    assert shell("demo", "--cases", "4").code == 0
    (folder / "state/uploads").mkdir(exist_ok=True)
    (folder / "state/uploads/a-file").write_bytes(b"what somebody handed in")
    said = shell("backup", "one.tar.gz", "--passphrase-file", "passphrase")
    assert said.code == 0, said.all
    return folder


@pytest.fixture
def elsewhere(installation: Path, tmp_path: Path) -> Shell:
    """Another machine: nothing there but the backup and the passphrase."""
    for name in ("one.tar.gz", "passphrase"):
        shutil.copy(installation / name, tmp_path)
    return Shell(tmp_path)


def root(state: Path) -> tuple[int, bytes]:
    with sqlite3.connect(state / "zhengtong.sqlite3") as file:
        size, found = file.execute("SELECT size, root FROM ledger_checkpoint ORDER BY size DESC LIMIT 1").fetchone()
    return size, bytes(found)


def test_a_restored_installation_has_the_same_root_the_same_files_and_a_clean_audit(
    installation: Path, elsewhere: Shell
) -> None:
    said = elsewhere("restore", "one.tar.gz", "--passphrase-file", "passphrase")
    assert said.code == 0, said.all
    state = elsewhere.folder / "state"
    assert root(state) == root(installation / "state")
    assert (state / "uploads/a-file").read_bytes() == b"what somebody handed in"
    assert (state / "checkpoints/latest.txt").read_text() == (installation / "state/checkpoints/latest.txt").read_text()
    audited = elsewhere("ledger", "audit", "--json").json()
    assert audited["count"] == 0 and audited["leaves"] == root(state)[0] > 0
    assert (state / "keys/log-ed25519.key").stat().st_mode & 0o077 == 0


def test_a_restored_installation_goes_on_under_the_same_key_and_numbers(elsewhere: Shell) -> None:
    assert elsewhere("restore", "one.tar.gz", "--passphrase-file", "passphrase").code == 0
    key = elsewhere("ledger", "export-key").out
    assert elsewhere("demo", "--cases", "2").code == 0
    assert elsewhere("ledger", "export-key").out == key
    assert elsewhere("ledger", "audit", "--json").json()["count"] == 0
    with sqlite3.connect(elsewhere.folder / "state/zhengtong.sqlite3") as file:
        assert file.execute("SELECT COUNT(DISTINCT number) FROM services_case").fetchone() == (6,)


def test_the_reader_s_own_key_and_checkpoint_are_what_counts_when_given(installation: Path, elsewhere: Shell) -> None:
    checkpoints = installation / "state/checkpoints"
    other = Shell(elsewhere.folder / "other")
    other.folder.mkdir()
    assert other("demo", "--cases", "1").code == 0
    theirs = other.folder / "state/checkpoints"
    command = ("restore", "one.tar.gz", "--passphrase-file", "passphrase")
    refused = elsewhere(*command, "--key", str(theirs / "key.txt"), "--checkpoint", str(theirs / "latest.txt"))
    assert refused.code == 1 and "not the checkpoint's" in refused.err
    assert not (elsewhere.folder / "state").exists()
    own = ("--key", str(checkpoints / "key.txt"), "--checkpoint", str(checkpoints / "latest.txt"))
    assert elsewhere(*command, *own).code == 0


def rewritten(file: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    """Every member of the backup through `change`; None leaves it out."""
    with tarfile.open(file) as old:
        members = [(member.name, old.extractfile(member).read()) for member in old]  # type: ignore[union-attr]
    with tarfile.open(file, "w:gz") as new:
        for name, content in members:
            changed = change(name, content)
            if changed is not None:
                info = tarfile.TarInfo(name)
                info.size = len(changed)
                new.addfile(info, io.BytesIO(changed))


def changed(ending: str, change: Callable[[bytes], bytes | None]) -> Callable[[str, bytes], bytes | None]:
    return lambda name, content: change(content) if name.endswith(ending) else content


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (changed("a-file", lambda content: content + b" "), "files/uploads/a-file"),
        (changed("a-file", lambda _: None), "files/uploads/a-file"),
        (changed("backup.json", lambda _: None), "broke off"),
        (changed("backup.json", lambda _: b"{}"), "list cannot be read"),
        (
            changed("backup.json", lambda content: content.replace(b'"format": 1', b'"format": 9')),
            "found 9; expected 1",
        ),
    ],
    ids=["changed", "missing", "broken off", "no list", "other format"],
)
def test_a_damaged_backup_is_refused_by_name(
    elsewhere: Shell, change: Callable[[str, bytes], bytes | None], says: str
) -> None:
    file = elsewhere.folder / "one.tar.gz"
    rewritten(file, change)
    with pytest.raises(BadInput, match=says):
        unpack(file, elsewhere.folder / "unpacked", PASSPHRASE)


@pytest.mark.parametrize("part", [0.0, 0.5, 0.999])
def test_a_truncated_backup_is_refused(elsewhere: Shell, part: float) -> None:
    file = elsewhere.folder / "one.tar.gz"
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * part)])
    with pytest.raises(BadInput, match=r"no whole backup file|broke off"):
        unpack(file, elsewhere.folder / "unpacked", PASSPHRASE)


def test_a_member_that_would_leave_the_folder_is_refused(elsewhere: Shell) -> None:
    file = elsewhere.folder / "one.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("../outside"), io.BytesIO(b""))
    with pytest.raises(BadInput, match="no whole backup file"):
        unpack(file, elsewhere.folder / "unpacked", PASSPHRASE)
    assert not (elsewhere.folder / "outside").exists()


def test_a_backup_of_the_other_kind_of_database_is_refused(db: None, tmp_path: Path) -> None:
    other = "postgresql" if databases.engine() == "sqlite" else "sqlite"
    with pytest.raises(BadInput, match=f"found {other}; expected {databases.engine()}"):
        databases.load(tmp_path, other)


def test_a_record_rewritten_inside_the_backup_is_found_though_its_list_was_adapted(elsewhere: Shell) -> None:
    import hashlib

    file = elsewhere.folder / "one.tar.gz"
    forged: dict[str, str] = {}

    def forge(name: str, content: bytes) -> bytes:
        if name.endswith("zhengtong.sqlite3"):
            path = elsewhere.folder / "forged"
            path.write_bytes(content)
            with sqlite3.connect(path) as database:
                for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                    database.execute(f'DROP TRIGGER "{trigger}"')
                database.execute("UPDATE ledger_event SET actor = 'nobody' WHERE rowid = 5")
            database.close()
            content = path.read_bytes()
            path.unlink()
            forged[name] = hashlib.sha256(content).hexdigest()
        if name == "backup.json":
            manifest = json.loads(content)
            manifest["members"] |= forged
            content = json.dumps(manifest).encode()
        return content

    rewritten(file, forge)
    said = elsewhere("restore", "one.tar.gz", "--passphrase-file", "passphrase")
    assert said.code == 1 and "not the checkpoint's" in said.err, said.all
    assert not (elsewhere.folder / "state").exists()


def test_another_passphrase_opens_nothing(elsewhere: Shell) -> None:
    with pytest.raises(BadInput, match="passphrase"):
        unpack(elsewhere.folder / "one.tar.gz", elsewhere.folder / "unpacked", "some other words here")


def test_restoring_overwrites_nothing(elsewhere: Shell) -> None:
    (elsewhere.folder / "state").mkdir()
    (elsewhere.folder / "state/precious").write_text("mine")
    said = elsewhere("restore", "one.tar.gz", "--passphrase-file", "passphrase")
    assert said.code == 1 and "not empty" in said.err and "precious" in said.err
    assert (elsewhere.folder / "state/precious").read_text() == "mine"


def test_a_backup_overwrites_nothing_and_needs_an_installation(elsewhere: Shell) -> None:
    said = elsewhere("backup", "one.tar.gz", "--passphrase-file", "passphrase")
    assert said.code == 1 and "exists" in said.err
    said = elsewhere("backup", "two.tar.gz", "--passphrase-file", "passphrase")
    assert said.code == 1 and "no installation" in said.err
    said = elsewhere("backup", "no/such/two.tar.gz", "--passphrase-file", "passphrase")
    assert said.code == 2 and "no such folder" in said.err
    assert not (elsewhere.folder / "two.tar.gz").exists()


def test_no_private_key_lies_in_the_clear_in_a_backup(installation: Path) -> None:
    secrets = [path.read_bytes() for path in (installation / "state/keys").iterdir()]
    secrets.append((installation / "state/secret-key").read_bytes())
    with tarfile.open(installation / "one.tar.gz") as tar:
        content = b"".join(tar.extractfile(member).read() for member in tar)  # type: ignore[union-attr]
    assert secrets and not any(secret in content for secret in secrets)


def test_a_locked_box_opens_only_whole_and_with_its_passphrase() -> None:
    box = lock(b"secret", PASSPHRASE)
    assert unlock(box, PASSPHRASE) == b"secret"
    for broken in (box[:-1], bytes([box[0] ^ 1]) + box[1:], box[:20] + bytes([box[20] ^ 1]) + box[21:], b""):
        with pytest.raises(BadInput):
            unlock(broken, PASSPHRASE)
    assert lock(b"secret", PASSPHRASE) != box, "salt and nonce are new each time"


def test_a_passphrase_too_short_to_protect_anything_is_refused() -> None:
    with pytest.raises(BadInput, match="found 5; expected ≥ 12"):
        lock(b"secret", "short")
