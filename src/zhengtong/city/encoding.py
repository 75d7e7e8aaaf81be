# SPDX-License-Identifier: Apache-2.0
"""The bytes of a city file as text: UTF-8, nothing invisible in it, not indented with tabs."""

from __future__ import annotations

import re

from zhengtong.errors import Fault

MAX_BYTES = 4 * 1024 * 1024
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2028\u2029\u2066-\u2069\ufffe\uffff]")
"""Controls, halves of surrogates, line breaks that only some programs see, what turns text around."""


class UnreadableError(Exception):
    """Reading cannot go on; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.en)
        self.fault = fault


def decode(raw: bytes, file: str) -> str:
    """The text. Raises UnreadableError at the first line that cannot be taken."""
    if len(raw) > MAX_BYTES:
        raise UnreadableError(
            Fault(file, 1, "", "文件太大", "the file is too large", f"> {MAX_BYTES} B", f"≤ {MAX_BYTES} B")
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UnreadableError(
            Fault(
                file,
                line,
                "",
                "文件编码不是 UTF-8",
                "the file is not encoded in UTF-8",
                found=f"0x{raw[error.start]:02X} @ {error.start} B",
                expected="UTF-8",
            )
        ) from None
    for number, line_text in enumerate(text.split("\n"), 1):
        bad = FORBIDDEN.search(line_text.removesuffix("\r"))
        if bad:
            raise UnreadableError(
                Fault(
                    file,
                    number,
                    "",
                    "含有控制字符",
                    "the file holds a control character",
                    found=f"U+{ord(bad.group()):04X}",
                )
            )
        if "\t" in line_text[: len(line_text) - len(line_text.lstrip())] and line_text.strip():
            raise UnreadableError(
                Fault(
                    file,
                    number,
                    "",
                    "缩进用了制表符",
                    "the line is indented with a tab",
                    found="Tab",
                    expected="空格 spaces",
                )
            )
    return text
