# SPDX-License-Identifier: Apache-2.0
"""A file that came with an application, as actions carry it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class UploadedMaterial:
    """A file already stored by its content (`engine.uploads`)."""

    key: str
    sha256: str
    media_type: str
    size: int
    filename: str
