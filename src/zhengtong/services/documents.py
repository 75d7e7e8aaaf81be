# SPDX-License-Identifier: Apache-2.0
"""The files of notices: what they say, typeset from the city's templates, signed, kept by their content's hash."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from zhengtong.acts.serving import city
from zhengtong.city.text import Text
from zhengtong.errors import NotFound
from zhengtong.organization.queries import names_of
from zhengtong.services.casework import CaseWork, calendar, open_case
from zhengtong.services.engine import notices as engine
from zhengtong.services.engine.notices import Item, Line, NoticeKind, Remedy, render_notice
from zhengtong.services.models import Notice
from zhengtong.services.special_files import PartFile

if TYPE_CHECKING:
    from zhengtong.services.engine.signing_keys import NoticeSigner

FONTS = Path(__file__).resolve().parent.parent / "ui/fonts"


def _folder() -> Path:
    folder: Path = settings.ZHENGTONG_STATE / "notices"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def signer() -> NoticeSigner:
    """The city's signer of notices; its keys are made once and stay in the state folder."""
    from zhengtong.services.engine.signing_keys import load_or_make_signer  # pyHanko takes a second to load

    began = datetime(2024, 1, 1, tzinfo=UTC)
    return load_or_make_signer(settings.ZHENGTONG_STATE / "keys", city().meta.name.zh, valid_from=began)


def file_of(notice: Notice) -> Path:
    """The signed file. Raises `NotFound` while it is not made yet."""
    path = _folder() / f"{notice.sha256}.pdf"
    if not notice.sha256 or not path.is_file():
        raise NotFound("文书正在生成，请稍候再试", "the document is still being made; try again in a moment")
    return path


def make_file(notice: Notice) -> str:
    """Typeset and sign; returns the SHA-256 of the file kept. Written aside, then renamed."""
    from zhengtong.services.engine.signing import sign_pdf

    issued = datetime.fromtimestamp(notice.issued_us / 1e6, calendar().zone)
    pdf = render_notice(content(notice), templates=city().root / "notices", fonts=FONTS, at=issued)
    signed = sign_pdf(pdf, signer(), datetime.now(UTC))
    folder = _folder()
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as aside:
        aside.write(signed.pdf)
        aside.flush()
        os.fsync(aside.fileno())
    Path(aside.name).replace(folder / f"{signed.sha256}.pdf")
    return signed.sha256


CONTESTABLE = frozenset({NoticeKind.REFUSE, NoticeKind.NOT_ACCEPT, NoticeKind.REVOKE, NoticeKind.CANCEL})
"""Decisions against the person: their notices name the remedies."""


def content(notice: Notice) -> engine.Notice:
    """Everything the notice says."""
    work = open_case(notice.case.number, lock=False)
    definition = work.definition
    service = definition.services[notice.step.key].name if notice.step else definition.event.name
    kind = NoticeKind(notice.kind)
    contestable = kind in CONTESTABLE or (kind is NoticeKind.GRANT and bool(_parts_refused(work, notice)))
    return engine.Notice(
        kind=kind,
        number=notice.number,
        issuer=definition.departments[notice.department].name,
        issued_on=calendar().date_of(notice.issued_us),
        addressee=_addressee(work),
        case=notice.case.number,
        service=service,
        code=notice.code,
        verify_url=f"{settings.ZHENGTONG_PUBLIC_URL}/verify/{notice.code}",
        lines=_lines(work, notice),
        items=_items(work, notice),
        remedies=[Remedy(r.way, r.within, r.basis) for r in definition.remedies.values()] if contestable else (),
        deadline=_new_end(work, notice) if kind is NoticeKind.EXTEND else None,
        demo=notice.case.demo or city().meta.demo,
    )


def _addressee(work: CaseWork) -> str:
    return names_of([work.case.applicant]).get(work.case.applicant) or "申请人"


def _lines(work: CaseWork, notice: Notice) -> list[Line]:
    """The child or firm it is about, and when the matter was received."""
    received = calendar().date_of(work.case.submitted_us)
    lines = [Line(Text(zh="收件日期", en="Received"), f"{received:%Y-%m-%d}")]
    lines += _appointment(work, notice)
    service = work.definition.services.get(notice.step.key) if notice.step else None
    keys = list(service.elements if service else work.form.values)[:3]
    for key in keys:
        if key in work.form.values:
            element = work.definition.elements[key]
            value = str(work.form.values[key])
            names = work.definition.codes[element.code_list].names() if element.code_list else {}
            lines.append(Line(element.name, names[value].zh if value in names else value))
    return lines


