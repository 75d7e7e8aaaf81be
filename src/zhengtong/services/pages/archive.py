# SPDX-License-Identifier: Apache-2.0
"""Archive: closed cases to be filed, packages in the store, and what is due for handing over or appraisal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhengtong.acts.authority import authorize, may
from zhengtong.acts.perform import now_us, perform
from zhengtong.city.text import Text
from zhengtong.errors import BadInput, NotFound
from zhengtong.organization.queries import actor
from zhengtong.services.actions.appraise_archive import AppraiseArchive
from zhengtong.services.actions.destroy_archive import DestroyArchive
from zhengtong.services.actions.transfer_archive import TransferArchive
from zhengtong.services.archive_work import PackageWork, file_of, folder
from zhengtong.services.archiving import build, listed, to_file
from zhengtong.services.casework import calendar
from zhengtong.services.engine.archive import verify_package
from zhengtong.services.models import ArchivePackage, Case
from zhengtong.services.published import published
from zhengtong.ui.pages import page, post_key, route
from zhengtong.ui.parts import Crumb, Fact, State, StateKind

SHOWN = 50
STATES: dict[str, tuple[StateKind, object]] = {
    "built": ("ok", gettext_lazy("filed")),
    "transferred": ("ok", gettext_lazy("handed over")),
    "kept_on": ("info", gettext_lazy("kept on")),
    "to_destroy": ("near", gettext_lazy("to be destroyed")),
    "destroyed": ("wait", gettext_lazy("destroyed")),
}


def _crumbs(*more: Crumb) -> list[Crumb]:
    return [Crumb(_("My steps"), reverse("workbench")), Crumb(_("Archive"), reverse("archive") if more else ""), *more]


@route(permission="archive.read")
def packages(request: HttpRequest) -> HttpResponse:
    me = actor(request)
    mine = None if me.holds("auditor") else me.departments("officer")
    due = bool(request.GET.get("due"))
    rows = listed(due=due, departments=mine)
    waiting = [] if mine is None else _waiting(mine)
    context = {
        "rows": [(row, published(row.case.definition).event.name, State(*STATES[row.state])) for row in rows[:SHOWN]],
        "count": len(rows),
        "shown": SHOWN,
        "due": due,
        "waiting": waiting,
        "crumbs": _crumbs(),
    }
    return page(request, "services/archive.html", context)


def _waiting(departments: frozenset[str]) -> Sequence[tuple[Case, object]]:
    """The department's closed cases that are not filed yet, the oldest first."""
    found = [(case, published(case.definition).event) for case in to_file()[: 10 * SHOWN]]
    return [(case, event.name) for case, event in found if event.lead in departments][:SHOWN]


@route(permission="case.file", methods=("POST",))
def build_one(request: HttpRequest) -> HttpResponse:
    done = build(request.POST.get("case", ""), actor(request), post_key(request))
    messages.success(request, _("The case is filed. Its package lies in the store."))
    return redirect("archive_package", done.result["archive"])


def _opened(request: HttpRequest, number: str) -> PackageWork:
    row = ArchivePackage.objects.filter(number=number).select_related("case").first()
    if row is None or not may(actor(request), "archive.read", PackageWork(row).subject):
        raise NotFound("没有这个归档包", "there is no such package", found=number)
    return PackageWork(row)


@route(permission="archive.read")
def package(request: HttpRequest, number: str) -> HttpResponse:
    work = _opened(request, number)
    row, me, today = work.row, actor(request), calendar().date_of(now_us())
    held = folder() / f"{row.sha256}.zip"
    open_ = row.state in {"built", "kept_on"}
    acts = bool(may(me, "archive.transfer", work.subject))
    context = {
        "row": row,
        "event": published(row.case.definition).event,
        "state": State(*STATES[row.state]),
        "findings": [] if row.state == "destroyed" else _findings(held, row.manifest),
        "facts": _facts(row),
        "may_transfer": acts and open_,
        "may_appraise": acts and open_ and row.appraise_on is not None and row.appraise_on <= today,
        "may_destroy": acts and row.state == "to_destroy" and me.id != row.appraised_by,
        "crumbs": _crumbs(Crumb(row.number)),
    }
    return page(request, "services/archive_package.html", context)


def _findings(held: Path, manifest: str) -> list[tuple[str, Text]]:
    return [(one.path, Text(zh=one.zh, en=one.en)) for one in verify_package(held, manifest=manifest)]


def _facts(row: ArchivePackage) -> list[Fact]:
    kept = _("for ever") if row.keep_years is None else _("%(n)s years") % {"n": row.keep_years}
    return [
        Fact(_("Case"), row.case.number),
        Fact(_("Kept"), kept),
        Fact(_("To be handed over from"), row.transfer_on or "–"),
        Fact(_("To be appraised from"), row.appraise_on or "–"),
        Fact(_("SHA-256 of the package"), row.sha256),
        Fact(_("SHA-256 of its manifest"), row.manifest),
        *([Fact(_("Received by"), row.receiver, row.receipt)] if row.receiver else []),
        *([Fact(_("Appraisal"), row.text)] if row.text else []),
    ]


@route(permission="archive.read")
def download(request: HttpRequest, number: str) -> HttpResponseBase:
    """The package holds the whole form: only the department that may read the form gets it."""
    work = _opened(request, number)
    authorize(actor(request), "archive.transfer", work.subject)
    return FileResponse(file_of(work.row).open("rb"), as_attachment=True, filename=f"{number}.zip")


@route(permission="archive.transfer", methods=("POST",))
def act_on_package(request: HttpRequest, number: str) -> HttpResponse:
    given = request.POST
    years = given.get("years", "")
    match given.get("act", ""):
        case "transfer":
            perform(
                TransferArchive(number, given.get("receiver", ""), given.get("receipt", "")),
                actor(request),
                post_key(request),
            )
        case "keep" | "destroy" as verdict:
            kept = int(years) if years.isascii() and years.isdecimal() and len(years) < 4 else 0
            action = AppraiseArchive(number, verdict == "destroy", given.get("text", ""), kept)
            perform(action, actor(request), post_key(request))
        case "carry_out":
            perform(DestroyArchive(number), actor(request), post_key(request))
        case other:
            raise BadInput("没有这个操作", "there is no such act", found=other[:40])
    messages.success(request, _("Done."))
    return redirect("archive_package", number)
