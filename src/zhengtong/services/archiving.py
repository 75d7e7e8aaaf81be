# SPDX-License-Identifier: Apache-2.0
"""Building the archive package of a closed case: everything that was filled in, handed in, sent out and recorded.

The package is made and lies in the store before the act that vouches for it; a crash between the two leaves a file that
nobody names, and the same case built again makes the same bytes.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from zhengtong.acts.actor import Actor
from zhengtong.acts.outbox import handles
from zhengtong.acts.perform import Done, now_us, perform
from zhengtong.errors import BadInput, Conflict, NotFound
from zhengtong.ledger import log as compose
from zhengtong.ledger.models import Event
from zhengtong.organization.queries import names_of
from zhengtong.services.actions.file_case import FileCase
from zhengtong.services.archive_work import folder, retention_file
from zhengtong.services.casework import IMPORTED, CaseWork, calendar, open_case
from zhengtong.services.documents import FONTS, file_of
from zhengtong.services.engine.archive import Packed, Part, metadata_xml, pack
from zhengtong.services.engine.confined import run_confined
from zhengtong.services.engine.notices import BOUNDS
from zhengtong.services.engine.uploads import read_upload
from zhengtong.services.models import ArchivePackage, Case
from zhengtong.services.processes import sealed_notice

TEMPLATES = Path(__file__).resolve().parent / "templates/archive"
SUFFIXES = {"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg"}
# The package's own event is no part of what it holds, and neither is what comes after the filing.
_AFTER = ("case_filed", "archive_transferred", "archive_appraised", "archive_destroyed")


def to_file() -> QuerySet[Case]:
    """Closed cases without a package, the oldest first."""
    closed = Case.objects.filter(closed_us__isnull=False, archive__isnull=True).exclude(channel=IMPORTED)
    return closed.order_by("closed_us", "id")


def prepare(case: str) -> None:
    """Have every document of the case made, so that its events can be sealed before the package is built."""
    for notice in open_case(case, lock=False).case.notices.order_by("id"):
        sealed_notice(notice)


def listed(*, due: bool = False, departments: Collection[str] | None = None) -> list[ArchivePackage]:
    """Packages, the newest first; `due`: those that by today are to be handed over or appraised."""
    rows = ArchivePackage.objects.select_related("case").order_by("-id")
    if departments is not None:
        rows = rows.filter(department__in=departments)
    if due:
        today = calendar().date_of(now_us())
        rows = rows.filter(
            Q(state="built", transfer_on__lte=today)
            | Q(state__in=("built", "kept_on"), appraise_on__lte=today)
            | Q(state="to_destroy")
        )
    return list(rows)


def build(case: str, actor: Actor, key: str) -> Done:
    """Make the package and file the case. Raises `Conflict` for a case that is open, filed, or not sealed yet;
    `NotFound` naming a material whose file is gone."""
    work = open_case(case, lock=False)
    if work.case.closed_us is None or work.case.channel == IMPORTED:
        raise Conflict("只有在本系统办结的办件才能归档", "only a case closed in this system is filed", where=case)
    number = number_of(work)
    packed = pack(number, list(_parts(work, number)))
    _keep(packed)
    return perform(FileCase(case, number, packed.sha256, packed.manifest, len(packed.content)), actor, key)


def number_of(work: CaseWork) -> str:
    """档号: fonds, year of closing, lead department, case."""
    assert work.case.closed_us is not None  # noqa: S101  # build refuses open ones
    year = calendar().date_of(work.case.closed_us).year
    return f"{retention_file().fonds}-{year}-{work.definition.event.lead}-{work.case.number}"


def _keep(packed: Packed) -> None:
    """Written aside, then renamed."""
    with tempfile.NamedTemporaryFile(dir=folder(), suffix=".part", delete=False) as aside:
        aside.write(packed.content)
        aside.flush()
        os.fsync(aside.fileno())
    Path(aside.name).replace(folder() / f"{packed.sha256}.zip")


def _parts(work: CaseWork, number: str) -> Iterator[Part]:
    for notice in work.case.notices.order_by("id"):  # first: making a file is an act, and its event belongs in here
        sealed = sealed_notice(notice)
        yield Part(f"notices/{sealed.reference}-{sealed.kind}.pdf", file_of(sealed).read_bytes())
    events = list(_events(work))
    absent: list[str] = []
    for material in work.case.materials.order_by("id"):
        try:
            content = read_upload(settings.ZHENGTONG_STATE / "uploads", material.sha256)
        except NotFound:
            if not work.case.demo:  # of a simulated past no file was ever handed in
                raise
            absent.append(material.key)
            continue
        suffix = SUFFIXES.get(material.media_type, "")
        yield Part(f"materials/{material.key}-{material.reference}{suffix}", content)
    yield Part("form.pdf", _form(work))
    yield Part("outputs.json", _json(_outputs(work)))
    yield Part("process.json", _json([_told(event) for event in events]))
    yield Part("metadata.xml", metadata_xml(_metadata(work, number, absent)))
    for event in events:
        bundle = compose().prove(event.id)
        if "proof" not in bundle:
            raise Conflict(
                "办件的存证还没有封存，请稍后再归档", "events of the case are not sealed yet; file it later",
                where=work.case.number,
            )  # fmt: skip
        yield Part(f"record/events/{event.id}.json", _json(bundle))


def _events(work: CaseWork) -> QuerySet[Event]:
    touched = Event.objects.filter(objects_touched__object_type="case", objects_touched__object_id=work.case.number)
    return touched.exclude(type__in=_AFTER).distinct().order_by("time_us", "id")


def _told(event: Event) -> dict[str, Any]:
    return {
        "event": event.id,
        "type": event.type,
        "time": _iso(event.time_us),
        "recorded": _iso(event.recorded_us),
        "department": event.department,
        "attributes": event.attributes,
    }


def _outputs(work: CaseWork) -> list[dict[str, str]]:
    found = [(key, getattr(step, "output", None)) for key, step in work.steps.items()]
    return [
        {
            "service": key,
            "output": output.key,
            "number": output.number,
            "issuer_number": output.issuer_number,
            "issued": _iso(output.issued_us),
            "status": output.status,
        }
        for key, output in found
        if output
    ]


def _metadata(work: CaseWork, number: str, absent: list[str]) -> Mapping[str, Any]:
    case, event = work.case, work.definition.event
    period = retention_file().compiled().period((key, step.department) for key, step in work.steps.items())
    return {
        "number": number,
        "fonds": retention_file().fonds,
        "title": f"{event.name.zh} {case.number}",
        "case": case.number,
        "lifeEvent": event.key,
        "definition": case.definition,
        "lead": work.definition.departments[event.lead].name.zh,
        "channel": case.channel,
        "submitted": _iso(case.submitted_us),
        "closed": _iso(case.closed_us or 0),
        "outcome": case.phase,
        "retention": period.name,
        "demo": str(case.demo).lower(),
        "services": [
            {
                "key": key,
                "name": work.definition.services[key].name.zh,
                "code": work.definition.services[key].code or "",
                "department": work.definition.departments[step.department].name.zh,
                "state": step.state,
            }
            for key, step in work.steps.items()
        ],
        "materials": [
            {"key": m.key, "sha256": m.sha256, "size": str(m.size), "held": str(m.key not in absent).lower()}
            for m in case.materials.order_by("id")
        ],
    }


def _form(work: CaseWork) -> bytes:
    """The form as PDF/A, dated when the case was handed in."""
    rows = []
    for key, value in work.form.values.items():
        element = work.definition.elements.get(key)
        names = work.definition.codes[element.code_list].names() if element and element.code_list else {}
        shown = names[str(value)].zh if str(value) in names else str(value)
        rows.append({"label": element.name.zh if element else key, "value": shown})
    event = work.definition.event
    author = work.definition.departments[event.lead].name.zh
    applicant = names_of([work.case.applicant]).get(work.case.applicant) or "–"
    head = [{"label": "办件编号 Case", "value": work.case.number}, {"label": "申请人 Applicant", "value": applicant}]
    data = {"title": f"{event.name.zh} 申请表", "author": author, "rows": [*head, *rows]}
    request = {
        "folder": str(TEMPLATES),
        "template": "form.typ",
        "fonts": str(FONTS.resolve()),
        "inputs": {"data": json.dumps(data, ensure_ascii=False)},
        "timestamp": work.case.submitted_us // 1_000_000,
    }
    answer = run_confined("zhengtong.services.engine.typeset", json.dumps(request).encode(), BOUNDS)
    if not answer.head["ok"]:
        raise BadInput(
            "申请表不能排版", "the form cannot be typeset",
            where=work.case.number, found=str(answer.head["message"])[:300],
        )  # fmt: skip
    return answer.body


def _iso(us: int) -> str:
    return datetime.fromtimestamp(us // 1_000_000, UTC).isoformat()


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


@handles("services.destroy_archive")
def destroy(payload: Mapping[str, Any]) -> None:
    """Remove the file of a package that was destroyed by an act; the record of it stays."""
    row = ArchivePackage.objects.filter(number=payload["archive"], state="destroyed").first()
    if row is not None:
        (folder() / f"{row.sha256}.zip").unlink(missing_ok=True)
