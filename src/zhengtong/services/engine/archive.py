# SPDX-License-Identifier: Apache-2.0
"""The archive package of one case, and its own verifier.

A package is a zip whose `manifest.json` names every file with its SHA-256 and size; the manifest's own digest is what
the record keeps. Equal content makes equal bytes: entries are in order and carry no time. After DA/T 85-2019 in its
parts (metadata, the course of the matter, form, materials, documents, results); names of elements are ours where the
standard's are not known to us [M].

    metadata.xml  process.json  form.pdf  materials/…  notices/…  outputs.json  record/events/…  manifest.json
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from zhengtong.errors import BadInput
from zhengtong.ledger import verifier

FORMAT = "zhengtong-archive-1"
NAMESPACE = "urn:zhengtong:archive:1"
MANIFEST = "manifest.json"
BIGGEST = 2 << 30
"""Bytes of one package, unpacked: what claims more is not read."""
BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError)
"""What reading a damaged zip raises, depending on which byte is damaged."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Part:
    """One file of a package; `path` is relative, with slashes."""

    path: str
    content: bytes


@dataclass(frozen=True)
class Packed:
    """`sha256` is the package's, `manifest` its manifest's."""

    content: bytes
    sha256: str
    manifest: str


@dataclass(frozen=True)
class Finding:
    """What is wrong with a package. `kind`: unreadable, missing, changed, extra, contradicted, promised."""

    kind: str
    path: str
    zh: str
    en: str


def pack(number: str, parts: Sequence[Part]) -> Packed:
    """Raises `BadInput` for two parts of one name."""
    ordered = sorted(parts, key=lambda part: part.path)
    if len({part.path for part in ordered}) < len(ordered):
        raise BadInput("归档包里有重名文件", "two files of the package have one name", where=number)
    manifest = _manifest(number, ordered)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        for part in [*ordered, Part(MANIFEST, manifest)]:
            info = zipfile.ZipInfo(part.path, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            file.writestr(info, part.content)
    content = held.getvalue()
    return Packed(content, hashlib.sha256(content).hexdigest(), hashlib.sha256(manifest).hexdigest())


def _manifest(number: str, parts: Sequence[Part]) -> bytes:
    files = [
        {"path": part.path, "sha256": hashlib.sha256(part.content).hexdigest(), "size": len(part.content)}
        for part in parts
    ]
    body = {"format": FORMAT, "number": number, "files": files}
    return (json.dumps(body, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def metadata_xml(fields: Mapping[str, str | Sequence[Mapping[str, str]]]) -> bytes:
    """Plain elements in one namespace; a list becomes repeated `item`s with their own elements."""
    root = etree.Element(f"{{{NAMESPACE}}}archive", nsmap={None: NAMESPACE})
    for name, value in fields.items():
        element = etree.SubElement(root, f"{{{NAMESPACE}}}{name}")
        if isinstance(value, str):
            element.text = value
            continue
        for entry in value:
            item = etree.SubElement(element, f"{{{NAMESPACE}}}item")
            for key, text in entry.items():
                etree.SubElement(item, f"{{{NAMESPACE}}}{key}").text = text
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def verify_package(path: Path, *, manifest: str = "", key: str = "", checkpoint: str = "") -> list[Finding]:
    """Everything wrong with a package, file by file; empty where it is whole.

    With `manifest` it must be the package the record names by that digest. With `key` and `checkpoint` (texts of the
    log's public key and of a checkpoint the reader trusts) every event in it must be proven by them.
    """
    try:
        with zipfile.ZipFile(path) as file:
            return list(_check(file, manifest, key, checkpoint))
    except BROKEN as error:
        return [Finding("unreadable", path.name, "打不开这个归档包", f"the package cannot be opened: {error}")]


def _check(file: zipfile.ZipFile, manifest: str, key: str, checkpoint: str) -> Iterator[Finding]:
    names = [info.filename for info in file.infolist()]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Finding("extra", name, "同名文件不止一个", "the file stands twice")
    if sum(info.file_size for info in file.infolist()) > BIGGEST:
        yield Finding("unreadable", "", "解开后过大，没有读取", "too large when unpacked; not read")
        return
    listed = _listed(file, manifest)
    if isinstance(listed, Finding):
        yield listed
        return
    for path, (digest, size) in sorted(listed.items()):
        if path not in names:
            yield Finding("missing", path, "清单上的文件不在包里", "the manifest names it and the package lacks it")
            continue
        try:
            content = file.read(path)
        except BROKEN:
            yield Finding("unreadable", path, "这个文件读不出来", "the file cannot be read")
            continue
        if len(content) != size or hashlib.sha256(content).hexdigest() != digest:
            yield Finding("changed", path, "内容与清单不符", "the content is not what the manifest says")
        elif key and path.startswith("record/events/"):
            yield from _proven(path, content, key, checkpoint)
    for name in sorted(set(names) - {*listed, MANIFEST}):
        yield Finding("extra", name, "包里有清单之外的文件", "the package holds a file the manifest does not name")


def _listed(file: zipfile.ZipFile, manifest: str) -> dict[str, tuple[str, int]] | Finding:
    """Path → (SHA-256, size), or what is wrong with the manifest."""
    try:
        text = file.read(MANIFEST)
        read: Any = json.loads(text)
        listed = {str(entry["path"]): (str(entry["sha256"]), int(entry["size"])) for entry in read["files"]}
        if read["format"] != FORMAT:
            raise ValueError(read["format"])
    except (KeyError, TypeError, ValueError, *BROKEN):
        return Finding("unreadable", MANIFEST, "没有可读的清单", "there is no readable manifest")
    if manifest and hashlib.sha256(text).hexdigest() != manifest:
        return Finding("changed", MANIFEST, "清单不是归档时存证的那一份", "the manifest is not the one recorded")
    return listed


def _proven(path: str, content: bytes, key: str, checkpoint: str) -> Iterator[Finding]:
    try:
        verdict = verifier.verify_bundle(content.decode(), key, checkpoint or None)
    except (verifier.Malformed, UnicodeDecodeError) as error:
        yield Finding("unreadable", path, "这不是可读的存证凭证", f"this is no readable proof: {error}")
        return
    if verdict.state == "proven":
        return
    zh, en = verdict.reasons[0] if verdict.reasons else ("没有可信检查点可以证明", "no trusted checkpoint proves it")
    yield Finding(verdict.state, path, zh, en)
