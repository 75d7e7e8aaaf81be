# SPDX-License-Identifier: Apache-2.0
"""Uploaded materials: real photos and scans are kept byte for byte, everything dressed up as one is refused."""

from __future__ import annotations

import hashlib
import io
import stat
import threading
import zlib
from pathlib import Path

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notice_factory import AT, FONTS, TEMPLATES, make_notice, needs_fonts
from services.upload_factory import archive, jpeg, jpeg_segment, pdf, png, png_chunk, stream
from zhengtong.errors import BadInput, Contradicted, NotFound
from zhengtong.services.engine.images import ImageError, jpeg_size, png_size
from zhengtong.services.engine.notices import render_notice
from zhengtong.services.engine.signing import sign_pdf
from zhengtong.services.engine.signing_keys import load_or_make_signer
from zhengtong.services.engine.uploads import (
    StoredUpload,
    UploadLimits,
    check_count,
    read_upload,
    store_upload,
)

LIMITS = UploadLimits()


def store(content: bytes, folder: Path, limits: UploadLimits = LIMITS) -> StoredUpload:
    return store_upload(io.BytesIO(content), folder, limits)


def refusal(content: bytes, folder: Path, limits: UploadLimits = LIMITS) -> BadInput:
    """The error; whatever is refused leaves nothing behind."""
    with pytest.raises(BadInput) as caught:
        store(content, folder, limits)
    assert not [path for path in folder.rglob("*") if path.is_file()]
    assert caught.value.found is not None and caught.value.expected is not None
    assert caught.value.zh and caught.value.en
    return caught.value


@pytest.mark.parametrize(
    ("content", "kind", "measures"),
    [
        (png(30, 20), "image/png", (30, 20, 0)),
        (jpeg(640, 480), "image/jpeg", (640, 480, 0)),
        (jpeg(640, 480, frame=0xC2), "image/jpeg", (640, 480, 0)),
        (pdf(pages=3), "application/pdf", (0, 0, 3)),
    ],
)
def test_a_proper_file_is_kept_under_its_digest(
    content: bytes, kind: str, measures: tuple[int, int, int], tmp_path: Path
) -> None:
    kept = store(content, tmp_path)
    digest = hashlib.sha256(content).hexdigest()
    assert kept == StoredUpload(digest, len(content), kind, *measures)
    path = tmp_path / digest[:2] / digest
    assert path.read_bytes() == content == read_upload(tmp_path, digest)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list((tmp_path / ".incoming").iterdir()) == []


@needs_fonts
def test_a_signed_notice_can_itself_be_a_material(tmp_path: Path) -> None:
    plain = render_notice(make_notice(), templates=TEMPLATES, fonts=FONTS, at=AT)
    signer = load_or_make_signer(tmp_path / "keys", "明州市", valid_from=AT)
    assert store(sign_pdf(plain, signer, AT).pdf, tmp_path / "uploads").pages == 1


