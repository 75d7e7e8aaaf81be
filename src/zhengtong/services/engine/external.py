# SPDX-License-Identifier: Apache-2.0
"""The client of an *external step*: a department's own system decides, we push, poll and believe only signed
replies.

    POST <base>/applications               {"reference", "service", "application"}   push, idempotent by reference
    GET  <base>/applications/<reference>                                              poll
    POST <base>/applications/<reference>/end {"reason"}                               an issuer's output ends
    GET  <base>/applications?since=…                                                  its own list (`listing`)

What a failure means to the caller (the outbox decides when to try again):

    Unavailable    it did not answer, or not in a way that can be understood: try again later
    Contradicted   the reply is not signed by that system: do not believe it, tell a person
    NotFound       (poll) it does not know the reference: push again
    Conflict       (push) it holds another application under this reference: a person must look
    WrongUse       it understood and will not take this application or our signature: a person must look
"""

from __future__ import annotations

import json
import re
import secrets
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Literal

import httpx
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from zhengtong.errors import Conflict, Contradicted, NotFound, Unavailable, WrongUse, ZhengtongError
from zhengtong.services.engine.deadline import deadline
from zhengtong.services.engine.wire import SignedHeaders, check_reply, sign_request

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class ExternalSystem:
    """One department's system, from the city's definition. `secret` is shared with it and never shown or
    logged.

    Seconds: `connect_seconds` and `read_seconds` bound each wait, `total_seconds` the whole call. `max_reply`
    bytes. `clock_skew` is how far, in seconds, the other clock may be from ours. `ca_file` holds the authority of its
    TLS certificate; None means those of the operating system.
    """

    key: str
    base_url: str
    secret: bytes = field(repr=False)
    connect_seconds: float = 3.0
    read_seconds: float = 10.0
    total_seconds: float = 20.0
    max_reply: int = 64 << 10
    clock_skew: int = 300
    ca_file: str | None = None

    def __post_init__(self) -> None:
        url = httpx.URL(self.base_url)
        if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment:
            raise WrongUse(
                "外部系统的地址须是不带账号和参数的 http(s) 网址",
                "the address of an external system is an http(s) URL without account or query",
                where=self.key,
                found=self.base_url,
            )
        if len(self.secret) < 16:
            raise WrongUse(
                "与外部系统共享的密钥太短",
                "the secret shared with an external system is too short",
                where=self.key,
                found=f"{len(self.secret)} bytes",
                expected="≥ 16 bytes",
            )


@dataclass(frozen=True)
class Pending:
    """Not decided yet."""


@dataclass(frozen=True)
class Granted:
    """Decided in favour: the output's number and the moment it was issued."""

    output: str
    issued_at: datetime


@dataclass(frozen=True)
class Declined:
    """Decided against, with the other system's reason code (a code, never free text about a person)."""

    reason: str


Outcome = Pending | Granted | Declined


