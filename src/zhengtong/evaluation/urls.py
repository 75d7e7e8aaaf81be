# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from django.urls import path

from zhengtong.evaluation.pages import (
    cockpit,
    evidence,
    exporting,
    performance,
    process,
    record,
    satisfaction,
    savings,
    steps,
    why,
)

urlpatterns = [
    path("cockpit/", cockpit.overview, name="cockpit"),
    path("cockpit/on-time/", performance.performance, name="cockpit_performance"),
    path("cockpit/on-time/<slug:key>/", cockpit.on_time_cases, name="on_time_cases"),
    path("cockpit/steps/", steps.step_list, name="cockpit_steps"),
    path("cockpit/why/", why.why, name="cockpit_why"),
    path("cockpit/reductions/", savings.savings, name="cockpit_savings"),
    path("cockpit/processes/", process.processes, name="cockpit_processes"),
    path("cockpit/processes/<slug:key>/", process.life_event_process, name="cockpit_process"),
    path("cockpit/processes/<slug:key>/cases/", process.process_cases, name="cockpit_process_cases"),
    path("cockpit/satisfaction/", satisfaction.satisfaction, name="cockpit_satisfaction"),
    path("cockpit/record/", record.record, name="cockpit_record"),
    path("cockpit/record/audit/", record.audit_now, name="cockpit_audit_now"),
    path("cockpit/audit/", record.audit_page, name="audit"),
    path("cockpit/export/", exporting.export, name="cockpit_export"),
    path("evidence/cases/<str:number>/", evidence.case_evidence, name="case_evidence"),
    path("evidence/events/<str:event>/", evidence.event_evidence, name="event_evidence"),
    path("evidence/events/<str:event>/bundle.json", evidence.bundle, name="bundle"),
    path("evidence/checkpoint.txt", evidence.checkpoint, name="checkpoint"),
    path("evidence/key.txt", evidence.public_key, name="public_key"),
]
