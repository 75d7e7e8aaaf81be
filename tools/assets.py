# SPDX-License-Identifier: Apache-2.0
"""Copy the third-party browser assets and the notice font from node_modules into git-ignored folders."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
STATIC = ROOT / "src/zhengtong/ui/static/vendor"
FONTS = ROOT / "src/zhengtong/ui/fonts"

COPIES = {
    "@picocss/pico/css/pico.min.css": STATIC / "pico.min.css",
    "htmx.org/dist/htmx.min.js": STATIC / "htmx.min.js",
    "echarts/dist/echarts.simple.min.js": STATIC / "echarts.simple.min.js",
    "@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf": FONTS / "NotoSansSC-Regular.ttf",
    "@expo-google-fonts/noto-sans-sc/700Bold/NotoSansSC_700Bold.ttf": FONTS / "NotoSansSC-Bold.ttf",
}


def main() -> None:
    for source, target in COPIES.items():
        found = MODULES / source
        if not found.is_file():
            raise SystemExit(f"tools/assets.py: {source} is not in node_modules; run `npm ci --ignore-scripts` first")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found, target)


if __name__ == "__main__":
    main()