class _Reply(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    reference: str


class _Pending(_Reply):
    status: Literal["pending"]

    def outcome(self) -> Outcome:
        return Pending()


class _Granted(_Reply):
    status: Literal["granted"]
    output: str = Field(min_length=1, max_length=100)
    # JSON has no dates: strictness is about numbers and strings, so this one field reads ISO 8601 text.
    issued_at: Annotated[AwareDatetime, Field(strict=False)]

    def outcome(self) -> Outcome:
        return Granted(self.output, self.issued_at)


class _Refused(_Reply):
    status: Literal["refused"]
    reason: str = Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")

    def outcome(self) -> Outcome:
        return Declined(self.reason)


_REPLIES: TypeAdapter[_Pending | _Granted | _Refused] = TypeAdapter(
    Annotated[_Pending | _Granted | _Refused, Field(discriminator="status")]
)


@dataclass(frozen=True)
class ExternalClient:
    """Talks to one system. `now` gives seconds since 1970 (the face passes `time.time`)."""

    system: ExternalSystem
    now: Callable[[], float]

    def push(self, reference: str, service: str, application: Mapping[str, Any]) -> Outcome:
        """Hand over an application. The same reference with the same content may be pushed any number of
        times.
        """
        body = {"reference": _checked(reference), "service": service, "application": dict(application)}
        return self._outcome(reference, *self._call("POST", "/applications", body))

    def poll(self, reference: str) -> Outcome:
        """How the application stands over there."""
        return self._outcome(reference, *self._call("GET", f"/applications/{_checked(reference)}", None))

    def end(self, reference: str, reason: str) -> None:
        """Tell an issuer that what it issued is revoked or cancelled, by our reason code; any number of times."""
        status, _ = self._call("POST", f"/applications/{_checked(reference)}/end", {"reason": reason})
        if status not in (200, 201, 202):
            raise self._refusal(status)

    def get(self, path: str) -> bytes:
        """The signed body of a page that is no single application (see `listing`)."""
        status, body = self._call("GET", path, None)
        if status != 200:
            raise self._refusal(status)
        return body

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, bytes]:
        """Status and body of a reply whose signature is this system's. A fresh connection each time: calls
        are rare.
        """
        system = self.system
        content = b"" if body is None else json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
        url = httpx.URL(system.base_url.rstrip("/") + path)
        sent = sign_request(
            system.secret,
            method=method,
            target=url.raw_path.decode("ascii"),
            body=content,
            at=int(self.now()),
            nonce=secrets.token_hex(16),
        )
        headers = {**sent.as_headers(), "Accept": "application/json", "X-Zhengtong-System": system.key}
        if body is not None:
            headers["Content-Type"] = "application/json"
        timeout = httpx.Timeout(system.read_seconds, connect=system.connect_seconds)
        try:
            # trust_env off: no proxy, .netrc or certificate of the environment may come between two
            # authorities.
            with (
                deadline(system.total_seconds) as extensions,
                httpx.Client(
                    timeout=timeout, follow_redirects=False, trust_env=False, verify=_tls(system.ca_file)
                ) as client,
                client.stream(method, url, content=content, headers=headers, extensions=extensions) as response,
            ):
                return self._believe(response, self._read(response), sent)
        except httpx.HTTPError as error:
            raise self._unavailable(
                "外部系统没有应答", "the external system did not answer", found=type(error).__name__
            ) from error

    def _read(self, response: httpx.Response) -> bytes:
        """The body as sent: asking for no encoding and reading raw bytes leaves nothing to be inflated."""
        read = bytearray()
        for chunk in response.iter_raw():
            read += chunk
            if len(read) > self.system.max_reply:
                raise self._unavailable(
                    "外部系统的应答过大",
                    "the reply of the external system is too large",
                    found=f"> {self.system.max_reply} bytes",
                    expected=f"≤ {self.system.max_reply} bytes",
                )
        return bytes(read)

    def _believe(self, response: httpx.Response, body: bytes, sent: SignedHeaders) -> tuple[int, bytes]:
        # A gateway in between (502, 503, 504, 429) cannot sign; it is no answer of the system at all.
        status = response.status_code
        if status in (408, 425, 429, 500, 502, 503, 504):
            raise self._unavailable(
                "外部系统暂时不能应答", "the external system cannot answer now", found=f"HTTP {status}"
            )
        if 300 <= status < 400:
            raise self._unavailable(
                "外部系统要求转到别处，没有跟随",
                "the external system redirects; not followed",
                found=f"HTTP {status}",
            )
        wrong = check_reply(
            self.system.secret,
            status=status,
            body=body,
            headers=response.headers,
            nonce=sent.nonce,
            now=int(self.now()),
            skew=self.system.clock_skew,
        )
        if wrong is not None:
            raise Contradicted(
                "外部系统的应答签名不符，不予采信",
                "the reply is not signed by the external system and is not believed",
                where=self.system.key,
                found=f"HTTP {status}, {wrong}",
            )
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise self._unavailable(
                "外部系统的应答不是 JSON",
                "the reply is not JSON",
                found=kind or "-",
                expected="application/json",
            )
        return status, body

    def _outcome(self, reference: str, status: int, body: bytes) -> Outcome:
        if status not in (200, 201, 202):
            raise self._refusal(status)
        try:
            reply = _REPLIES.validate_json(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "body"
            raise self._unavailable(
                "外部系统的应答格式不符",
                "the reply of the external system has the wrong form",
                found=f"{place}: {first['msg']}",
                expected="pending | granted(output, issued_at) | refused(reason)",
            ) from error
        if reply.reference != reference:
            raise Contradicted(
                "外部系统应答的是另一件申请",
                "the external system answered about another application",
                where=self.system.key,
                found=reply.reference[:100],
                expected=reference,
            )
        return reply.outcome()

    def _refusal(self, status: int) -> ZhengtongError:
        where, found = self.system.key, f"HTTP {status}"
        if status == 404:
            return NotFound("外部系统没有这件申请", "the external system does not know this application", where=where)
        if status == 409:
            return Conflict(
                "外部系统在同一编号下已有另一份内容",
                "the external system holds other content under this reference",
                where=where,
                found=found,
            )
        return WrongUse(
            "外部系统不接受这次请求",
            "the external system does not take this request",
            where=where,
            found=found,
        )

    def _unavailable(self, zh: str, en: str, *, found: str, expected: str | None = None) -> Unavailable:
        return Unavailable(zh, en, where=self.system.key, found=found, expected=expected)


@lru_cache(maxsize=64)
def _tls(ca_file: str | None) -> ssl.SSLContext:
    """Reading the authorities takes longer than a call on the same network, so it is done once for each file."""
    return ssl.create_default_context(cafile=ca_file)


def _checked(reference: str) -> str:
    if not _REFERENCE.fullmatch(reference) or reference in (".", ".."):
        raise WrongUse(
            "申请编号只能由字母、数字和 . _ - 组成",
            "a reference is made of letters, digits and . _ -",
            found=reference[:120],
            expected=_REFERENCE.pattern,
        )
    return reference
