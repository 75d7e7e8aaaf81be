# SPDX-License-Identifier: Apache-2.0
"""Signed notices: genuine ones verify offline, and whatever is changed in one shows."""

from __future__ import annotations

import hashlib
import io
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from services.notice_factory import AT, FONTS, TEMPLATES, make_notice, needs_fonts
from zhengtong.errors import BadInput, Contradicted, WrongUse
from zhengtong.services.engine.notices import render_notice
from zhengtong.services.engine.signing import SignedPdf, root_pem, sign_pdf, verify_pdf
from zhengtong.services.engine.signing_keys import NoticeSigner, load_or_make_signer

pytestmark = needs_fonts
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def plain() -> bytes:
    return render_notice(make_notice(), templates=TEMPLATES, fonts=FONTS, at=AT)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> NoticeSigner:
    return load_or_make_signer(tmp_path_factory.mktemp("keys"), "明州市", valid_from=START)


@pytest.fixture(scope="module")
def signed(plain: bytes, signer: NoticeSigner) -> SignedPdf:
    return sign_pdf(plain, signer, AT)


def codes(pdf: bytes, signer: NoticeSigner, **other: str) -> set[str]:
    report = verify_pdf(pdf, root_pem(signer), **other)
    assert report.valid == (not report.why)
    return {why.code for why in report.why}


def test_a_signed_notice_verifies_and_says_who_signed_when(signed: SignedPdf, signer: NoticeSigner) -> None:
    report = verify_pdf(signed.pdf, root_pem(signer), sha256=signed.sha256)
    assert report.valid and report.intact
    assert report.signer == "明州市政务通知书签名" == signer.name
    assert report.signed_at == AT
    assert report.sha256 == signed.sha256 == hashlib.sha256(signed.pdf).hexdigest()


def test_signing_keeps_the_notice_byte_for_byte_in_front(plain: bytes, signed: SignedPdf) -> None:
    assert signed.pdf.startswith(plain)
    text = pypdf.PdfReader(io.BytesIO(signed.pdf)).pages[0].extract_text()
    assert text == pypdf.PdfReader(io.BytesIO(plain)).pages[0].extract_text()


def test_a_notice_signed_by_another_city_is_intact_but_not_trusted(
    signed: SignedPdf, plain: bytes, signer: NoticeSigner, tmp_path: Path
) -> None:
    other = load_or_make_signer(tmp_path, "明州市", valid_from=START)  # the same name on it, another key
    forged = verify_pdf(sign_pdf(plain, other, AT).pdf, root_pem(signer))
    assert not forged.valid and forged.intact
    assert "untrusted" in {why.code for why in forged.why}


@settings(deadline=None, max_examples=40)
@given(where=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_any_changed_byte_shows(where: float, flip: int, signed: SignedPdf, signer: NoticeSigner) -> None:
    changed = bytearray(signed.pdf)
    changed[int(where * len(changed))] ^= flip
    assert codes(bytes(changed), signer)


def test_any_changed_digit_of_the_signature_itself_shows(signed: SignedPdf, signer: NoticeSigner) -> None:
    """The signature cannot cover its own container, so its checks are ours: every seventh digit, then the
    padding.
    """
    start = signed.pdf.rindex(b"/Contents <") + len(b"/Contents <")
    end = signed.pdf.index(b">", start)
    used = start + len(signed.pdf[start:end].rstrip(b"0"))
    places = [*range(start + 40, start + 90, 2), *range(start, used, 31), used + 1, end - 1]
    for place in places:
        changed = bytearray(signed.pdf)
        changed[place] = ord("1") if changed[place] != ord("1") else ord("2")
        assert codes(bytes(changed), signer), f"digit {place - start}"


def test_the_case_of_a_hex_digit_shows_too(signed: SignedPdf, signer: NoticeSigner) -> None:
    start = signed.pdf.rindex(b"/Contents <")
    place = next(at for at in range(start + 11, len(signed.pdf)) if signed.pdf[at : at + 1] in b"ABCDEF")
    changed = bytearray(signed.pdf)
    changed[place] = changed[place] | 0x20
    assert "container" in codes(bytes(changed), signer)


@pytest.mark.parametrize("tail", [b"\n", b"%comment\n", b"\0" * 100])
def test_bytes_appended_after_signing_show(tail: bytes, signed: SignedPdf, signer: NoticeSigner) -> None:
    assert "appended" in codes(signed.pdf + tail, signer)


def test_a_revision_appended_in_the_regular_way_shows(signed: SignedPdf, signer: NoticeSigner) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(signed.pdf))
    writer.root["/ZhengtongForged"] = generic.pdf_string("准予")
    writer.update_root()
    forged = io.BytesIO()
    writer.write(forged)
    report = verify_pdf(forged.getvalue(), root_pem(signer))
    assert not report.valid
    assert {"appended", "weak"} & {why.code for why in report.why}


