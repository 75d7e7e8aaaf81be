# SPDX-License-Identifier: Apache-2.0
"""Opening a file somebody else wrote: unpacked within limits, hashed, and its text decoded or the faulty byte
named.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zhengtong.errors import BadInput

CHUNK = 1 << 20
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Limits:
    """What an import may cost. A gzip stream may honestly reach about 40:1 on logs; a bomb comes near
    1000:1.
    """

    unpacked_bytes: int = 64 * 2**30
    ratio: int = 200
    ratio_from_bytes: int = 32 * 2**20
    record_bytes: int = 4 * 2**20
    depth: int = 64


class HashingFile(io.RawIOBase):
    """Reads a file once and knows its SHA-256 at the end; `progress` hears (bytes read, bytes in all)."""

    def __init__(self, path: Path, progress: Progress | None = None) -> None:
        self._file = path.open("rb", buffering=0)
        self._hash = hashlib.sha256()
        self._progress = progress
        self.size = path.stat().st_size
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        count = self._file.readinto(view) or 0
        self._hash.update(view[:count])
        self.taken += count
        if self._progress:
            self._progress(self.taken, self.size)
        return count

    def __exit__(self, *raised: object) -> None:
        """A buffer out of use closes what it read from; the file itself stays open until its owner is done."""
        super().__exit__(*raised)  # type: ignore[arg-type]
        self._file.close()

    def sha256(self) -> str:
        """Of the whole file: what no reader asked for is read now."""
        while piece := self._file.read(CHUNK):
            self._hash.update(piece)
        return self._hash.hexdigest()


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unpacked(raw: HashingFile, name: str, limits: Limits) -> Iterator[bytes]:
    """The bytes, out of gzip where the file begins as one. Raises `BadInput` for truncated, damaged or
    exploding streams.
    """
    buffered = io.BufferedReader(raw, CHUNK)
    head = buffered.peek(4)[:4]
    if head[:2] == b"PK" or head[:4] == b"\xd0\xcf\x11\xe0":
        raise BadInput(
            "这是压缩包或办公文档，不是日志；请先导出为 CSV 或 XES",
            "this is an archive or an office document, not a log; export it as CSV or XES first",
            where=name,
        )
    stream = gzip.GzipFile(fileobj=buffered) if head[:2] == b"\x1f\x8b" else buffered
    yield from _within_limits(stream, raw, name, limits, packed=stream is not buffered)


def _within_limits(
    stream: io.BufferedIOBase, raw: HashingFile, name: str, limits: Limits, *, packed: bool
) -> Iterator[bytes]:
    total = 0
    while True:
        try:
            piece = stream.read(CHUNK)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BadInput(
                "压缩文件不完整或已损坏", "the gzip file is truncated or damaged", where=name, found=str(error)
            ) from error
        if not piece:
            return
        total += len(piece)
        if total > limits.unpacked_bytes:
            raise BadInput(
                "文件解压后过大",
                "the file is too large unpacked",
                where=name,
                found=f"> {total} bytes",
                expected=f"≤ {limits.unpacked_bytes} bytes",
            )
        if packed and total > limits.ratio_from_bytes and total > limits.ratio * max(raw.taken, 1):
            raise BadInput(
                "压缩比异常，疑似压缩炸弹",
                "the compression ratio is that of a gzip bomb",
                where=name,
                found=f"{total // max(raw.taken, 1)}:1",
                expected=f"≤ {limits.ratio}:1",
            )
        yield piece


def sniff(path: Path, limits: Limits) -> tuple[Literal["csv", "xes"], bytes]:
    """The kind of a log by its first bytes (names lie), and those bytes, unpacked."""
    with HashingFile(path) as raw:
        head = next(unpacked(raw, path.name, limits), b"")[:4096]
    if not head.strip(b"\r\n\t \x00\xff\xfe\xef\xbb\xbf"):
        raise BadInput("文件是空的", "the file is empty", where=path.name)
    plain = head.replace(b"\x00", b"").lstrip(b"\xff\xfe\xef\xbb\xbf\r\n\t ")
    return ("xes" if plain.startswith(b"<") else "csv"), head


_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def encoding_of(head: bytes, kind: str, declared: str | None, name: str) -> str:
    """The mapping's word, else a mark at the beginning, else (XES) the XML declaration, else UTF-8.

    A CSV in UTF-16 is refused unless the mapping says so: a table has no place to declare it, and guessing
    went wrong before.
    """
    if declared:
        normal = codecs.lookup(declared).name
        return "utf-8-sig" if normal == "utf-8" else declared
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            if kind == "csv" and encoding == "utf-16":
                raise _undeclared("UTF-16", name)
            return encoding
    if kind == "csv":
        zeros = head.count(b"\x00")
        if zeros > len(head) // 4:
            raise _undeclared("UTF-16", name)
        return "utf-8"
    found = re.match(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']", head)
    encoding = found.group(1).decode() if found else "utf-8"
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise BadInput(
            "文件声明的编码未知", "the file declares an unknown encoding", where=name, found=encoding
        ) from error
    return encoding


def _undeclared(found: str, name: str) -> BadInput:
    return BadInput(
        "文件不是 UTF-8 编码，请在映射文件中写明 encoding",
        "the file is not UTF-8; say so in the mapping file (encoding)",
        where=name,
        found=found,
        expected="UTF-8",
    )


def utf8(pieces: Iterator[bytes], encoding: str, name: str) -> Iterator[bytes]:
    """The same text as UTF-8, without a mark. Raises `BadInput` naming byte and line of what is not
    `encoding`, and of NULs.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    straight = codecs.lookup(encoding).name == "utf-8"
    offset, line, held = 0, 1, 0
    for piece in pieces:
        text = _decode(decoder, piece, encoding, name, (offset, held, line))
        out = piece if straight else text.encode("utf-8", "surrogatepass")
        if (at := text.find("\x00")) >= 0:
            raise BadInput(
                "文件含有空字节（NUL），不是文本",
                "the file holds NUL bytes; it is no text",
                where=f"{name}:{line + text.count(chr(10), 0, at)}",
            )
        line += text.count("\n")
        offset += len(piece)
        held = len(decoder.getstate()[0])
        yield out
    _decode(decoder, b"", encoding, name, (offset, held, line), final=True)


