# SPDX-License-Identifier: Apache-2.0
"""The one tree of errors.

    ZhengtongError
    ├── WrongUse            the caller asked in a way that cannot be answered       exit 2   HTTP 400
    │   └── BadInput        a file, form or value is malformed                     exit 2   HTTP 422
    │       ├── CityFaults  a city folder holds faults (all of them are listed)    exit 1   HTTP 500
    │       └── FormFaults  a form was filled in wrongly (all fields are listed)   exit 2   HTTP 422
    ├── Refused             authority said no, and why                             exit 1   HTTP 403
    │   └── NotSignedIn     nobody is signed in, or not any more                   exit 1   HTTP 401
    ├── NotFound            no such thing, or none the reader may see              exit 1   HTTP 404
    ├── Conflict            the state does not allow it any more                   exit 1   HTTP 409
    │   ├── KeyReused       an idempotency key came back with another body         exit 1   HTTP 409
    │   ├── Overtaken       somebody else wrote it since it was read               exit 1   HTTP 409
    │   └── Stale           what the caller had seen has changed since             exit 1   HTTP 412
    ├── TooMany             too many requests or failed tries, for now             exit 1   HTTP 429
    ├── Contradicted        a proof, signature or digest does not agree            exit 1   HTTP 409
    └── Unavailable         something outside did not answer                       exit 1   HTTP 503

Every error says in both languages what was wrong, and where it can: what was found, what was expected.
Nothing in the house catches broad exceptions to keep going, save the outbox (`acts/outbox.py` says why); faces catch
`ZhengtongError` and show it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


class ZhengtongError(Exception):
    """Root of the tree. `zh` and `en` are whole sentences; `where`, `found`, `expected` are shown after them."""

    code: ClassVar[str] = "error"
    http: ClassVar[int] = 500
    exit: ClassVar[int] = 1

    def __init__(
        self, zh: str, en: str, *, where: str | None = None, found: object = None, expected: object = None
    ) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en
        self.where, self.found, self.expected = where, found, expected

    def say(self, language: str) -> str:
        """The message for a person, in `zh` or `en` (any other language reads English)."""
        chinese = language.startswith("zh")
        parts = [f"{self.where}: " if self.where else "", self.zh if chinese else self.en]
        if self.found is not None:
            parts.append(f"；实际为 {self.found}" if chinese else f"; found {self.found}")
        if self.expected is not None:
            parts.append(f"；应为 {self.expected}" if chinese else f"; expected {self.expected}")
        return "".join(parts)

    def __str__(self) -> str:
        return self.say("en")


class WrongUse(ZhengtongError):
    code, http, exit = "wrong_use", 400, 2


class BadInput(WrongUse):
    code, http, exit = "bad_input", 422, 2


@dataclass(frozen=True, order=True)
class Fault:
    """One fault in a city file: where it stands, what was found and what was expected."""

    file: str
    line: int
    field: str
    zh: str
    en: str
    found: str = ""
    expected: str = ""

    def say(self, language: str) -> str:
        error = ZhengtongError(
            self.zh,
            self.en,
            where=f"{self.file}:{self.line}" + (f" {self.field}" if self.field else ""),
            found=self.found or None,
            expected=self.expected or None,
        )
        return error.say(language)


class CityFaults(BadInput):
    """A city folder that cannot be used: `faults` holds every fault found in one run."""

    code, http, exit = "city_faults", 500, 1

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"城市目录有 {len(faults)} 处错误", f"the city folder holds {len(faults)} faults")
        self.faults = tuple(faults)

    def say(self, language: str) -> str:
        return "\n".join([super().say(language), *(fault.say(language) for fault in self.faults)])


class FormFaults(BadInput):
    """A form filled in wrongly: `fields` maps each field's key to its error."""

    code = "form_faults"

    def __init__(self, fields: Mapping[str, ZhengtongError]) -> None:
        super().__init__(f"有 {len(fields)} 处需要改正", f"{len(fields)} fields need correcting")
        self.fields = dict(fields)

    def say(self, language: str) -> str:
        lines = [f"{key}: {error.say(language)}" for key, error in self.fields.items()]
        return "\n".join([super().say(language), *lines])


class Refused(ZhengtongError):
    code, http, exit = "refused", 403, 1


class NotSignedIn(Refused):
    code, http, exit = "not_signed_in", 401, 1


class NotFound(ZhengtongError):
    code, http, exit = "not_found", 404, 1


class Conflict(ZhengtongError):
    code, http, exit = "conflict", 409, 1


class KeyReused(Conflict):
    """The same idempotency key with another body; `result` is what the first one did."""

    code = "key_reused"

    def __init__(self, key: str, result: object) -> None:
        super().__init__(
            "这个操作编号已经用于另一项内容，没有再次执行",
            "this key was used for something else; nothing was done again",
        )
        self.key, self.result = key, result


class Overtaken(Conflict):
    """What was read has been written by another window or person since: neither may silently replace the other."""

    code = "overtaken"


class Stale(Conflict):
    code, http, exit = "stale", 412, 1


class TooMany(ZhengtongError):
    """Asked too often. `wait_s` is after how many seconds it is worth asking again."""

    code, http, exit = "too_many", 429, 1

    def __init__(self, zh: str, en: str, *, wait_s: int) -> None:
        super().__init__(zh, en)
        self.wait_s = wait_s


class Contradicted(ZhengtongError):
    code, http, exit = "contradicted", 409, 1


class Unavailable(ZhengtongError):
    code, http, exit = "unavailable", 503, 1
