# SPDX-License-Identifier: Apache-2.0
"""Public verification of a notice: by its code or QR, and by the file itself."""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from zhengtong.acts.serving import city
from zhengtong.city.definition import Department
from zhengtong.errors import BadInput, FormFaults, NotFound
from zhengtong.ledger.models import Event
from zhengtong.services.documents import signer
from zhengtong.services.engine.signing import root_pem, verify_pdf
from zhengtong.services.models import Notice
from zhengtong.services.published import published
from zhengtong.services.queries import notice_of_code
from zhengtong.ui.forms import Field
from zhengtong.ui.pages import page, public

LARGEST = 20 << 20
KINDS = {
    "intake": _lazy("Receipt of intake"),
    "accept": _lazy("Notice of acceptance"),
    "not_accept": _lazy("Notice of non-acceptance"),
    "correct": _lazy("Notice of correction"),
    "exclude": _lazy("Notice of excluded time"),
    "extend": _lazy("Notice of extension"),
    "grant": _lazy("Notice of result"),
    "refuse": _lazy("Notice of refusal"),
    "inspect": _lazy("Notice of joint inspection"),
    "revoke": _lazy("Decision of revocation"),
    "cancel": _lazy("Decision of cancellation"),
}


def _code_field(value: str = "", error: object = "") -> Field:
    return Field(
        "code", _("Verification code"), value=value, error=error, hint=_("16 letters and digits, below the QR code")
    )


@public(reason="whoever holds a notice may check it")
def ask(request: HttpRequest) -> HttpResponse:
    code = request.GET.get("code", "").strip().upper().replace(" ", "").replace("-", "")
    if "code" not in request.GET:
        return page(request, "services/verify.html", {"fields": [_code_field()]})
    try:
        notice_of_code(code, request.META.get("REMOTE_ADDR", ""))
    except NotFound as unknown:
        faults = FormFaults({"code": unknown})
        fields = [_code_field(code, faults.fields["code"])]
        return page(request, "services/verify.html", {"fields": fields}, faults=faults)
    return redirect("verify_code", code)


@public(reason="whoever holds a notice may check it", methods=("GET", "HEAD", "POST"))
def show(request: HttpRequest, code: str) -> HttpResponse:
    """What the notice is, without naming the person; with a file posted, whether it is this very file."""
    notice = notice_of_code(code, request.META.get("REMOTE_ADDR", ""))
    definition = published(notice.case.definition)
    sealed = Event.objects.filter(
        type="notice_sealed", objects_touched__object_type="notice", objects_touched__object_id=notice.reference
    ).first()
    context: dict[str, object] = {
        "notice": notice,
        "issuer": city().get(Department, notice.department).name,
        "matter": definition.services[notice.step.key].name if notice.step else definition.event.name,
        "sealed": sealed,
        "kind": KINDS.get(notice.kind, notice.kind),
        "ended": _ended(notice),
        "report": None,
    }
    if request.method == "POST":
        context["report"] = _report(request, notice)
    return page(request, "services/verified.html", context)


def _ended(notice: Notice) -> str:
    """`revoked` or `cancelled` where what this notice granted is no longer valid, else ""."""
    output = getattr(notice.step, "output", None) if notice.kind == "grant" else None
    return output.status if output is not None and output.status in {"revoked", "cancelled"} else ""


def _report(request: HttpRequest, notice: Notice) -> dict[str, object]:
    file = request.FILES.get("file")
    if file is None or file.size is None or file.size > LARGEST:
        raise BadInput("请选择 20 MB 以内的 PDF 文件", "choose a PDF file of at most 20 MB")
    content = file.read()
    same = hashlib.sha256(content).hexdigest() == notice.sha256
    try:
        signature = verify_pdf(content, root_pem(signer()), sha256=notice.sha256)
    except BadInput as fault:
        return {"same": same, "why": fault, "valid": False}
    return {
        "same": same,
        "valid": signature.valid and signature.intact,
        "why": signature.why,
        "signed_at": signature.signed_at,
    }