def _decode(
    decoder: codecs.IncrementalDecoder,
    piece: bytes,
    encoding: str,
    name: str,
    at: tuple[int, int, int],
    *,
    final: bool = False,
) -> str:
    offset, held, line = at
    try:
        return decoder.decode(piece, final)
    except UnicodeDecodeError as error:
        bad = offset - held + error.start
        before = bytes(error.object[: error.start])
        hint_zh, hint_en = _hint(bytes(error.object[error.start :][:4096]), encoding)
        raise BadInput(
            f"第 {bad} 字节不是 {encoding} 编码{hint_zh}",
            f"byte {bad} is not {encoding}{hint_en}",
            where=f"{name}:{line + before.count(10)}",
            found=error.object[error.start : error.start + 4].hex(" "),
        ) from error
    except UnicodeError as error:  # UTF-16 without its mark
        raise BadInput(
            f"文件不是 {encoding} 编码", f"the file is not {encoding}", where=f"{name}:{line}", found=str(error)
        ) from error


def _hint(rest: bytes, encoding: str) -> tuple[str, str]:
    if encoding.startswith("utf-8"):
        try:
            codecs.getincrementaldecoder("gb18030")().decode(rest)
        except UnicodeDecodeError:
            return "", ""
        return (
            "；若为国标码，请在映射文件中写 encoding: gb18030",
            "; if it is a Chinese national code, map encoding: gb18030",
        )
    return "", ""
