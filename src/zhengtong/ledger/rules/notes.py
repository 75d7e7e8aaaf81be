# SPDX-License-Identifier: Apache-2.0
"""The texts a log signs, in the form of the C2SP signed note: a checkpoint of the tree, and the promise of a leaf.

The first line tells them apart (`origin`, `origin/promise`), so that a signature under one never passes for the other.
`verifier.py` reads them back.
"""

from __future__ import annotations

import base64
import re

from zhengtong.errors import BadInput


def checkpoint_text(*, origin: str, size: int, root: bytes, time_us: int, hash: str) -> str:
    """C2SP tlog-checkpoint (origin, size, root) and two lines of ours: time in µs, and the tree's hash."""
    return f"{origin}\n{size}\n{base64_text(root)}\ntime {time_us}\nhash {hash}\n"


def promise_text(*, origin: str, event: str, leaf: bytes, time_us: int, within_s: int, hash: str) -> str:
    """That the leaf of `event` will be in the tree within `within_s` seconds of `time_us`."""
    return (
        f"{origin}/promise\nevent {event}\nleaf {base64_text(leaf)}\ntime {time_us}\nwithin {within_s}\nhash {hash}\n"
    )


def signed(text: str, *, name: str, key_id: bytes, signature: bytes) -> str:
    """`text` with its signature line. `text` ends with a newline, which the signature covers."""
    return f"{text}\n— {name} {base64_text(key_id + signature)}\n"


def check_origin(origin: str) -> str:
    """`origin` itself, if a note can name it: no white space, no plus sign, not the name of our other note.

    Raises `BadInput`.
    """
    if not re.fullmatch(r"[^\s+]{1,200}", origin) or not origin.isprintable() or origin.endswith("/promise"):
        raise BadInput(
            "日志名称不能含空白或加号",
            "a log's name holds no white space and no plus sign",
            found=repr(origin),
        )
    return origin


def base64_text(data: bytes) -> str:
    return base64.b64encode(data).decode()
