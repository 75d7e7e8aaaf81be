# SPDX-License-Identifier: Apache-2.0
"""An item list taken in on a page: the same reading, checks and act as `zhengtong items import`."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from zhengtong.errors import BadInput, CityFaults, FormFaults, ZhengtongError
from zhengtong.organization.queries import actor
from zhengtong.services import itemlists
from zhengtong.services.engine.itemstore import Snapshot
from zhengtong.services.models import ItemSnapshot
from zhengtong.ui.forms import Field
from zhengtong.ui.pages import page, post_key, route
from zhengtong.ui.parts import Crumb

LARGEST: Final = 64 << 20
"""Bytes of a list a request may bring: it is read while somebody waits. Longer ones go by the command line."""
LARGEST_MAPPING: Final = 256 << 10
LONGEST_SOURCE: Final = 64
TOLD: Final = 5
"""Faults of a mapping told at once."""
_SOURCE: Final = re.compile(r"[\w.-]+")


@route(permission="items.import", methods=("GET", "HEAD", "POST"))
def import_page(request: HttpRequest) -> HttpResponse:
    """Ask for list, mapping and source. A list that was taken in opens with its report by row."""
    if request.method != "POST":
        return _form(request, {})
    post_key(request)  # what a list is, is its content: taken in twice it is there once
    faults: dict[str, ZhengtongError] = {}
    source = request.POST.get("source", "").strip()
    if not _SOURCE.fullmatch(source) or len(source) > LONGEST_SOURCE:
        faults["source"] = BadInput(
            "请用一个词写明来源", "name the source in one word",
            found=source[:LONGEST_SOURCE] or None, expected="province",
        )  # fmt: skip
    sent = {name: _sent(request, name, most, faults) for name, most in _FILES.items()}
    if not faults:
        with tempfile.TemporaryDirectory(prefix="zhengtong-items-") as aside:
            snapshot = _take(request, {name: file for name, file in sent.items() if file}, source, Path(aside), faults)
        if snapshot is not None:
            return _taken(request, snapshot)
    return _form(request, faults)


_FILES: Final = {"list": LARGEST, "mapping": LARGEST_MAPPING}


def _sent(request: HttpRequest, name: str, most: int, faults: dict[str, ZhengtongError]) -> UploadedFile | None:
    file = request.FILES.get(name)
    if not isinstance(file, UploadedFile) or not file.size:
        faults[name] = BadInput("请选择文件", "choose a file")
        return None
    if file.size > most:
        faults[name] = BadInput(
            "文件过大，请用命令行导入", "the file is too large for a page; use zhengtong items import",
            found=f"{file.size} bytes", expected=f"≤ {most} bytes",
        )  # fmt: skip
        return None
    return file


def _take(
    request: HttpRequest, sent: dict[str, UploadedFile], source: str, aside: Path, faults: dict[str, ZhengtongError]
) -> Snapshot | None:
    """The snapshot, recorded; None with what was wrong put to the file that is at fault."""
    # a name of ours with no more of theirs than what tells a workbook from a table
    workbook = (sent["list"].name or "").lower().endswith((".xlsx", ".xlsm", ".xls"))
    paths = {"list": aside / ("list.xlsx" if workbook else "list.csv"), "mapping": aside / "mapping.yaml"}
    for name, path in paths.items():
        with path.open("wb") as kept:
            shutil.copyfileobj(sent[name], kept)
    try:
        return itemlists.import_list(paths["list"], paths["mapping"], source, actor(request))
    except CityFaults as wrong:
        zh, en = ("\n".join(fault.say(language) for fault in wrong.faults[:TOLD]) for language in ("zh", "en"))
        faults["mapping"] = BadInput(zh, en)
    except BadInput as wrong:
        faults["list"] = wrong
    return None


def _taken(request: HttpRequest, snapshot: Snapshot) -> HttpResponse:
    rows, rejected = int(snapshot.manifest["rows"]), int(snapshot.manifest["rejected"])
    said = ngettext("%(n)s item was taken in.", "%(n)s items were taken in.", rows) % {"n": rows}
    if rejected:
        left = ngettext("%(n)s row was left out.", "%(n)s rows were left out.", rejected) % {"n": rejected}
        messages.warning(request, f"{said} {left}")
    else:
        messages.success(request, said)
    return redirect("item_list", snapshot.hash)


def _form(request: HttpRequest, wrong: dict[str, ZhengtongError]) -> HttpResponse:
    last = ItemSnapshot.objects.order_by("-imported_us").first()
    source = request.POST.get("source", last.source if last else "")
    fields = [
        Field("list", _("The list"), kind="file", hint=_("CSV (UTF-8 or GB18030) or .xlsx, with a header"),
              error=wrong.get("list", ""), attributes={"accept": ".csv,.xlsx,.xlsm,.txt"}),
        Field("mapping", _("Mapping file"), kind="file", hint=_("YAML: which column is which field of an item"),
              error=wrong.get("mapping", ""), attributes={"accept": ".yaml,.yml"}),
        Field("source", _("Source of the list"), value=source, error=wrong.get("source", ""),
              hint=_("One word, as in earlier imports: province")),
    ]  # fmt: skip
    context = {
        "fields": fields,
        "crumbs": [Crumb(_("Items"), reverse("items")), Crumb(_("Import a list"))],
    }
    return page(request, "services/item_import.html", context, faults=FormFaults(wrong) if wrong else None)
