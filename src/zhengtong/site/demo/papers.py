# SPDX-License-Identifier: Apache-2.0
"""What the demo's people hand in: one small picture for each kind of document, marked as made up, really on the shelf.

So every download of the demo opens, and the pages that show a document have one to show.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from django.conf import settings

from zhengtong.city.text import Text
from zhengtong.services.actions.submit_case import UploadedMaterial
from zhengtong.services.documents import FONTS
from zhengtong.services.engine.uploads import UploadLimits, store_upload

PAPER: Final = """
#set page(width: 148mm, height: 105mm, margin: 12mm)
#set text(font: "Noto Sans SC", size: 12pt)
#for (place, name) in json(bytes(sys.inputs.names)).enumerate() {
  if place > 0 { pagebreak() }
  heading(name.zh)
  text(name.en)
  v(1fr)
  text(gray)[演示材料，不具效力 · Made up for the demo; proves nothing]
}
"""
"""One page a document. Names travel as data and are never part of the source."""
PPI: Final = 72.0


def drawn(names: Mapping[str, Text]) -> dict[str, bytes]:
    """A PNG of each document, all of them in one run of typst (80 of them: 0.8 s)."""
    import typst  # takes a moment to load, and only a demo that is filled needs it

    if not names:
        return {}
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])
    said = json.dumps([{"zh": name.zh, "en": name.en} for name in names.values()], ensure_ascii=False)
    pages = typst.compile(
        PAPER.encode(), font_paths=fonts, ignore_system_fonts=True, sys_inputs={"names": said}, format="png", ppi=PPI
    )
    return dict(zip(names, pages if isinstance(pages, list) else [pages], strict=True))


def stored(names: Mapping[str, Text]) -> dict[str, UploadedMaterial]:
    """Each document by its key, kept where uploads are kept and checked as they are."""
    folder: Path = settings.ZHENGTONG_STATE / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    kept = {}
    for key, page in drawn(names).items():
        found = store_upload(io.BytesIO(page), folder, UploadLimits())
        kept[key] = UploadedMaterial(key, found.sha256, found.media_type, found.size, f"{key}.png")
    return kept
