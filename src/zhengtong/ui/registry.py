# SPDX-License-Identifier: Apache-2.0
"""What the pages need from the rooms above and are not allowed to import: filled in `AppConfig.ready()`.

    faces         portal, counter, workbench, cockpit: shown only to whoever may use them
    gate          the one authority decision, asked by every route
    brand         the city's name
    helpline      the number people call for help
    reader        how the signed-in person is called in the header
    result_links  where to look at what an act did (409 pages link there)

Until a gate is set every declared permission is refused: a site wired wrongly is closed, not open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise

from zhengtong.errors import Refused

Gate = Callable[[HttpRequest, str, Mapping[str, object]], None]
"""(request, permission, the route's arguments) → None, or raises `Refused` with the reason."""

Brand = Callable[[], object]
"""→ the city's name: a str or anything with `.say(language)`."""

Reader = Callable[[HttpRequest], object]
"""→ the name of the signed-in person (and department): a str or anything with `.say(language)`."""


@dataclass(frozen=True)
class Face:
    """One entry of the navigation. `permission` None: everyone sees it.

    `also` are beginnings of addresses that belong to it besides its own. Where several faces a reader has claim one (an
    evidence page is his case to a resident and a figure's ground to a leader), the last of them in order shows it.
    """

    key: str
    label: str | Promise
    url_name: str
    order: int
    permission: str | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inbox:
    """Where a reader's messages are, and how many wait to be read."""

    url: str
    unread: int


InboxOf = Callable[[HttpRequest], Inbox]


@dataclass(frozen=True)
class Link:
    url: str
    label: str


ResultLink = Callable[[object], Link | None]
"""The result of an act → where it can be seen, or None when the resolver does not know this kind."""


def _closed(_request: HttpRequest, permission: str, _arguments: Mapping[str, object]) -> None:
    raise Refused("没有接入权限判定，一律拒绝", "no authority is connected, everything is refused", found=permission)


def _user_name(request: HttpRequest) -> object:
    return request.user.get_username()


class _Registry:
    def __init__(self) -> None:
        self.gate: Gate = _closed
        self.brand: Brand = lambda: ""
        self.helpline: Callable[[], str] = lambda: ""
        self.reader: Reader = _user_name
        self.inbox: InboxOf | None = None
        self.faces: dict[str, Face] = {}
        self.result_links: list[ResultLink] = []


_registry = _Registry()


def set_gate(gate: Gate) -> None:
    _registry.gate = gate


def set_brand(brand: Brand) -> None:
    _registry.brand = brand


def set_helpline(helpline: Callable[[], str]) -> None:
    """Who tells the number people may call for help; "" for none."""
    _registry.helpline = helpline


def set_reader(reader: Reader) -> None:
    _registry.reader = reader


def set_inbox(inbox: InboxOf) -> None:
    _registry.inbox = inbox


def register_face(face: Face) -> None:
    """Raises ValueError for a key taken by another face: two rooms would fight over one entry."""
    if _registry.faces.setdefault(face.key, face) != face:
        raise ValueError(f"face {face.key!r} is already registered as {_registry.faces[face.key]}")


def register_result_link(resolver: ResultLink) -> None:
    if resolver not in _registry.result_links:
        _registry.result_links.append(resolver)


def check_permission(request: HttpRequest, permission: str, arguments: Mapping[str, object]) -> None:
    """Raises `Refused` (or what the gate raises) unless the reader may."""
    _registry.gate(request, permission, arguments)


def allowed(request: HttpRequest, permission: str) -> bool:
    """May the signed-in reader do this at all? An anonymous reader may nothing that needs a permission."""
    if not request.user.is_authenticated:
        return False
    try:
        check_permission(request, permission, {})
    except Refused:
        return False
    return True


def brand_name() -> object:
    return _registry.brand()


def helpline() -> str:
    return _registry.helpline()


def inbox_of(request: HttpRequest) -> Inbox | None:
    """The signed-in reader's inbox, where a room keeps one."""
    return _registry.inbox(request) if _registry.inbox and request.user.is_authenticated else None


def reader_name(request: HttpRequest) -> object:
    return _registry.reader(request)


def faces_for(request: HttpRequest) -> list[Face]:
    """The faces this reader may use, in their order."""
    faces = sorted(_registry.faces.values(), key=lambda face: (face.order, face.key))
    return [face for face in faces if face.permission is None or allowed(request, face.permission)]


def current_face(request: HttpRequest, faces: list[Face]) -> str:
    """Key of the face with the longest address that this page's begins with, the last in order of equals, or ""."""
    best, length = "", 0
    for face in faces:
        for address in (reverse(face.url_name), *face.also):
            if request.path.startswith(address) and len(address) >= length:
                best, length = face.key, len(address)
    return best


def result_link(result: object) -> Link | None:
    """Where to see what an act did: the first registered resolver that knows this result."""
    for resolver in _registry.result_links:
        link = resolver(result)
        if link is not None:
            return link
    return None
