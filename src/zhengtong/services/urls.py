# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from django.urls import path

from zhengtong.services.api import docs
from zhengtong.services.pages import (
    agency,
    applying,
    counter,
    external,
    flowchart,
    imported,
    messages,
    mine,
    portal,
    ratings,
    verification,
    workbench,
)

urlpatterns = [
    path("", portal.home, name="portal"),
    path("life-events/<slug:key>/", portal.guide, name="life_event"),
    path("life-events/<slug:key>/apply/", applying.apply, name="apply"),
    path("life-events/<slug:key>/bpmn", flowchart.bpmn, name="life_event_bpmn"),
    path("messages/", messages.inbox, name="inbox"),
    path("messages/read/", messages.read_all, name="read_all"),
    path("messages/notifications/", messages.contact, name="contact"),
    path("messages/notifications/verify/", messages.verify, name="verify_email"),
    path("messages/<int:pk>/", messages.open_message, name="open_message"),
    path("my/agency/", agency.mine, name="agency"),
    path("my/agency/<str:reference>/end/", agency.end, name="end_mandate"),
    path("counter/agency/", agency.counter, name="counter_agency"),
    path("counter/firms/", agency.firms, name="counter_firms"),
    path("my/drafts/<str:reference>/delete/", applying.delete_draft, name="delete_draft"),
    path("my/", mine.my_cases, name="my_cases"),
    path("my/<str:number>/", mine.my_case, name="my_case"),
    path("my/<str:number>/correct/", mine.correct, name="correct"),
    path("my/<str:number>/withdraw/", mine.withdraw, name="withdraw"),
    path("my/<str:number>/rate/", ratings.rate, name="rate"),
    path("documents/<str:reference>/", mine.document, name="document"),
    path("materials/<str:reference>/", mine.material, name="material"),
    path("counter/", counter.desk, name="counter"),
    path("counter/<slug:key>/", counter.intake, name="intake"),
    path("counter/receipts/<str:number>/", counter.receipt, name="receipt"),
    path("workbench/", workbench.my_steps, name="workbench"),
    path("workbench/ratings/", ratings.all_ratings, name="ratings"),
    path("workbench/ratings/<str:reference>/", ratings.one_rating, name="rating"),
    path("workbench/ratings/<str:reference>/act/", ratings.act_on_rating, name="act_on_rating"),
    path("workbench/imported/", imported.imported_cases, name="imported"),
    path("workbench/external/", external.systems, name="external"),
    path("workbench/external/<str:reference>/settle/", external.settle, name="settle_difference"),
    path("workbench/<str:number>/<slug:step>/", workbench.step_page, name="step"),
    path("workbench/<str:number>/<slug:step>/act/", workbench.act_on_step, name="act_on_step"),
    path("verify/", verification.ask, name="verify"),
    path("verify/<str:code>/", verification.show, name="verify_code"),
    path("api/v1/docs", docs.reference, name="api_docs"),
]
