# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from django.urls import path

from zhengtong.evaluation.pages import cockpit, evidence

urlpatterns = [
    path("cockpit/", cockpit.overview, name="cockpit"),
    path("cockpit/on-time/<slug:key>/", cockpit.on_time_cases, name="on_time_cases"),
    path("cockpit/audit/", cockpit.audit_page, name="audit"),
    path("evidence/cases/<str:number>/", evidence.case_evidence, name="case_evidence"),
    path("evidence/events/<str:event>/", evidence.event_evidence, name="event_evidence"),
    path("evidence/events/<str:event>/bundle.json", evidence.bundle, name="bundle"),
    path("evidence/checkpoint.txt", evidence.checkpoint, name="checkpoint"),
    path("evidence/key.txt", evidence.public_key, name="public_key"),
]
