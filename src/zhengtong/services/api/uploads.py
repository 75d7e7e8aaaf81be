# SPDX-License-Identifier: Apache-2.0
"""Documents, by their content: PUT is idempotent, so a transfer that broke off is simply sent again.

What is answered is a signed handle bound to the caller. A hash alone opens nothing: whoever learned one could else
attach another person's document to a case of his own and read it there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO, cast

from django.conf import settings
from django.core import signing
from django.http import HttpRequest

from zhengtong.acts.perform import now_us
from zhengtong.errors import BadInput, FormFaults, Refused, ZhengtongError
from zhengtong.organization.queries import actor
from zhengtong.services.actions.submit_case import UploadedMaterial
from zhengtong.services.api.access import THROTTLE, caller
from zhengtong.services.api.base import api
from zhengtong.services.api.schemas import MaterialIn, UploadOut
from zhengtong.services.engine.uploads import UploadLimits, store_upload

SALT = "zhengtong.upload"
VALID_S = 24 * 3600
LIMITS = UploadLimits()
_BODY = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}, "required": True}


@api.put(
    "/uploads/{sha256}",
    response=UploadOut,
    operation_id="upload",
    auth=caller("cases.write"),
    throttle=THROTTLE,
    summary="Upload a document (PDF, JPEG, PNG) under its SHA-256",
    openapi_extra={"requestBody": _BODY},
)
def upload(request: HttpRequest, sha256: str) -> UploadOut:
    """The body is the file itself, at most 10 MB; it is judged by what it holds, not by a name or type that is sent."""
    me = actor(request)
    if not (me.holds("resident") or me.holds("clerk")):
        raise Refused("不允许上传", "you may not upload")
    folder = settings.ZHENGTONG_STATE / "uploads"
    stored = store_upload(cast(BinaryIO, request), folder, LIMITS)
    if stored.sha256 != sha256.lower():
        raise BadInput(
            "收到的内容与散列值不符，请重新上传", "what arrived is not what was announced; send it again",
            where="sha256", found=stored.sha256, expected=sha256[:64],
        )  # fmt: skip
    handle = signing.dumps([me.id, stored.sha256, stored.media_type, stored.size], salt=SALT, compress=True)
    expires = now_us() + VALID_S * 1_000_000
    return UploadOut(
        upload=handle, sha256=stored.sha256, media_type=stored.media_type, size=stored.size, expires_us=expires
    )


def materials_of(request: HttpRequest, given: Iterable[MaterialIn]) -> tuple[UploadedMaterial, ...]:
    """The files the handles stand for. Raises `FormFaults` for one that is forged, too old or another caller's."""
    me, found = actor(request).id, []
    faults: dict[str, ZhengtongError] = {}
    for one in given:
        try:
            owner, sha256, media_type, size = signing.loads(one.upload, salt=SALT, max_age=VALID_S)
        except signing.BadSignature:
            owner = ""
        if not owner or owner != me:
            faults[one.key] = BadInput(
                "文件凭证无效或已过期，请重新上传", "this upload is unknown or too old; send the file again"
            )
            continue
        found.append(UploadedMaterial(one.key, sha256, media_type, size, one.filename or one.key))
    if faults:
        raise FormFaults(faults)
    return tuple(found)
