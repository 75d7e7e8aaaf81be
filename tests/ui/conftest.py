# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from django.utils import translation

from browser import chromium, page
from zhengtong.city.text import Text
from zhengtong.ui import registry

__all__ = ["chromium", "page"]

ROOT = Path(__file__).resolve().parent.parent.parent


def _load_messages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("zhengtong_messages", ROOT / "tools/messages.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def messages() -> ModuleType:
    """The tool of the translations."""
    return _load_messages()


@pytest.fixture(scope="session", autouse=True)
def _compiled(messages: ModuleType) -> None:
    """Chinese comes from .mo files, which git does not hold."""
    messages.compile_all(messages.SOURCE)


@pytest.fixture(autouse=True)
def _gallery(settings: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test sees the gallery's addresses and a registry no other room has filled, and leaves no language behind."""
    settings.ROOT_URLCONF = "ui.gallery" if __name__.startswith("ui.") else "tests.ui.gallery"  # type: ignore[attr-defined]
    settings.CSRF_FAILURE_VIEW = "zhengtong.ui.views.csrf_failure"  # type: ignore[attr-defined]
    monkeypatch.setattr(registry, "_registry", registry._Registry())
    yield
    translation.activate("zh-hans")


@pytest.fixture
def faces() -> None:
    """The four faces of the house, all but the portal behind a permission, and a gate that lets everyone in."""
    registry.set_gate(lambda _request, _permission, _arguments: None)
    registry.set_brand(lambda: Text(zh="明川市", en="Mingchuan"))
    for order, (key, label, url, permission) in enumerate(
        [
            ("portal", "门户", "home", None),
            ("counter", "窗口", "counter", "counter.use"),
            ("workbench", "工作台", "workbench", "workbench.use"),
            ("cockpit", "驾驶舱", "cockpit", "cockpit.use"),
        ]
    ):
        registry.register_face(registry.Face(key, label, url, order, permission))


@pytest.fixture(params=["zh-hans", "en"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    with translation.override(request.param):
        yield request.param
