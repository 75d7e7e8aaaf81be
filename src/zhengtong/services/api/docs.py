# SPDX-License-Identifier: Apache-2.0
"""The reference of the API as a page of the house: no scripts, nothing from elsewhere, drawn from its document."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse

from zhengtong.services.api.base import api
from zhengtong.ui.pages import page, public


@dataclass(frozen=True)
class Parameter:
    name: str
    place: str
    required: bool
    about: str


@dataclass(frozen=True)
class Operation:
    """One operation as it is drawn. `body` and `answer` are JSON: an example where there is one, else the schema."""

    name: str
    method: str
    path: str
    summary: str
    about: str
    open: bool
    parameters: tuple[Parameter, ...]
    body: str
    answer: str
    errors: tuple[tuple[str, str], ...]


def operations(document: dict[str, Any]) -> list[Operation]:
    """Every operation of an OpenAPI document, those on one thing together."""
    found = [
        _operation(method, path, operation, document)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return sorted(found, key=lambda one: (one.path, one.method))


def _operation(method: str, path: str, operation: dict[str, Any], document: dict[str, Any]) -> Operation:
    responses = {str(status): response for status, response in operation["responses"].items()}
    summary = operation.get("summary", "")
    about = operation.get("description", "")
    return Operation(
        name=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=summary,
        about="" if about.rstrip(".") == summary else about,
        open=not operation.get("security"),
        parameters=tuple(_parameter(one) for one in operation.get("parameters", [])),
        body=_content(operation.get("requestBody", {}), document),
        answer=_content(responses.get("200", {}), document),
        errors=tuple((s, r.get("description", "")) for s, r in sorted(responses.items()) if int(s) >= 400),
    )


def _parameter(one: dict[str, Any]) -> Parameter:
    about = one.get("description") or one.get("schema", {}).get("description", "")
    return Parameter(one["name"], one["in"], bool(one.get("required")), about)


def _content(holder: dict[str, Any], document: dict[str, Any]) -> str:
    for kind, content in holder.get("content", {}).items():
        if "example" in content:
            return json.dumps(content["example"], ensure_ascii=False, indent=2)
        if kind == "application/json":
            return json.dumps(_outline(content.get("schema", {}), document, 3), ensure_ascii=False, indent=2)
        return str(kind)
    return ""


def _outline(schema: dict[str, Any], document: dict[str, Any], depth: int) -> Any:
    """A schema as a value that shows its form: names, and the type of each."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    for one in schema.get("anyOf", []):
        if one.get("type") != "null":
            return _outline(one, document, depth)
    if schema.get("type") == "array":
        return [_outline(schema.get("items", {}), document, depth)]
    if "properties" in schema and depth:
        return {name: _outline(inner, document, depth - 1) for name, inner in schema["properties"].items()}
    return schema.get("type", "object")


@lru_cache(maxsize=1)
def _drawn() -> list[Operation]:
    return operations(json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/v1/"))))


@public(reason="integrators read what there is before they have a token")
def reference(request: HttpRequest) -> HttpResponse:
    return page(request, "services/api_docs.html", {"operations": _drawn()})
