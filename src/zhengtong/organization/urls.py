# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from django.urls import path

from zhengtong.organization.pages import absences, supervision, tokens

urlpatterns = [
    path("workbench/absences/", absences.all_absences, name="absences"),
    path("workbench/absences/<str:reference>/end/", absences.end, name="end_absence"),
    path("tasks/", supervision.all_tasks, name="tasks"),
    path("tasks/propose/", supervision.propose, name="propose_task"),
    path("tasks/<str:number>/", supervision.one_task, name="task"),
    path("tasks/<str:number>/act/", supervision.act_on_task, name="act_on_task"),
    path("tokens/", tokens.all_tokens, name="tokens"),
    path("tokens/<str:reference>/revoke/", tokens.revoke, name="revoke_token"),
]
