# SPDX-License-Identifier: Apache-2.0
"""`make bundle`: one archive that installs Zhengtong on a machine without a network.

For machines like this one: the same processor, operating system and Python minor version, which the archive's name
says. Inside: every locked package as a wheel, our own wheel with its browser assets, fonts and translations, the demo
city, the docs, `install.sh` and the SHA-256 of every file. Before it is done the archive is unpacked, installed into an
empty environment without a network (`unshare --net` where the machine allows it, always `--no-index`) and its
`zhengtong` checks the demo city and makes a demo case.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"

INSTALL = """#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install Zhengtong into a folder of its own: ./install.sh /opt/zhengtong   (needs Python {python}, no network)
set -eu
cd "$(dirname "$0")"
target="${{1:-}}"
if [ -z "$target" ]; then echo "usage: ./install.sh FOLDER, e.g. ./install.sh /opt/zhengtong" >&2; exit 2; fi
if [ -e "$target/venv" ]; then echo "$target/venv is there already; choose another folder or remove it" >&2; exit 1; fi
python="${{PYTHON:-python{python}}}"
command -v "$python" >/dev/null || {{ echo "needs Python {python}; say which with PYTHON=…" >&2; exit 1; }}
sha256sum --check --quiet SHA256SUMS || {{ echo "the bundle is not what it was when it was made" >&2; exit 1; }}
"$python" -m venv "$target/venv"
"$target/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --find-links wheels \\
    --require-hashes --requirement requirements.txt
"$target/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps wheels/zhengtong-*.whl
cp -R city docs "$target/"
echo "Zhengtong is in $target. Try it: $target/venv/bin/zhengtong --city $target/city serve --demo"
"""


def run(*command: str | Path, **more: object) -> None:
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT, **more)  # type: ignore[call-overload]


def name() -> str:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    return f"zhengtong-{version}-{python}-{platform.system().lower()}-{platform.machine()}"


def fill(folder: Path) -> None:
    """Everything the bundle holds, `SHA256SUMS` last."""
    wheels = folder / "wheels"
    requirements = ROOT / "requirements/base.txt"
    quiet = ("--quiet", "--disable-pip-version-check")
    pip = (sys.executable, "-m", "pip")
    run(*pip, "download", *quiet, "--only-binary", ":all:", "--require-hashes", "-r", requirements, "-d", wheels)
    run(*pip, "wheel", *quiet, "--no-deps", "--no-build-isolation", "--wheel-dir", wheels, ROOT)
    shutil.copy(requirements, folder / "requirements.txt")
    shutil.copytree(ROOT / "examples/city", folder / "city")
    shutil.copytree(ROOT / "docs", folder / "docs")
    for file in ("LICENSE", "README.md", "README.zh.md"):
        shutil.copy(ROOT / file, folder)
    script = folder / "install.sh"
    script.write_text(INSTALL.format(python=f"{sys.version_info.major}.{sys.version_info.minor}"))
    script.chmod(0o755)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}" for path in files]
    (folder / "SHA256SUMS").write_text("\n".join(sums) + "\n")


def try_it(archive: Path, folder: str) -> None:
    """Install from the archive as its user would, without a network, and use what was installed."""
    with tempfile.TemporaryDirectory(prefix="bundle-") as made:
        place = Path(made)
        with tarfile.open(archive) as tar:
            tar.extractall(place, filter="data")
        alone = ("unshare", "--net", "--map-root-user") if _may_unshare() else ()
        plain = {
            key: value for key, value in os.environ.items() if not key.startswith(("ZHENGTONG_", "PYTHON", "PIP_"))
        }
        plain["ZHENGTONG_STATE"] = str(place / "state")
        zhengtong = place / "target/venv/bin/zhengtong"
        city = place / "target/city"
        for command in (
            (place / folder / "install.sh", place / "target"),
            (zhengtong, "check", city),
            (zhengtong, "--city", city, "demo", "--cases", "2"),
            (zhengtong, "ledger", "audit"),
        ):
            subprocess.run([*alone, *map(str, command)], check=True, cwd=place, env=plain)
        print(f"tried: installed {'in a name space without a network' if alone else 'with --no-index'}, used, audited")


def _may_unshare() -> bool:
    command = ["unshare", "--net", "--map-root-user", "true"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def main() -> None:
    BUILD.mkdir(exist_ok=True)
    archive = BUILD / f"{name()}.tar.gz"
    with tempfile.TemporaryDirectory(prefix="bundle-") as made:
        folder = Path(made) / name()
        folder.mkdir()
        fill(folder)
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(folder, arcname=name())
    try_it(archive, name())
    print(f"{archive.relative_to(ROOT)}: {archive.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
