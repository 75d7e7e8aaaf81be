# SPDX-License-Identifier: Apache-2.0
"""The kinds of file the ground itself registers."""

from __future__ import annotations

from typing import Any

from zhengtong.city.checks import check_calendar, check_code_list, check_element
from zhengtong.city.definition import CalendarYear, CityFile, CodeList, Department, Element, Role
from zhengtong.city.kinds import Definition, Kind, Registry
from zhengtong.city.text import Text


def register_ground(registry: Registry) -> None:
    """Register the ground's kinds; `load` does it for the process's registry."""
    for kind in GROUND:
        registry.register(kind)


def _kind(kind: str, folder: str, model: type[Definition], zh: str, en: str, **more: Any) -> Kind:
    return Kind(kind, folder, model, Text(zh=zh, en=en), **more)


GROUND: tuple[Kind, ...] = (
    _kind("city", "city.yaml", CityFile, "城市", "city", required=True),
    _kind("calendar", "calendar", CalendarYear, "日历", "calendar years", key="year", check=check_calendar),
    _kind("department", "organization/departments", Department, "部门", "departments", one_per_file=False),
    _kind("role", "organization/roles.yaml", Role, "角色", "roles", one_per_file=False),
    _kind(
        "element",
        "standards/elements",
        Element,
        "数据元",
        "data elements",
        one_per_file=False,
        check=check_element,
    ),
    _kind("code-list", "standards/code-lists", CodeList, "字典", "code lists", check=check_code_list),
)
