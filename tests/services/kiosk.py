# SPDX-License-Identifier: Apache-2.0
"""A life event of the tests' own that declares everything a step may have beside its main line: opening a kiosk.

The licence (market, may go to urban) and the fire check share a joint inspection; the stand's registration rests on
the licence. The demo city's files around it may change as they like.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings as django_settings

from people import PARENT, do, officer, publish, uploaded
from zhengtong.acts.actor import Actor, Role
from zhengtong.services.actions.accept_step import AcceptStep
from zhengtong.services.actions.submit_case import SubmitCase

SOURCE = "source: {zh: 依据, en: Basis}"
REGIME = """
- key: kiosk
  name: {zh: 亭子许可, en: Kiosk licence}
  accept: {days: 5, source: {zh: 依据, en: Basis}}
  corrections: 1
  decide: {days: 20, source: {zh: 依据, en: Basis}}
  extension: {days: 10, approver: head, times: 1}
  inspection_pause: inspection
  deliver: {days: 10, source: {zh: 依据, en: Basis}}
  source: {zh: 依据, en: Basis}
- key: kiosk-together
  name: {zh: 亭子联合许可, en: Kiosk licence together}
  decide: {days: 20, source: {zh: 依据, en: Basis}}
  joint: {days: 45, source: {zh: 依据, en: Basis}}
  extension: {days: 10, approver: head}
  joint_extension: {days: 15, approver: leader}
  source: {zh: 依据, en: Basis}
"""
LICENCE = """
key: kiosk-licence
name: {zh: 亭子许可, en: Kiosk licence}
summary: {zh: 亭子许可。, en: A licence.}
department: market
kind: promised
regime: kiosk
promised: {days: 10}
online_depth: 4
elements: [contact_mobile]
materials:
  - key: plan
    name: {zh: 平面图, en: Floor plan}
    necessity: deferrable
    origin: self
    tolerance: {days: 5, unsupplied: refuse, source: {zh: 依据, en: Basis}}
  - key: photo
    name: {zh: 照片, en: Photo}
    necessity: deferrable
    origin: self
    tolerance: {days: 10, unsupplied: revoke, source: {zh: 依据, en: Basis}}
  - key: proof
    name: {zh: 无欠费证明, en: Proof of no debts}
    necessity: required
    origin: self
    commitment: {text: {zh: 本人承诺没有欠费。, en: I have no debts.}, source: {zh: 依据, en: Basis}}
output:
  key: kiosk-licence
  name: {zh: 亭子许可证, en: Kiosk licence}
  kind: licence
  parts: [{key: hot, name: {zh: 热食, en: Hot food}}, {key: raw, name: {zh: 生食, en: Raw food}}]
transfer: {to: [urban]}
source: {zh: 依据, en: Basis}
"""
FIRE = """
key: kiosk-fire
name: {zh: 亭子消防检查, en: Kiosk fire check}
summary: {zh: 检查。, en: A check.}
department: fire
kind: promised
regime: public-service
promised: {days: 10}
online_depth: 4
elements: [contact_mobile]
output: {key: kiosk-fire, name: {zh: 检查意见, en: Finding}, kind: other}
source: {zh: 依据, en: Basis}
"""
STAND = """
key: kiosk-stand
name: {zh: 摊位登记, en: Stand registration}
summary: {zh: 登记。, en: A registration.}
department: urban
kind: promised
regime: public-service
promised: {days: 5}
online_depth: 4
elements: [contact_mobile]
materials:
  - {key: licence, name: {zh: 许可证, en: Licence}, necessity: required, origin: output, output: kiosk-licence}
output: {key: kiosk-stand, name: {zh: 摊位, en: Stand}, kind: other}
source: {zh: 依据, en: Basis}
"""
EVENT = """
key: kiosk
name: {zh: 开办亭子, en: Opening a kiosk}
summary: {zh: 一次申请。, en: Apply once.}
stage: entry
audience: business
words: {zh: 亭子, en: kiosk}
lead: market
promised: {days: 20}
services: [{service: kiosk-licence}, {service: kiosk-fire}, {service: kiosk-stand}]
inspections:
  - {key: visit, name: {zh: 现场勘验, en: Visit}, services: [kiosk-licence, kiosk-fire], lead: market}
"""
FILES = {
    "standards/regimes.yaml": REGIME,
    "services/kiosk-licence.yaml": LICENCE,
    "services/kiosk-fire.yaml": FIRE,
    "services/kiosk-stand.yaml": STAND,
    "life-events/kiosk.yaml": EVENT,
}
MARKET, URBAN, FIRE_OFFICER = officer("market"), officer("urban"), officer("fire")
HEAD = Actor("a" * 32, frozenset({Role("resident"), Role("head", "market")}))
OTHER_HEAD = Actor("b" * 32, frozenset({Role("resident"), Role("head", "urban")}))
LEADER = Actor("c" * 32, frozenset({Role("resident"), Role("leader")}))
ALL = ("plan", "photo", "proof")
LICENCE_STEP, FIRE_STEP, STAND_STEP = "kiosk-licence", "kiosk-fire", "kiosk-stand"


def make_folder(folder: Path, **changes: tuple[str, str]) -> Path:
    """A copy of the demo city with the kiosk in it; `changes` replace text in one of its files, by the file's stem."""
    shutil.copytree(django_settings.ZHENGTONG_CITY, folder)
    for name, content in FILES.items():
        path = folder / name
        old, new = changes.get(path.stem.replace("-", "_"), ("", ""))
        assert old in content, (name, old)
        text = content.lstrip().replace(old, new, 1) if old else content.lstrip()
        path.write_text((path.read_text("utf-8") if path.exists() else "") + text, "utf-8")
    return folder


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve this folder, with the kiosk published; yields the version."""
    before = django_settings.ZHENGTONG_CITY
    django_settings.ZHENGTONG_CITY = folder
    try:
        yield publish("kiosk")
    finally:
        django_settings.ZHENGTONG_CITY = before


def filing(version: str, materials: tuple[str, ...] = ALL, **changes: Any) -> SubmitCase:
    raw = {"contact_mobile": "13800001000"}
    files = tuple(uploaded(name) for name in materials)
    return SubmitCase(version, {}, raw, files, **changes)


def file(version: str, materials: tuple[str, ...] = ALL, *, at_us: int | None = None, **changes: Any) -> str:
    """Submit a kiosk; returns its number."""
    number: str = do(filing(version, materials, **changes), PARENT, at_us=at_us).result["case"]
    return number


def accept(number: str, *steps: str, at_us: int | None = None) -> None:
    for step in steps or (LICENCE_STEP, FIRE_STEP):
        who = {LICENCE_STEP: MARKET, FIRE_STEP: FIRE_OFFICER, STAND_STEP: URBAN}[step]
        do(AcceptStep(number, step), who, at_us=at_us)
