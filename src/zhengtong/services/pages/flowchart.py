# SPDX-License-Identifier: Apache-2.0
"""A published life event as a BPMN 2.0 file, to open in any modeller."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from zhengtong.services.flowchart import life_event_bpmn, system_names
from zhengtong.services.queries import life_event
from zhengtong.ui.pages import public


@public(reason="how a life event goes is known before signing in")
def bpmn(request: HttpRequest, key: str) -> HttpResponse:
    """The whole of it; with answers to its questions in the address, that one situation."""
    event = life_event(key)
    given = {s.key: request.GET[s.key] for s in event.event.situations if s.key in request.GET}
    body = life_event_bpmn(event, get_language() or "zh", given or None, system_names())
    headers = {"Content-Disposition": f'attachment; filename="{event.key}.bpmn"'}
    return HttpResponse(body, content_type="application/xml; charset=utf-8", headers=headers)
