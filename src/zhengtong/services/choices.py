# SPDX-License-Identifier: Apache-2.0
"""Text that a condition compares with a choice and that is no option of it: well typed, and never true.

CEL knows that `parents == 'maried'` compares text with text and no more. Only direct comparisons of a name with a
literal are judged (`==`, `!=`, `in [...]`, either way round); whatever else a condition does with a name is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

_TOKEN = re.compile(
    r"(?P<skip>\s+|//[^\n]*)"
    r'|(?P<other>[rRbB]{0,2}"""[\s\S]*?"""|[rRbB]{0,2}\'\'\'[\s\S]*?\'\'\'|[rRbB]{1,2}"[^"]*"|[rRbB]{1,2}\'[^\']*\')'
    r'|(?P<text>"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\')'
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>==|!=|&&|\|\||<=|>=|.)"
)
_BINDS_BEFORE = frozenset(("+", "-", "*", "/", "%", ".", "!"))
_BINDS_AFTER = frozenset(("+", "-", "*", "/", "%", ".", "[", "("))


@dataclass(frozen=True)
class NoOption:
    """`name` is compared with `found`, which it can never be."""

    name: str
    found: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def no_options(condition: str, choices: Mapping[str, Collection[str]]) -> Iterator[NoOption]:
    """Every literal in `condition` that a name of `choices` is compared with and that is none of its options."""
    tokens = [
        _Token(match.lastgroup or "", match[0])
        for match in _TOKEN.finditer(condition)
        if match.lastgroup is not None and match.lastgroup != "skip"
    ]
    for at, token in enumerate(tokens):
        if token.kind != "name" or token.text not in choices:
            continue
        for literal in _compared(tokens, at):
            if "\\" not in literal and literal[1:-1] not in choices[token.text]:
                yield NoOption(token.text, literal[1:-1], tuple(choices[token.text]))


def _compared(tokens: list[_Token], at: int) -> Iterator[str]:
    """The literals that the name at `at` is compared with directly."""

    def sign(place: int) -> str:
        return tokens[place].text if 0 <= place < len(tokens) and tokens[place].kind in {"sign", "name"} else ""

    def literal(place: int) -> str:
        return tokens[place].text if 0 <= place < len(tokens) and tokens[place].kind == "text" else ""

    if sign(at - 1) not in _BINDS_BEFORE:
        if sign(at + 1) in {"==", "!="} and literal(at + 2) and sign(at + 3) not in _BINDS_AFTER:
            yield literal(at + 2)
        if sign(at + 1) == "in" and sign(at + 2) == "[":
            place = at + 3
            while literal(place) and sign(place + 1) in {",", "]"}:
                yield literal(place)
                place += 2
    ends = sign(at + 1) not in _BINDS_AFTER
    if ends and sign(at - 1) in {"==", "!="} and literal(at - 2) and sign(at - 3) not in _BINDS_BEFORE:
        yield literal(at - 2)
