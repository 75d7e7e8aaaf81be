# SPDX-License-Identifier: Apache-2.0
"""Names people give their files: they are kept as text, name no path, and say nothing to a browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from people import account, publish
from services.upload_factory import png
from visits import apply, visitor
from zhengtong.services.models import Material

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(
    "name",
    ["../../../../etc/passwd", "..\\..\\boot.ini", "/etc/shadow", 'a";\r\nSet-Cookie: x=1; b="', "页.png\u202egnp.exe",
     "<script>.png", "x" * 400 + ".png", ".htaccess", "CON", "=cmd().png"],
)  # fmt: skip
def test_a_wicked_name_reaches_no_path_and_no_header(name: str, state: Path) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    publish()
    parent = visitor(account("parent"))
    upload = SimpleUploadedFile("plain.png", png(21, 20), "text/html")
    upload._name = name
    number = apply(parent, **{"birth-certificate": upload})
    row = Material.objects.get(case__number=number, key="birth-certificate")
    assert len(row.filename) <= 200 and "/" not in row.filename and "\n" not in row.filename
    kept = [path.relative_to(state / "uploads") for path in (state / "uploads").rglob("*") if path.is_file()]
    assert all(path.parts == (path.name[:2], path.name) and len(path.name) == 64 for path in kept)
    answer = parent.get(f"/materials/{row.reference}/")
    assert answer["Content-Type"] == "image/png", "what it says it is does not count"
    assert answer["Content-Disposition"].startswith("attachment") and "Set-Cookie" not in answer
    assert "\r" not in answer["Content-Disposition"] and "\n" not in answer["Content-Disposition"]
