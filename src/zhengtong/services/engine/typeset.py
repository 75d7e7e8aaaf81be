# SPDX-License-Identifier: Apache-2.0
"""The child that runs typst (started by `confined`, never imported by the web).

Output is PDF/A-2a and PDF/UA-1: it can be archived and read aloud, and typst then refuses to leave out a
character for which the fonts have no glyph, so a rare character in a name is an error and never a blank on an
official paper.
"""

from __future__ import annotations

import json
import os

import typst

from zhengtong.services.engine.confined import Answer

STANDARDS: list[typst.PDFStandard] = ["a-2a", "ua-1"]


def answer(request: bytes) -> Answer:
    """Compile `folder/template`; the data travel as strings in `sys.inputs` and are never part of the source."""
    asked = json.loads(request)
    os.chdir(asked["folder"])  # diagnostics then name templates as the city knows them
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[asked["fonts"]])
    try:
        pdf = typst.compile(
            asked["template"],
            root=".",
            font_paths=fonts,
            ignore_system_fonts=True,
            sys_inputs=asked["inputs"],
            pdf_standards=STANDARDS,
            timestamp=asked["timestamp"],
            package_path="/nonexistent",
            package_cache_path="/nonexistent",
        )
    except typst.TypstError as error:
        # The hint of a missing glyph and the place both stand in the diagnostic.
        return Answer({"ok": False, "message": error.message, "diagnostic": error.diagnostic})
    return Answer({"ok": True}, pdf)
