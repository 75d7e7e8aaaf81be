# SPDX-License-Identifier: Apache-2.0
"""Between the packages on disk, their rows and the city's retention schedule."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from zhengtong.acts.actor import Actor
from zhengtong.acts.authority import Subject
from zhengtong.acts.perform import Action
from zhengtong.acts.serving import city
from zhengtong.errors import Conflict, NotFound
from zhengtong.ledger.record import ObjectRef
from zhengtong.services.definition_archive import RetentionFile
from zhengtong.services.models import ArchivePackage


def retention_file() -> RetentionFile:
    """The served city's schedule. Raises `NotFound` where it has none: nothing is filed without a period."""
    found = city().all(RetentionFile)
    if not found:
        raise NotFound("城市没有保管期限表", "the city has no retention schedule", expected="standards/retention.yaml")
    return found[0]


def folder() -> Path:
    path: Path = settings.ZHENGTONG_STATE / "archive"
    path.mkdir(parents=True, exist_ok=True)
    return path


def file_of(row: ArchivePackage) -> Path:
    """The package. Raises `NotFound` where it is gone, destroyed lawfully or not."""
    path = folder() / f"{row.sha256}.zip"
    if not path.is_file():
        raise NotFound("归档包不在存储里", "the package is not in the store", where=row.number, found=row.state)
    return path


@dataclass
class PackageWork:
    row: ArchivePackage

    @property
    def subject(self) -> Subject:
        return Subject("archive", self.row.number, departments=frozenset({self.row.department}))

    @property
    def objects(self) -> list[ObjectRef]:
        return [ObjectRef("case", self.row.case.number)]

    def expect(self, *states: str) -> None:
        """Raises `Conflict` unless the package is in one of the states."""
        if self.row.state not in states:
            raise Conflict(
                "归档包的状态不允许这样做", "the state of the package does not allow this",
                where=self.row.number, found=self.row.state, expected=" | ".join(states),
            )  # fmt: skip


@dataclass(frozen=True)
class OnPackage(Action[PackageWork]):
    """An action on one package, which it locks."""

    package: str

    def target(self, actor: Actor) -> PackageWork:
        rows = ArchivePackage.objects.select_for_update(of=("self",)).select_related("case")
        row = rows.filter(number=self.package).first()
        if row is None:
            raise NotFound("没有这个归档包", "there is no such package", found=self.package[:64])
        return PackageWork(row)
