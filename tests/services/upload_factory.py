# SPDX-License-Identifier: Apache-2.0
"""Files as people upload them, and as attackers do, built byte by byte."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib


def png(width: int = 3, height: int = 2, *, extra: bytes = b"") -> bytes:
    """A whole grey picture; `extra` stands before IEND. Only its frame is large when the size is."""
    rows = b"".join(b"\0" + b"\x80" * width for _ in range(height)) if width * height < 1_000_000 else b"\0"
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(rows))
        + extra
        + png_chunk(b"IEND", b"")
    )


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def jpeg(width: int = 3, height: int = 2, *, extra: bytes = b"", frame: int = 0xC0) -> bytes:
    """The segments of a picture with invented coded data (nothing here decodes it); `extra` stands after SOI."""
    frame_body = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    coded = b"\x12\xff\x00\x34\xff\xd0\x56"
    return (
        b"\xff\xd8"
        + jpeg_segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
        + extra
        + jpeg_segment(0xDB, bytes(65))
        + jpeg_segment(frame, frame_body)
        + jpeg_segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
        + coded
        + b"\xff\xd9"
    )


def jpeg_segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def archive(text: bytes = b"hello") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("inside.txt", text)
    return out.getvalue()


PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>"


def pdf(*more: bytes, catalog: bytes = b"", page: bytes = PAGE, trailer: bytes = b"", pages: int = 1) -> bytes:
    """A PDF of one page object shown `pages` times; `more` become objects 4, 5, …"""
    kids = b"3 0 R " * pages
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R " + catalog + b" >>",
        b"<< /Type /Pages /Kids [" + kids + b"] /Count " + str(pages).encode() + b" >>",
        page,
        *more,
    ]
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += str(number).encode() + b" 0 obj\n" + body + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 " + str(len(objects) + 1).encode() + b"\n0000000000 65535 f \n"
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Root 1 0 R /Size " + str(len(objects) + 1).encode() + b" " + trailer + b" >>\n"
    out += b"startxref\n" + str(start).encode() + b"\n%%EOF\n"
    return bytes(out)


def stream(body: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length " + str(len(body)).encode() + b" " + entries + b" >>\nstream\n" + body + b"\nendstream"