def test_the_same_content_is_kept_once_even_when_it_comes_at_once(tmp_path: Path) -> None:
    kept: list[StoredUpload] = []
    threads = [threading.Thread(target=lambda: kept.append(store(png(), tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept) == 8 and len(set(kept)) == 1
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"<html><script>alert(1)</script>",
        archive(),
        b"MZ" + bytes(100),
        b"GIF89a" + bytes(50),
        b"\xef\xbb\xbf" + pdf(),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\x7fELF" + bytes(60),
    ],
)
def test_other_kinds_are_refused_whatever_their_name(content: bytes, tmp_path: Path) -> None:
    assert "PDF, JPEG, PNG" in str(refusal(content, tmp_path).expected)


def test_a_file_over_the_limit_is_left_unread_beyond_it(tmp_path: Path) -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return b"\x89" * size

    source = Endless()
    with pytest.raises(BadInput, match="too large"):
        store_upload(source, tmp_path, UploadLimits(bytes=200_000))  # type: ignore[arg-type]
    assert source.given < 400_000
    exact = png()
    store(exact, tmp_path, UploadLimits(bytes=len(exact)))
    with pytest.raises(BadInput):
        store(exact, tmp_path, UploadLimits(bytes=len(exact) - 1))


def test_files_of_a_material_are_counted() -> None:
    check_count(18, 2, UploadLimits(files=20))
    with pytest.raises(BadInput) as caught:
        check_count(18, 3, UploadLimits(files=20))
    assert caught.value.found == 21 and "20" in str(caught.value.expected)


@pytest.mark.parametrize("make", [png, jpeg])
def test_a_bomb_of_pixels_is_refused_from_its_frame(make: object, tmp_path: Path) -> None:
    for width, height in ((60_000, 60_000), (30_000, 10), (10, 30_000)):
        assert f"{width} × {height}" in str(refusal(make(width, height), tmp_path).found)  # type: ignore[operator]


def test_a_small_first_picture_does_not_hide_a_large_second(tmp_path: Path) -> None:
    assert store(jpeg(100, 100) + jpeg(16, 16), tmp_path / "a").width == 100
    refusal(jpeg(16, 16) + jpeg(60_000, 60_000), tmp_path / "b")


POLYGLOTS = {
    "png then zip": png() + archive(),
    "zip inside a png": png(extra=png_chunk(b"tEXt", archive())),
    "jpeg then zip": jpeg() + archive(),
    "zip inside a jpeg": jpeg(extra=jpeg_segment(0xFE, archive())),
    "jpeg then html": jpeg() + b"<script>alert(1)</script>",
    "png then html": png() + b"<script>",
    "pdf inside a jpeg": jpeg(extra=jpeg_segment(0xFE, pdf())),
    "pdf inside a png": png(extra=png_chunk(b"tEXt", pdf())),
    "pdf then zip": pdf() + archive(),
    "png magic only": b"\x89PNG\r\n\x1a\n<html>",
    "jpeg magic only": b"\xff\xd8\xff<?php",
}


@pytest.mark.parametrize("name", POLYGLOTS)
def test_a_file_of_two_natures_is_refused(name: str, tmp_path: Path) -> None:
    refusal(POLYGLOTS[name], tmp_path)


def test_zeros_after_a_photo_are_how_some_phones_write(tmp_path: Path) -> None:
    assert store(jpeg() + bytes(512), tmp_path).media_type == "image/jpeg"


JS = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
HOSTILE = {
    "active": {
        "open action": pdf(JS, catalog=b"/OpenAction 4 0 R"),
        "disguised name": pdf(b"<< /S /J#61vaScript /J#53 (x) >>", catalog=b"/OpenAction 4 0 R"),
        "reached by nothing": pdf(JS),
        "in a stream": pdf(b"<< /S /JavaScript /JS 5 0 R >>", stream(b"app.alert(1)")),
        "launch": pdf(b"<< /S /Launch /F (cmd.exe) >>", catalog=b"/OpenAction 4 0 R"),
        "submits the form": pdf(catalog=b"/OpenAction << /S /SubmitForm /F (http://a.example) >>"),
        "action type by reference": pdf(b"<< /S 5 0 R >>", b"/JavaScript"),
        "xfa": pdf(stream(b"<xdp/>"), catalog=b"/AcroForm << /XFA 4 0 R /Fields [] >>"),
        "nested": pdf(catalog=b"/Names << /JavaScript << /Names [(a) " + JS + b"] >> >>"),
        "rich media": pdf(b"<< /Type /Annot /Subtype /RichMedia >>"),
        "behind a regular end": pdf(b"<< /Next [ << /Next " + JS + b" >> ] /S /GoTo >>"),
    },
    "embedded": {
        "attachment": pdf(
            b"<< /Type /Filespec /F (a.exe) /EF << /F 5 0 R >> >>",
            stream(b"MZ", b"/Type /EmbeddedFile"),
            catalog=b"/Names << /EmbeddedFiles << /Names [(a) 4 0 R] >> >>",
        ),
        "files by reference": pdf(b"<< /F (a.exe) /EF 5 0 R >>", b"<< /F null >>"),
        "loose file": pdf(stream(b"MZ", b"/Type /EmbeddedFile")),
        "annotation": pdf(b"<< /Type /Annot /Subtype /FileAttachment >>"),
    },
    "unreadable": {
        "cut off": pdf()[:150],
        "no end": pdf().replace(b"%%EOF", b"%%END"),
        "noise": b"%PDF-1.7\n" + bytes(range(256)) + b"%%EOF",
        "no pages": pdf().replace(b"/Pages 2", b"/Pagez 2"),
    },
}
SENTENCES = {"active": "script", "embedded": "embedded", "unreadable": "malformed"}


@pytest.mark.parametrize(("fault", "name"), [(fault, name) for fault, names in HOSTILE.items() for name in names])
def test_a_pdf_that_could_harm_its_reader_is_refused_with_the_reason(fault: str, name: str, tmp_path: Path) -> None:
    assert SENTENCES[fault] in refusal(HOSTILE[fault][name], tmp_path).en


def test_harmless_entries_with_dangerous_looking_names_pass(tmp_path: Path) -> None:
    fonts = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Resources << /Font << /JS 4 0 R /EF 4 0 R >> >> >>"
    kept = store(pdf(b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>", page=fonts), tmp_path)
    assert kept.pages == 1
    link = b"<< /Type /Annot /Subtype /Link /A << /S /URI /URI (https://a.example) >> >>"
    assert store(pdf(link), tmp_path).pages == 1


def test_a_script_removed_by_a_later_revision_is_still_seen(tmp_path: Path) -> None:
    """Incremental updates replace objects without erasing them; a reader opening the older revision would run it."""
    writer = pypdf.PdfWriter(io.BytesIO(pdf(JS, catalog=b"/OpenAction 4 0 R")), incremental=True)
    writer.root_object[pypdf.generic.NameObject("/OpenAction")] = pypdf.generic.NullObject()
    out = io.BytesIO()
    writer.write(out)
    assert out.getvalue().count(b"%%EOF") == 2
    assert "script" in refusal(out.getvalue(), tmp_path).en


def test_a_script_packed_into_an_object_stream_is_seen(tmp_path: Path) -> None:
    packed = zlib.compress(b"5 0 " + JS)
    body = pdf(stream(packed, b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode"))
    # A cross-reference stream that names object 5 inside object 4, in place of the table.
    at = body.index(b"xref\n")
    offsets = [body.index(f"{number} 0 obj".encode()) for number in range(1, 5)]
    rows = [(0, 0, 255), *((1, offset, 0) for offset in offsets), (2, 4, 0), (1, at, 0)]
    table = b"".join(bytes((kind,)) + second.to_bytes(3) + bytes((third,)) for kind, second, third in rows)
    entries = b"/Type /XRef /Size 7 /W [1 3 1] /Root 1 0 R"
    whole = (
        body[:at] + b"6 0 obj\n" + stream(table, entries) + b"\nendobj\nstartxref\n" + str(at).encode() + b"\n%%EOF\n"
    )
    assert "script" in refusal(whole, tmp_path).en


def test_an_encrypted_pdf_is_refused_with_advice(tmp_path: Path) -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf()))
    writer.encrypt("", "owner", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    assert "未加密" in refusal(out.getvalue(), tmp_path).zh


def test_too_many_pages_are_refused(tmp_path: Path) -> None:
    assert refusal(pdf(pages=4), tmp_path, UploadLimits(pages=3)).found == 4


def test_a_pdf_that_inflates_without_end_is_refused(tmp_path: Path) -> None:
    bomb = zlib.compress(b"\0" * (300 << 20), 9)
    entries = b"/Type /ObjStm /N 100000 /First 900000 /Filter /FlateDecode"
    body = pdf(stream(bomb, entries))
    at = body.index(b"xref\n")
    offsets = [body.index(f"{number} 0 obj".encode()) for number in range(1, 5)]
    rows = [(0, 0, 255), *((1, offset, 0) for offset in offsets), (2, 4, 0), (1, at, 0)]
    table = b"".join(bytes((kind,)) + second.to_bytes(3) + bytes((third,)) for kind, second, third in rows)
    xref = stream(table, b"/Type /XRef /Size 7 /W [1 3 1] /Root 1 0 R")
    whole = body[:at] + b"6 0 obj\n" + xref + b"\nendobj\nstartxref\n" + str(at).encode() + b"\n%%EOF\n"
    assert "malformed" in refusal(whole, tmp_path).en


def test_a_stored_file_that_was_changed_or_never_came_is_told_apart(tmp_path: Path) -> None:
    kept = store(png(), tmp_path)
    path = tmp_path / kept.sha256[:2] / kept.sha256
    path.write_bytes(png(4, 4))
    with pytest.raises(Contradicted):
        read_upload(tmp_path, kept.sha256)
    with pytest.raises(NotFound):
        read_upload(tmp_path, "0" * 64)
    for odd in ("", "../../etc/passwd", kept.sha256.upper(), kept.sha256 + "\n"):
        with pytest.raises(NotFound):
            read_upload(tmp_path, odd)


def test_uploading_again_heals_a_stored_file_that_was_changed(tmp_path: Path) -> None:
    kept = store(png(), tmp_path)
    (tmp_path / kept.sha256[:2] / kept.sha256).write_bytes(b"rot")
    assert store(png(), tmp_path) == kept
    assert read_upload(tmp_path, kept.sha256) == png()


@settings(deadline=None, max_examples=300)
@given(data=st.data(), start=st.sampled_from([png(20, 20), jpeg(20, 20), jpeg(9, 9) + jpeg(20, 20)]))
def test_damaged_images_never_crash_the_frame_reader(data: st.DataObject, start: bytes) -> None:
    content = bytearray(start[: data.draw(st.integers(8, len(start)))])
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(3, len(content) - 1))] = data.draw(st.integers(0, 255))
    measure = png_size if start.startswith(b"\x89") else jpeg_size
    try:
        width, height = measure(bytes(content))
    except ImageError:
        return
    assert width > 0 and height > 0


@pytest.mark.parametrize("content", [png(20, 20), jpeg(20, 20)])
def test_an_image_cut_off_anywhere_is_refused(content: bytes) -> None:
    measure = png_size if content.startswith(b"\x89") else jpeg_size
    for end in range(8, len(content)):
        with pytest.raises(ImageError):
            measure(content[:end])
