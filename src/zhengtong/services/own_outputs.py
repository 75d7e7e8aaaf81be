# SPDX-License-Identifier: Apache-2.0
"""Results a person already holds, used again as documents of a later case (结果复用).

A result stands for the document of the same key: a birth certificate issued in one case for the birth certificate that
another asks for. What is handed in is the signed notice that granted it; by its digest the act knows it again, whoever
carried it here, and looks at that moment whether it is still valid and the applicant's own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings

from zhengtong.errors import BadInput, FormFaults, ZhengtongError
from zhengtong.services.documents import file_of
from zhengtong.services.engine.notices import NoticeKind
from zhengtong.services.engine.uploads import UploadLimits, store_upload
from zhengtong.services.models import Notice, Output
from zhengtong.services.processes import sealed_notice
from zhengtong.services.uploaded import UploadedMaterial

VALID = "valid"


@dataclass(frozen=True)
class OwnOutput:
    """A result and the notice that granted it."""

    output: Output
    notice: Notice


def own_outputs(applicant: str, keys: Collection[str]) -> list[OwnOutput]:
    """This applicant's results of these keys, valid or not, the newest first; without a notice there is no file."""
    rows = list(
        Output.objects.filter(step__case__applicant=applicant, key__in=list(keys)).order_by("-issued_us", "-id")
    )
    granted = Notice.objects.filter(step__in=[row.step_id for row in rows], kind=NoticeKind.GRANT).order_by("id")
    notices = {notice.step_id: notice for notice in granted}
    return [OwnOutput(row, notices[row.step_id]) for row in rows if row.step_id in notices]


def usable(applicant: str, keys: Collection[str]) -> dict[str, OwnOutput]:
    """The newest valid result for each key."""
    found: dict[str, OwnOutput] = {}
    for one in own_outputs(applicant, keys) if keys else []:
        if one.output.status == VALID:
            found.setdefault(one.output.key, one)
    return found


def as_material(one: OwnOutput) -> UploadedMaterial:
    """The signed notice of a result as a document of a case."""
    folder = settings.ZHENGTONG_STATE / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    with file_of(sealed_notice(one.notice)).open("rb") as file:
        stored = store_upload(file, folder, UploadLimits())
    name = f"{one.output.number}.pdf"
    return UploadedMaterial(one.output.key, stored.sha256, stored.media_type, stored.size, name)


def reused(applicant: str, materials: Iterable[UploadedMaterial]) -> Mapping[str, str]:
    """Which documents are results of this applicant's own: numbers by document.

    Raises `FormFaults` for one that was valid once and is no more. A file that is none of his results is an upload like
    any other.
    """
    by_key = {m.key: m for m in materials if m.media_type == "application/pdf"}
    found: dict[str, str] = {}
    faults: dict[str, ZhengtongError] = {}
    for one in own_outputs(applicant, by_key) if by_key else []:
        key = one.output.key
        if not one.notice.sha256 or by_key[key].sha256 != one.notice.sha256:
            continue
        if one.output.status == VALID:
            found[key] = one.output.number
        else:
            faults[key] = BadInput(
                "这份结果已经失效，不能复用，请另外提供", "this result is no longer valid; bring another document",
                found=one.output.number,
            )  # fmt: skip
    if faults:
        raise FormFaults(faults)
    return found
