# SPDX-License-Identifier: Apache-2.0
"""The interface itself: every error a problem (RFC 9457), every answer with an ETag, every status documented."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser
from ninja.types import DictStrAny
from pydantic import ConfigDict

from zhengtong.errors import BadInput, NotSignedIn, Refused, WrongUse
from zhengtong.services.api.examples import EXAMPLES
from zhengtong.ui.problems import answer

PROBLEM = "application/problem+json"
KEY_PARAMETER = {
    "name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string", "format": "uuid"},
    "description": "Names this act. Sent again with the same body it returns the first result and does nothing; "
    "with another body it is refused with 409.",
}  # fmt: skip
IF_MATCH = {
    "name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "The ETag of the case as last read: where it has changed since, nothing is done (412).",
}  # fmt: skip
IF_NONE_MATCH = {
    "name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "An ETag at hand: 304 without a body where it is still the same.",
}  # fmt: skip
ERRORS = {
    400: "The request cannot be read",
    401: "Nobody is signed in, or the token is not valid (any more)",
    403: "Authority, or the token's scope, says no",
    404: "There is no such thing, or none the caller may see",
    409: "The state does not allow it, or the key was used with another body",
    412: "The case has changed since it was read",
    422: "The content is malformed; `where` or `fields` names the place",
    429: "Too many requests; `Retry-After` says when to come back",
    503: "Something this depends on does not answer",
}
_CHARACTERS = re.compile("[\0\ud800-\udfff]")
"""No database keeps a NUL, and half a surrogate pair is no character (RFC 8259 leaves both to the receiver)."""


class Problem(Schema):
    """An error (RFC 9457). `code` is stable; `detail` is for people, in the language of Accept-Language."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str = ""
    where: str = ""
    found: str = ""
    expected: str = ""
    fields: dict[str, str] = {}
    done: str = ""


class JsonParser(Parser):
    def parse_body(self, request: HttpRequest) -> DictStrAny:
        """The body as JSON. Raises `BadInput` where it holds what is no text."""
        body: DictStrAny = json.loads(request.body)
        _refuse_no_text(body)
        return body


def _refuse_no_text(value: object) -> None:
    """Raises `BadInput`; looks at keys and values however deep, without recursion."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str) and _CHARACTERS.search(one):
            raise BadInput("内容含有无效字符", "the content holds characters that are no text", found=repr(one)[:40])
        if isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one


class Api(NinjaAPI):
    """Documents what holds for every operation in one place, and gives every answer its ETag."""

    def create_response(self, request: HttpRequest, data: Any, **options: Any) -> HttpResponse:
        response = super().create_response(request, data, **options)
        return conditional(request, response)

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        document = super().get_openapi_schema(**options)
        document["components"].setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                _complete(path, method, operation)
        return document


def conditional(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The answer with its ETag; 304 where the caller holds it already."""
    if request.method != "GET" or response.status_code != HttpResponse.status_code:
        return response
    if "ETag" not in response:
        response["ETag"] = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    held = [tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")]
    if response["ETag"] in held or "*" in held:
        unchanged = HttpResponse(status=304)
        unchanged["ETag"] = response["ETag"]
        del unchanged["Content-Type"]
        return unchanged
    return response


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Add to one operation what every one of its kind has: keys, preconditions, errors, examples."""
    responses, parameters = operation["responses"], operation.setdefault("parameters", [])
    expected = {400, 422, 429, 503}
    if operation.get("security"):
        expected |= {401, 403}
    if "{" in path:
        expected.add(404)
    if method == "get":
        parameters.append(IF_NONE_MATCH)
        responses[304] = {"description": "Not modified"}
    if method == "post":
        parameters.append(KEY_PARAMETER)
        expected |= {404, 409}
        if path.endswith("}") is False and "/cases/{number}/" in path:
            parameters.append(IF_MATCH)
            expected.add(412)
    for status in sorted(expected):
        content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        responses[status] = {"description": ERRORS[status], "content": content}
    example = EXAMPLES.get(operation["operationId"], {})
    if "request" in example:
        operation["requestBody"]["content"]["application/json"]["example"] = example["request"]
    if "response" in example:
        done = next(status for status in responses if 200 <= int(status) < 300)
        content = responses[done].setdefault("content", {}).setdefault("application/json", {})
        content["example"] = example["response"]


api = Api(
    title="Zhengtong",
    version="1",
    urls_namespace="api",
    docs_url=None,
    parser=JsonParser(),
    description="Life events, cases and steps of a city's one-stop services. Times are microseconds since 1970 UTC.",
)


@api.exception_handler(AuthenticationError)
def _not_signed_in(request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    return answer(request, NotSignedIn("请先登录，或附上令牌", "sign in first, or send a token"))


@api.exception_handler(HttpError)
def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, BadInput) or isinstance(error.__context__, BadInput):
        return answer(request, error.__cause__ or error.__context__)  # type: ignore[arg-type]  # what the parser found
    if error.status_code == Refused.http:  # the CSRF token
        return answer(request, Refused("请求没有有效的防伪令牌", "the request carries no valid CSRF token"))
    return answer(request, WrongUse("请求无法解析", "the request cannot be read", found=str(error)))


@api.exception_handler(ValidationError)
def _malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    first = error.errors[0]
    where = ".".join(str(part) for part in first["loc"])
    return answer(request, BadInput("请求的内容不合格式", "the request is malformed", where=where, found=first["msg"]))
