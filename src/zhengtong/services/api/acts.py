# SPDX-License-Identifier: Apache-2.0
"""Everything that can be done to a case, made from the actions themselves: a new action is offered by being there.

An action's fields are the body of its request; `case` (and `step`, where it acts on a step) stand in the address; files
are handed over as uploads. What only the system does, and what NOT_OFFERED names, stays inside.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from django.http import HttpRequest
from pydantic import create_model

from zhengtong.acts.actor import Actor
from zhengtong.acts.perform import Act, Action, Result, Target, perform
from zhengtong.errors import Stale
from zhengtong.organization.queries import actor
from zhengtong.services import actions as _actions  # noqa: F401  # so that every action is there
from zhengtong.services.actions.submit_case import UploadedMaterial
from zhengtong.services.api.access import THROTTLE, caller
from zhengtong.services.api.base import api
from zhengtong.services.api.schemas import ActOut, In, MaterialIn
from zhengtong.services.api.uploads import materials_of
from zhengtong.services.casework import CaseWork, OnStep
from zhengtong.services.queries import case_tag, visible_case
from zhengtong.ui.pages import post_key

NOT_OFFERED: Mapping[str, str] = {
    "case.submit": "has a form of its own: POST /cases",
}
"""Verb → why it is not made here."""
_SENTENCE = re.compile(r"(?<!art)\.(?:\s|$)")
FILES = tuple[UploadedMaterial, ...]


@dataclass(frozen=True)
class IfMatch(Action[Target]):
    """An action that is done only while the case is as the caller saw it; judged under the case's own lock."""

    inner: Action[Any]
    tag: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)  # its verb and who may

    def target(self, actor: Actor) -> Target:
        """Raises `Stale` besides what the action itself raises."""
        found: Target = self.inner.target(actor)
        work = found if isinstance(found, CaseWork) else getattr(found, "work", None)
        if isinstance(work, CaseWork):
            now = case_tag(work.case, sorted(work.steps.values(), key=lambda step: step.pk))
            if self.tag not in (now, "*"):
                raise Stale("办件已有变化，没有执行", "the case has changed since; nothing was done", expected=now)
        return found

    def run(self, act: Act, target: Target) -> Result:
        return self.inner.run(act, target)


def act_out(request: HttpRequest, action: Action[Any]) -> ActOut:
    """Do it, once for its key, and only if the case is as If-Match says."""
    tag = request.headers.get("If-Match", "")
    done = perform(IfMatch(action, tag) if tag else action, actor(request), post_key(request))
    return ActOut(act=done.act, replayed=done.replayed, result=done.result)


def offered() -> Iterator[type[Action[Any]]]:
    """The actions of this room on one case that somebody other than the system may do, by verb."""
    found = {one.verb: one for one in _below(Action) if one.__module__.startswith("zhengtong.services.actions.")}
    for verb, action in sorted(found.items()):
        names = {field.name for field in dataclasses.fields(action)}
        if "case" in names and verb not in NOT_OFFERED and any(rule.role != "system" for rule in action.allowed):
            yield action


def _below(action: type[Any]) -> Iterator[type[Any]]:
    for one in action.__subclasses__():
        if dataclasses.is_dataclass(one) and "verb" in one.__dict__:
            yield one
        yield from _below(one)


def body_of(action: type[Action[Any]]) -> type[In]:
    """The model of an action's body: its fields without those of the address."""
    inside = {"case", "step"} if issubclass(action, OnStep) else {"case"}
    hints = get_type_hints(action)
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(action):  # type: ignore[arg-type]  # all actions are dataclasses
        if field.name not in inside:
            kind = hints[field.name]
            fields[field.name] = (list[MaterialIn] if kind == FILES else kind, _default(field))
    return create_model(f"{action.__name__}In", __base__=In, __config__=None, **fields)


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else ...


def _build(request: HttpRequest, action: type[Action[Any]], case: str, body: In, **step: str) -> Action[Any]:
    given = {name: getattr(body, name) for name in type(body).model_fields}
    hints = get_type_hints(action)
    given = {name: materials_of(request, value) if hints[name] == FILES else value for name, value in given.items()}
    build: Callable[..., Action[Any]] = action
    return build(case=case, **step, **given)


def _operation(action: type[Action[Any]], model: type[In]) -> Callable[..., ActOut]:
    """The view of one action. What its caller may not see is not there: the same answer whether it exists or not."""
    if issubclass(action, OnStep):

        def act_on_step(request: HttpRequest, number: str, step: str, body: Any = None) -> ActOut:
            visible_case(actor(request), number)
            return act_out(request, _build(request, action, number, body or model(), step=step))

        view: Callable[..., ActOut] = act_on_step
    else:

        def act_on_case(request: HttpRequest, number: str, body: Any = None) -> ActOut:
            visible_case(actor(request), number)
            return act_out(request, _build(request, action, number, body or model()))

        view = act_on_case
    optional = not any(field.is_required() for field in model.model_fields.values())
    view.__annotations__ = {**view.__annotations__, "body": model | None if optional else model}
    if not optional:
        view.__defaults__ = None
        view.__signature__ = _required(view)  # type: ignore[attr-defined]  # what ninja reads
    return view


def _required(view: Callable[..., Any]) -> inspect.Signature:
    signature = inspect.signature(view)
    parameters = [p.replace(default=inspect.Parameter.empty) for p in signature.parameters.values()]
    return signature.replace(parameters=parameters)


def _register() -> None:
    for action in offered():
        on_step = issubclass(action, OnStep)
        name = action.verb.partition(".")[2].replace("_", "-")
        scope = "steps.act" if any(rule.role == "officer" for rule in action.allowed) else "cases.write"
        view = _operation(action, body_of(action))
        view.__name__ = action.verb.replace(".", "_")  # the address takes its name from it
        doc = " ".join((inspect.getdoc(action) or "").split())
        api.post(
            f"/cases/{{number}}/steps/{{step}}/{name}" if on_step else f"/cases/{{number}}/{name}",
            response=ActOut,
            operation_id=action.verb.replace(".", "_"),
            auth=caller(scope),
            throttle=THROTTLE,
            summary=_SENTENCE.split(doc)[0],
            description=doc,
        )(view)


_register()
