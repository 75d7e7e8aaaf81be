# SPDX-License-Identifier: Apache-2.0
"""Workflow engines beside an act: eight steps a case on SQLite (WAL, synchronous=FULL), each step durable by itself.

The engines only keep where a case stands; an act also checks authority, computes limits and is recorded with a digest.
They are installed into `build/peers` and run there, so that nothing of theirs is a dependency.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from statistics import median

from benchmarks import place
from benchmarks.measure import Round, Side, timed
from benchmarks.report import Report

PEERS = {"SpiffWorkflow": ("spiff_case.py", "SpiffWorkflow==3.2.0"), "DBOS": ("dbos_case.py", "dbos==3.4.0")}
HOME = place.ROOT / "build" / "peers"


def run(rounds: int, size: int) -> list[Report]:
    """`size` cases a round on each side, in turn."""
    python = _installed()
    place.state()
    from benchmarks import activity
    from benchmarks.transitions import _bulk, _performed

    published = activity.version()
    _performed(1, published)
    ours: dict[str, list[Round]] = {"perform(): one transaction an act": [], "bulk(): one transaction": []}
    theirs: dict[str, list[Round]] = {name: [] for name in PEERS}
    for turn in range(rounds):
        ours["perform(): one transaction an act"].append(timed(lambda: _performed(size, published, mark=f"one{turn}")))  # noqa: B023 - called at once
        ours["bulk(): one transaction"].append(timed(lambda: _bulk(size, published, mark=f"set{turn}")))  # noqa: B023 - the same
        for name, (script, _) in PEERS.items():
            theirs[name].append(_asked(python, script, size))
    sides = [Side(name, "step", tuple(taken)) for name, taken in (ours | theirs).items()]
    facts = {f"median CPU µs, {side.name}": round(median(one.cpu_s for one in side.rounds) * 1e6) for side in sides}
    return [Report("engines", "Durable steps beside workflow engines (CPU)", sides, sides[0].name, facts)]


def _installed() -> Path:
    python = HOME / "bin" / "python"
    if not python.exists():
        venv.create(HOME, with_pip=True)
    wanted = [package for _, package in PEERS.values()]
    done = subprocess.run([python, "-m", "pip", "install", "-q", *wanted], check=False)
    if done.returncode:
        sys.exit("benchmarks: the engines could not be installed")
    return python


def _asked(python: Path, script: str, cases: int) -> Round:
    """A process of the engine's own, which measures itself after it has warmed up."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(__file__).parent / "peers" / script
        command = [str(python), str(path), f"{folder}/peer.sqlite3", str(cases)]
        told = subprocess.run(command, check=True, capture_output=True, text=True)
    said = json.loads(told.stdout.splitlines()[-1])
    if said["synchronous"] != 2 or said["kept"] < cases:
        sys.exit(f"benchmarks: {script} did not keep its cases as ours are kept: {said}")
    return Round(said["cpu_us"] / 1e6, said["cpu_us"] / 1e6)