def _appointment(work: CaseWork, notice: Notice) -> list[Line]:
    """When and where the joint inspection is, on the notice that tells of it."""
    visit = work.case.inspections.filter(key=_visit_key(work, notice)).first() if notice.kind == "inspect" else None
    if visit is None:
        return []
    when = datetime.fromtimestamp(visit.when_us / 1e6, calendar().zone)
    return [
        Line(Text(zh="勘验时间", en="Inspection"), f"{when:%Y-%m-%d %H:%M}"),
        Line(Text(zh="勘验地点", en="Place"), visit.place),
    ]


def _visit_key(work: CaseWork, notice: Notice) -> str:
    return work.plan.by_key[notice.step.key].inspection if notice.step else ""


def _new_end(work: CaseWork, notice: Notice) -> date | None:
    """The day to which the limit to decide was extended when the notice was issued; while the clock is paused, the day
    expected then."""
    if notice.step is None:
        return None
    view = work.limits(notice.step.key, notice.issued_us).limit("decide")
    return (view.statutory.due or view.statutory.projected) if view and view.statutory else None


def _parts_refused(work: CaseWork, notice: Notice) -> list[PartFile]:
    """The parts of the output that a grant in part leaves out."""
    if notice.step is None:
        return []
    granted = {fact["about"] for fact in notice.step.facts if fact["kind"] == "part_granted"}
    parts = work.definition.services[notice.step.key].output.parts
    return [part for part in parts if part.key not in granted] if granted else []


def _items(work: CaseWork, notice: Notice) -> list[Item]:
    definition = work.definition
    match NoticeKind(notice.kind):
        case NoticeKind.INTAKE:
            return [Item(definition.services[key].name) for key in work.steps]
        case NoticeKind.GRANT:
            output = getattr(notice.step, "output", None)
            number = (output.issuer_number or output.number) if output else ""
            name = definition.services[notice.step.key].output.name if notice.step else definition.event.name
            whole = Item(Text(zh=f"{name.zh} {number}".strip(), en=f"{name.en} {number}".strip()))
            return [whole, *_parts(work, notice)]
        case NoticeKind.CORRECT | NoticeKind.EXTEND:
            return _said(notice)
        case NoticeKind.INSPECT:
            visit = _visit_key(work, notice)
            return [Item(definition.services[s.key].name) for s in work.plan.steps if s.inspection == visit]
        case NoticeKind.REFUSE | NoticeKind.NOT_ACCEPT | NoticeKind.EXCLUDE | NoticeKind.REVOKE | NoticeKind.CANCEL:
            code = _reason_code(notice)
            named = _named(work, code)
            return named + _said(notice) or [Item(Text(zh=code or "未注明", en=code or "not stated"))]
        case _:
            return []


def _said(notice: Notice) -> list[Item]:
    return [Item(Text(zh=line, en=line)) for line in notice.text.splitlines() if line.strip()]


def _named(work: CaseWork, code: str) -> list[Item]:
    reason = work.definition.reasons.get(code)
    return [Item(reason.name, reason.basis.zh if reason.basis else "")] if reason else []


def _parts(work: CaseWork, notice: Notice) -> list[Item]:
    """Of a grant in part: what was granted, what was not, and why."""
    refused = _parts_refused(work, notice)
    if not refused or notice.step is None:
        return []
    parts = work.definition.services[notice.step.key].output.parts
    granted = [part for part in parts if part not in refused]
    items = [Item(Text(zh=f"准予：{p.name.zh}", en=f"Granted: {p.name.en}")) for p in granted]
    items += [Item(Text(zh=f"不予：{p.name.zh}", en=f"Refused: {p.name.en}")) for p in refused]
    return [*items, *_named(work, notice.step.reason_code), *_said(notice)]


def _reason_code(notice: Notice) -> str:
    facts = [fact for fact in (notice.step.facts if notice.step else []) if fact["at_us"] <= notice.issued_us]
    return next((fact["reason"] for fact in reversed(facts) if fact.get("reason")), "")
