# SPDX-License-Identifier: Apache-2.0
"""Materials people upload: checked by what they hold, never by their name, and kept under their SHA-256.

    <uploads>/ab/abcdef…            the files, 600; <uploads>/.incoming holds what is being written

A photo or PDF is kept byte for byte as it came (it is evidence), so what could harm a reader is refused, not removed.
Whoever serves one sends its `media_type` with `X-Content-Type-Options: nosniff`, never a type guessed from a name.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from zhengtong.errors import BadInput, Contradicted, NotFound, Unavailable
from zhengtong.services.engine.confined import Bounds, run_confined
from zhengtong.services.engine.images import ImageError, jpeg_size, png_size

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"
_MAGIC = {b"%PDF-": PDF, b"\xff\xd8\xff": JPEG, b"\x89PNG\r\n\x1a\n": PNG}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BLOCK = 1 << 16
PDF_BOUNDS = Bounds(seconds=20.0, cpu_seconds=15, memory_bytes=1 << 30, answer_bytes=1 << 16)


@dataclass(frozen=True)
class UploadLimits:
    """What one material may be: bytes, files, pixels of an image, its longer side in pixels, pages of a PDF."""

    bytes: int = 10 << 20
    files: int = 20
    pixels: int = 50_000_000
    side: int = 20_000
    pages: int = 200
    pdf: Bounds = PDF_BOUNDS


@dataclass(frozen=True)
class StoredUpload:
    """A kept file. `width` and `height` in pixels for images, `pages` for PDF, else 0."""

    sha256: str
    size: int
    media_type: str
    width: int = 0
    height: int = 0
    pages: int = 0


def check_count(already: int, adding: int, limits: UploadLimits) -> None:
    """Raises BadInput when a material would get more files than it may have."""
    if already + adding > limits.files:
        raise BadInput(
            "这份材料的文件太多",
            "this material has too many files",
            found=already + adding,
            expected=f"≤ {limits.files}",
        )


def store_upload(stream: BinaryIO, uploads: Path, limits: UploadLimits) -> StoredUpload:
    """Read `stream` to its end, check it, keep it; the same content is kept once.

    Raises BadInput naming what was found and what is expected, and leaves nothing behind. Returns only after the file
    and its name are on disk.
    """
    incoming = uploads / ".incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=incoming)
    aside = Path(name)
    try:
        with os.fdopen(handle, "w+b") as file:
            sha256, size = _copy(stream, file, limits.bytes)
            file.flush()
            os.fsync(file.fileno())
        found = _inspect(aside.read_bytes(), limits)
        target = uploads / sha256[:2] / sha256
        target.parent.mkdir(exist_ok=True)
        aside.replace(target)
        _sync_folder(target.parent)
        _sync_folder(uploads)
    finally:
        aside.unlink(missing_ok=True)
    return StoredUpload(sha256, size, found.media_type, found.width, found.height, found.pages)


def read_upload(uploads: Path, sha256: str) -> bytes:
    """The bytes kept under `sha256`. Raises NotFound, and Contradicted when they are no longer those that came."""
    if not _SHA256.fullmatch(sha256):
        raise NotFound("没有这份文件", "there is no such file", found=sha256[:80])
    path = uploads / sha256[:2] / sha256
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NotFound("没有这份文件", "there is no such file", found=sha256) from None
    actual = hashlib.sha256(content).hexdigest()
    if actual != sha256:
        raise Contradicted(
            "保存的文件已被改动", "the stored file was changed", where=sha256, found=actual, expected=sha256
        )
    return content


@dataclass(frozen=True)
class _Found:
    media_type: str
    width: int = 0
    height: int = 0
    pages: int = 0


def _copy(stream: BinaryIO, file: BinaryIO, most: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while block := stream.read(_BLOCK):
        size += len(block)
        if size > most:
            raise BadInput("文件过大", "the file is too large", found=f"> {most} bytes", expected=f"≤ {most} bytes")
        digest.update(block)
        file.write(block)
    if size == 0:
        raise BadInput("文件是空的", "the file is empty", found="0 bytes", expected="PDF, JPEG, PNG")
    return digest.hexdigest(), size


def _inspect(content: bytes, limits: UploadLimits) -> _Found:
    media_type = next((kind for magic, kind in _MAGIC.items() if content.startswith(magic)), None)
    if media_type is None:
        raise BadInput(
            "只接收 PDF、JPEG、PNG 文件（按内容判断，与文件名无关）",
            "only PDF, JPEG and PNG are taken, judged by content and not by name",
            found=f"{content[:8].hex(' ')}…",
            expected="PDF, JPEG, PNG",
        )
    _refuse_second_nature(content, media_type)
    if media_type == PDF:
        return _inspect_pdf(content, limits)
    measure: Callable[[bytes], tuple[int, int]] = jpeg_size if media_type == JPEG else png_size
    try:
        width, height = measure(content)
    except ImageError as fault:
        raise BadInput(
            "图片文件不完整或夹带了其他内容",
            "the image is broken or carries something else",
            found=str(fault),
            expected=media_type,
        ) from fault
    if width * height > limits.pixels or max(width, height) > limits.side:
        raise BadInput(
            "图片尺寸过大",
            "the image is too large in pixels",
            found=f"{width} × {height}",
            expected=f"≤ {limits.pixels} pixels, ≤ {limits.side} a side",
        )
    return _Found(media_type, width, height)


def _refuse_second_nature(content: bytes, media_type: str) -> None:
    """One file, one format: refuse what a PDF reader or an unzipper would open as well.

    PDF readers look for `%PDF-` in the first 1,024 bytes; an archive is found from its end. An archive counts only with
    a readable directory: its four-byte mark alone occurs by chance.
    """
    if media_type != PDF and b"%PDF-" in content[:1024]:
        raise _polyglot(media_type, PDF)
    with contextlib.suppress(zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.namelist()
        if entries:
            raise _polyglot(media_type, "application/zip")


def _polyglot(media_type: str, other: str) -> BadInput:
    return BadInput(
        "文件同时是另一种格式，不予接收",
        "the file is of another format at the same time",
        found=f"{media_type} + {other}",
        expected=media_type,
    )


_PDF_FAULTS = {
    "encrypted": ("PDF 已加密，请上传未加密的文件", "the PDF is encrypted; upload it without a password"),
    "active": ("PDF 含有脚本或会自动执行的动作", "the PDF holds a script or an action that runs by itself"),
    "embedded": ("PDF 夹带了附件", "the PDF carries embedded files"),
    "pages": ("PDF 页数不符", "the PDF has too many pages or none"),
    "unreadable": ("PDF 文件不完整或不合规范", "the PDF is incomplete or malformed"),
}


def _inspect_pdf(content: bytes, limits: UploadLimits) -> _Found:
    try:
        head = run_confined("zhengtong.services.engine.pdf_inspection", content, limits.pdf).head
    except Unavailable as stopped:
        # Time or memory ran out while reading this one file: the file is at fault, not a service.
        zh, en = _PDF_FAULTS["unreadable"]
        raise BadInput(zh, en, found=stopped.found, expected=PDF) from stopped
    fault, found, expected = head.get("fault"), head.get("found"), "PDF"
    if fault is None and not 1 <= head["pages"] <= limits.pages:
        fault, found, expected = "pages", head["pages"], f"1 – {limits.pages}"
    if fault is not None:
        zh, en = _PDF_FAULTS[fault]
        raise BadInput(zh, en, found=found, expected=expected)
    return _Found(PDF, pages=head["pages"])


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
