# SPDX-License-Identifier: Apache-2.0
"""The child that reads an uploaded PDF (started by `confined`): every object, in use or not, of every revision.

A name is compared after decoding, so `/J#61vaScript` is JavaScript. Signed files (electronic licences) pass: signatures
are no action. Objects that no reference reaches are looked at too, since readers differ in what they reach.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodeLimits
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from zhengtong.services.engine.confined import Answer

MOST_OBJECTS = 500_000
# What makes a reader run something by itself or reach out of the document (ISO 32000-1 12.6 and annexes). A plain link
# (/URI, /GoTo) waits for a click and is allowed. Keys count only with a value of their kind: in a dictionary of fonts
# `/JS` may be a font's name.
_ACTIONS = frozenset(
    {"/JavaScript", "/Launch", "/GoToR", "/GoToE", "/SubmitForm", "/ImportData", "/Rendition", "/Movie"}
)
_ACTIVE_TYPES = frozenset({"/RichMedia", "/Movie", "/Screen", "/3D"})
_FILE_KEYS = frozenset({"/F", "/UF", "/DOS", "/Mac", "/Unix"})  # of an /EF dictionary, ISO 32000-1 table 44
_EMBEDDED_TYPES = frozenset({"/EmbeddedFile", "/FileAttachment"})


def answer(request: bytes) -> Answer:
    """`{"pages": N}`, or `{"fault": code, "found": what}` with a code of `uploads._PDF_FAULTS`."""
    if b"%%EOF" not in request[-2048:]:
        return Answer({"fault": "unreadable", "found": "no %%EOF"})
    try:
        reader = PdfFileReader(io.BytesIO(request), strict=False, decode_limits=DecodeLimits())
        if reader.encrypted:
            return Answer({"fault": "encrypted", "found": "/Encrypt"})
        for value in _everything(reader):
            fault = _judge(value)
            if fault is not None:
                return Answer({"fault": fault[0], "found": fault[1]})
        pages = int(reader.root["/Pages"]["/Count"])
    except (PdfError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        return Answer({"fault": "unreadable", "found": f"{type(error).__name__}: {str(error)[:100]}"})
    return Answer({"pages": pages})


def _everything(reader: PdfFileReader) -> Iterator[Any]:
    """All containers of the file, each once: the trailer, then every object the cross-reference tables name."""
    waiting: list[Any] = [reader.trailer_view]
    revisions = reader.xrefs.total_revisions
    for revision in range(revisions):
        resolver = reader.get_historical_resolver(revision) if revision < revisions - 1 else reader
        for reference in reader.xrefs.explicit_refs_in_revision(revision):
            waiting.append(resolver.get_object(generic.Reference(reference.idnum, reference.generation, reader)))
    seen = 0
    while waiting:
        value = waiting.pop()
        seen += 1
        if seen > MOST_OBJECTS:
            raise ValueError(f"more than {MOST_OBJECTS} objects")
        if isinstance(value, generic.DictionaryObject):
            yield value
            waiting.extend(value.raw_get(key) for key in value)
        elif isinstance(value, generic.ArrayObject):
            waiting.extend(list.__iter__(value))


def _of(value: generic.DictionaryObject, key: str) -> Any:
    # Indexing follows a reference to its object, `get` would not.
    return value[key] if key in value else None  # noqa: SIM401


def _judge(value: generic.DictionaryObject) -> tuple[str, str] | None:
    script = _of(value, "/JS")
    if isinstance(script, (str, bytes, generic.StreamObject)):
        return "active", "/JS"
    if isinstance(_of(value, "/XFA"), (generic.ArrayObject, generic.StreamObject)):
        return "active", "/XFA"
    files = _of(value, "/EF")
    if isinstance(files, generic.DictionaryObject) and set(files) <= _FILE_KEYS:
        return "embedded", "/EF"
    action = _of(value, "/S")
    if isinstance(action, str) and action in _ACTIONS:
        return "active", action
    for name in (_of(value, "/Type"), _of(value, "/Subtype")):
        if isinstance(name, str) and name in _EMBEDDED_TYPES:
            return "embedded", str(name)
        if isinstance(name, str) and name in _ACTIVE_TYPES:
            return "active", str(name)
    return None
