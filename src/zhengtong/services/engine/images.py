# SPDX-License-Identifier: Apache-2.0
"""The frame of JPEG and PNG files, read without decoding a pixel: size for the limits, and nothing beside the picture.

PNG: ISO/IEC 15948 chunks with their CRCs, IHDR first, IEND last and at the very end. JPEG: ITU-T T.81 segments from SOI
to EOI; after it only zeros or further whole JPEGs (phones append previews so) may follow.
"""

from __future__ import annotations

import struct
import zlib

_PNG = b"\x89PNG\r\n\x1a\n"
# Start-of-frame markers carry the size; C4 (tables), C8 (reserved) and CC (arithmetic tables) are no frames.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})


class ImageError(ValueError):
    """What is wrong with the file, in English; `uploads` says it to people in both languages."""


def png_size(content: bytes) -> tuple[int, int]:
    """Width and height in pixels. Raises ImageError when the chunks are broken or something follows the picture."""
    at, size, data = len(_PNG), None, False
    while True:
        if at + 12 > len(content):
            raise ImageError("PNG ends early")
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            raise ImageError("PNG ends early")
        body = content[at + 8 : end - 4]
        if zlib.crc32(kind + body) != int.from_bytes(content[end - 4 : end]):
            raise ImageError(f"PNG chunk at {at} has a wrong checksum")
        if (size is None) != (kind == b"IHDR"):
            raise ImageError("PNG does not begin with one IHDR")
        if kind == b"IHDR":
            size = _png_header(body)
        data = data or kind == b"IDAT"
        at = end
        if kind == b"IEND":
            break
    if size is None or not data:
        raise ImageError("PNG without picture")
    if at != len(content):
        raise ImageError(f"{len(content) - at} bytes after the PNG's end")
    return size


def _png_header(body: bytes) -> tuple[int, int]:
    if len(body) != 13:
        raise ImageError("PNG header of wrong length")
    width, height = struct.unpack_from(">II", body)
    if not width or not height:
        raise ImageError("PNG of no size")
    return width, height


def jpeg_size(content: bytes) -> tuple[int, int]:
    """Width and height in pixels of the largest picture in the file. Raises ImageError as `png_size` does."""
    sizes: list[tuple[int, int]] = []
    at = 0
    while at < len(content):
        if content[at : at + 3] != b"\xff\xd8\xff":
            if sizes and not content[at:].strip(b"\0"):
                break
            raise ImageError(f"{len(content) - at} bytes after the JPEG's end" if sizes else "no JPEG")
        size, at = _one_jpeg(content, at + 2)
        sizes.append(size)
    return max(sizes, key=lambda size: size[0] * size[1])


def _one_jpeg(content: bytes, at: int) -> tuple[tuple[int, int], int]:
    """Size and end of the picture whose segments begin at `at`."""
    size: tuple[int, int] | None = None
    scanned = False
    while True:
        if at + 2 > len(content) or content[at] != 0xFF:
            raise ImageError(f"JPEG has no marker at {at}")
        marker = content[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        at += 2
        if marker == 0xD9:
            if size is None or not scanned:
                raise ImageError("JPEG without picture")
            return size, at
        if marker in _BARE:
            continue
        length = int.from_bytes(content[at : at + 2])
        if length < 2 or at + length > len(content):
            raise ImageError(f"JPEG segment at {at} runs past the end")
        if marker in _FRAMES:
            size = _frame(content[at : at + length])
        at += length
        if marker == 0xDA:
            scanned = True
            at = _after_scan(content, at)


def _frame(segment: bytes) -> tuple[int, int]:
    if len(segment) < 8:
        raise ImageError("JPEG frame of wrong length")
    height, width = struct.unpack_from(">HH", segment, 3)
    if not width or not height:
        raise ImageError("JPEG of no size")
    return width, height


def _after_scan(content: bytes, at: int) -> int:
    """Where the next marker stands after coded data: FF 00 is data, FF D0…D7 restart it, FF FF fills."""
    while True:
        at = content.find(b"\xff", at)
        if at < 0 or at + 1 >= len(content):
            raise ImageError("JPEG ends early")
        following = content[at + 1]
        if following == 0xFF:
            at += 1
        elif following == 0 or 0xD0 <= following <= 0xD7:
            at += 2
        else:
            return at
