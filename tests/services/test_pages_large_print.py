# SPDX-License-Identifier: Apache-2.0
"""Large print (长辈版): every page says whom to call."""

from __future__ import annotations

from pathlib import Path

import pytest

from people import publish
from visits import tree, visitor

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/", "/life-events/newborn/", "/login/", "/verify/"])
def test_every_page_in_large_print_says_whom_to_call(address: str, state: Path) -> None:
    publish()
    reader = visitor()
    assert not tree(reader.get(address)).xpath("//a[@href='tel:12345']")
    reader.cookies["large_print"] = "1"
    [call] = tree(reader.get(address)).xpath("//a[@href='tel:12345']")
    assert call.text_content() == "12345"
