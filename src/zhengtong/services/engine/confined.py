# SPDX-License-Identifier: Apache-2.0
"""Run work on files that may be hostile, or templates that may never end, in a process of its own with hard
limits.

The parent starts an isolated Python with the limits and a module's name; the child sets its own limits before
it imports that module and hands standard input to its `answer`. A crash, a kill by the kernel or a time-out
of the child is an `Unavailable` in the parent, never a hang or the death of a web worker.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from zhengtong.errors import Unavailable

# Port 9 (discard) on loopback: whatever in the child tries to fetch over HTTP is refused at once. typst would
# otherwise download packages that a template imports, which makes a notice depend on the network and on
# strangers.
_NOWHERE = "http://127.0.0.1:9"

# `-I` keeps PYTHONPATH and the working directory out of the child; it finds this package where the parent
# found it.
_SOURCE = str(Path(__file__).resolve().parents[3])
_START = f"import sys; sys.path.insert(0, sys.argv.pop(1)); from {__name__} import main; main()"


@dataclass(frozen=True)
class Bounds:
    """Wall and processor time in seconds, address space and answer in bytes."""

    seconds: float = 20.0
    cpu_seconds: int = 15
    memory_bytes: int = 2 << 30
    answer_bytes: int = 32 << 20


@dataclass(frozen=True)
class Answer:
    """What the child said: `head` is its JSON verdict, `body` the bytes it made (empty when it made none)."""

    head: Mapping[str, Any]
    body: bytes = b""

    def pack(self) -> bytes:
        return json.dumps(dict(self.head), ensure_ascii=True).encode() + b"\n" + self.body


def run_confined(module: str, request: bytes, bounds: Bounds) -> Answer:
    """Let `module.answer(request)` run within `bounds`.

    Raises Unavailable when the child ran out of time or memory, crashed, or answered more than allowed;
    `found` names which.
    """
    command = [sys.executable, "-I", "-c", _START, _SOURCE, json.dumps(asdict(bounds)), module]
    try:
        done = subprocess.run(
            command,
            input=request,
            capture_output=True,
            timeout=bounds.seconds,
            env=_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _stopped(f"> {bounds.seconds:g} s") from None
    if done.returncode != 0:
        # Only the last line of what it printed: a traceback names paths that a reader should not see.
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or [""]
        raise _stopped(f"exit {done.returncode} {last[0][:200]}".strip())
    if len(done.stdout) > bounds.answer_bytes:
        raise _stopped(f"{len(done.stdout)} bytes", f"≤ {bounds.answer_bytes} bytes")
    head, _, body = done.stdout.partition(b"\n")
    return Answer(json.loads(head), body)


def _environment() -> dict[str, str]:
    names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    return {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", **dict.fromkeys(names, _NOWHERE)}


def _stopped(found: str, expected: str | None = None) -> Unavailable:
    return Unavailable(
        "处理这份文件的进程没有在限定的时间和内存内完成",
        "the process working on this file did not finish within its time and memory",
        found=found,
        expected=expected,
    )


def _bind(bounds: Bounds) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (bounds.memory_bytes, bounds.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (bounds.cpu_seconds, bounds.cpu_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Pipes are not files: the child can answer, but writes nothing to any disk.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def main() -> None:
    """The child's whole life; `sys.argv` holds the bounds and the worker's name."""
    _bind(Bounds(**json.loads(sys.argv[1])))
    worker = importlib.import_module(sys.argv[2])
    answer: Answer = worker.answer(sys.stdin.buffer.read())
    sys.stdout.buffer.write(answer.pack())