def test_a_file_cut_off_anywhere_does_not_verify(signed: SignedPdf, signer: NoticeSigner) -> None:
    for share in range(0, 100, 4):
        assert codes(signed.pdf[: len(signed.pdf) * share // 100], signer)


@settings(deadline=None, max_examples=50)
@given(noise=st.binary(max_size=300))
def test_noise_is_a_report_and_never_a_crash(noise: bytes, signer: NoticeSigner) -> None:
    assert codes(b"%PDF-1.7\n" + noise, signer) == {"unreadable"}


def test_an_unsigned_notice_is_called_unsigned(plain: bytes, signer: NoticeSigner) -> None:
    assert codes(plain, signer) == {"unsigned"}


def test_a_genuine_file_that_is_not_the_recorded_one_shows(
    plain: bytes, signed: SignedPdf, signer: NoticeSigner
) -> None:
    again = sign_pdf(plain, signer, AT)
    assert again.sha256 != signed.sha256  # ECDSA draws a number each time: only the ledger tells the two apart
    assert codes(again.pdf, signer, sha256=signed.sha256) == {"not_recorded"}


def test_nothing_is_signed_outside_the_certificates_validity(plain: bytes, signer: NoticeSigner) -> None:
    for when in (START - timedelta(days=1), START + timedelta(days=366 * 5 + 1)):
        with pytest.raises(WrongUse, match="validity"):
            sign_pdf(plain, signer, when)
    with pytest.raises(WrongUse, match="zone"):
        sign_pdf(plain, signer, datetime(2026, 3, 9))  # noqa: DTZ001


def test_a_signed_file_is_not_signed_again_and_noise_is_not_signed(signed: SignedPdf, signer: NoticeSigner) -> None:
    with pytest.raises(BadInput, match="signed already"):
        sign_pdf(signed.pdf, signer, AT)
    with pytest.raises(BadInput):
        sign_pdf(b"%PDF-1.7 nothing", signer, AT)


@pytest.mark.parametrize("root", [b"", b"not pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_malformed_trusted_root_is_the_callers_error(root: bytes, signed: SignedPdf) -> None:
    with pytest.raises(BadInput, match="PEM"):
        verify_pdf(signed.pdf, root)


def test_keys_are_made_once_even_by_many_at_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    made: list[NoticeSigner] = []
    barrier = threading.Barrier(8)

    def make() -> None:
        barrier.wait()
        made.append(load_or_make_signer(tmp_path, "明州市", valid_from=START))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.certificate.serial_number for one in made}) == 1
    assert len(made) == 8
    assert [path.name for path in tmp_path.iterdir()] == ["notices"]
    assert stat.S_IMODE((tmp_path / "notices").stat().st_mode) == 0o700
    for key in ("root-key.pem", "signer-key.pem"):
        assert stat.S_IMODE((tmp_path / "notices" / key).stat().st_mode) == 0o600


def test_a_key_others_can_read_or_that_does_not_fit_is_not_used(tmp_path: Path) -> None:
    load_or_make_signer(tmp_path / "a", "明州市", valid_from=START)
    load_or_make_signer(tmp_path / "b", "明州市", valid_from=START)
    a, b = tmp_path / "a/notices", tmp_path / "b/notices"
    (a / "signer-key.pem").chmod(0o644)
    with pytest.raises(Contradicted, match="others may read"):
        load_or_make_signer(tmp_path / "a", "明州市", valid_from=START)
    (a / "signer-key.pem").chmod(0o600)
    own = (a / "signer.pem").read_bytes()
    (a / "signer.pem").write_bytes((b / "signer.pem").read_bytes())
    with pytest.raises(Contradicted, match="does not belong"):
        load_or_make_signer(tmp_path / "a", "明州市", valid_from=START)
    (a / "signer.pem").write_bytes(own)
    (a / "root.pem").write_bytes((b / "root.pem").read_bytes())
    with pytest.raises(Contradicted, match="did not issue"):
        load_or_make_signer(tmp_path / "a", "明州市", valid_from=START)
    (a / "root.pem").write_bytes(b"")
    with pytest.raises(BadInput):
        load_or_make_signer(tmp_path / "a", "明州市", valid_from=START)
