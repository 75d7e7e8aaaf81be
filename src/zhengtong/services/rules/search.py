# SPDX-License-Identifier: Apache-2.0
"""Search over short texts of a city in the words residents use: pairs of Chinese characters, Latin words.

What few texts share counts more than what many share (inverse document frequency, Spärck Jones 1972), so that no list
of empty words and no weight has to be kept. Pure: no Django, no clock, no I/O.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_RUN = re.compile(r"[a-z0-9]+|[^\W_a-z0-9]+")


@dataclass(frozen=True)
class Hit:
    """One text and how well it fits; `name_fits` says whether the words stand in its name too."""

    key: str
    score: float
    name_fits: float


def grams(text: str) -> frozenset[str]:
    """Latin words and numbers whole, other writing as pairs of neighbouring characters; punctuation separates."""
    found: set[str] = set()
    for run in _RUN.findall(text.lower()):
        found |= {run} if run.isascii() else {run[i : i + 2] for i in range(max(1, len(run) - 1))}
    return frozenset(found)


def pieces(text: str) -> frozenset[str]:
    """Finer than `grams`, for words that fit nothing whole: single characters, and three letters of a Latin word."""
    found: set[str] = set()
    for run in _RUN.findall(text.lower()):
        found |= {run[i : i + 3] for i in range(max(1, len(run) - 2))} if run.isascii() else set(run)
    return frozenset(found)


def ranked(question: str, texts: Mapping[str, tuple[str, str]]) -> list[Hit]:
    """Texts that share words with the question, the best first. `texts` are a name and the rest, by key.

    Of two that fit alike, the one whose name fits better comes first; then the order of the keys.
    """
    asked = grams(question)
    names = {key: grams(name) for key, (name, _rest) in texts.items()}
    known = {key: names[key] | grams(rest) for key, (_name, rest) in texts.items()}
    weight = _weights(list(known.values()))
    hits = [
        Hit(key, sum(weight[gram] for gram in asked & held), sum(weight[gram] for gram in asked & names[key]))
        for key, held in known.items()
    ]
    return sorted((hit for hit in hits if hit.score > 0), key=lambda hit: (-hit.score, -hit.name_fits, hit.key))


def nearest(question: str, texts: Mapping[str, tuple[str, str]], most: int = 3) -> list[str]:
    """Keys of texts that share at least parts of words with the question: for one mistyped or put otherwise."""
    asked = pieces(question)
    known = {key: pieces(f"{name} {rest}") for key, (name, rest) in texts.items()}
    weight = _weights(list(known.values()))
    scored = [(sum(weight[piece] for piece in asked & held), key) for key, held in known.items()]
    return [key for score, key in sorted(scored, key=lambda pair: (-pair[0], pair[1])) if score > 0][:most]


def _weights(known: Sequence[frozenset[str]]) -> dict[str, float]:
    """How telling each part is: high where few texts hold it, just above nothing where all do."""
    counted = Counter(gram for held in known for gram in held)
    return {gram: math.log(1 + len(known) / held) for gram, held in counted.items()}
