# SPDX-License-Identifier: Apache-2.0
"""Tickets of the 12345 hotline."""

from __future__ import annotations

from django.db import models

from zhengtong.ledger.models import RecordedRow


class Ticket(RecordedRow):
    """工单. `citizen` is the pseudonym of who asked through the portal, "" for a caller; title, text, caller and mobile
    are the person's and never enter an event. `life_event` is the one thing it is about, "" where it is about none.
    `progress` is the rules' own value (`rules.tickets.Ticket`); state, lead, support and times repeat what it says, for
    lists. `lapse_us` is the deadline that the sweep has still to record.
    """

    object_type = "ticket"
    object_id_field = "number"
    recorded_fields = (
        "number",
        "citizen",
        "channel",
        "category",
        "life_event",
        "urgent",
        "title",
        "text",
        "caller",
        "mobile",
        "progress",
        "state",
        "lead",
        "support",
        "received_us",
        "due_us",
        "lapse_us",
        "closed_us",
        "demo",
    )

    number = models.CharField(max_length=24, unique=True)
    citizen = models.CharField(max_length=64, blank=True, db_index=True)
    channel = models.CharField(max_length=16)
    category = models.CharField(max_length=64)
    life_event = models.CharField(max_length=64, blank=True, db_index=True)
    urgent = models.BooleanField(default=False)
    title = models.CharField(max_length=100)
    text = models.TextField()
    caller = models.CharField(max_length=64, blank=True)
    mobile = models.CharField(max_length=20, blank=True)
    progress = models.JSONField()
    state = models.CharField(max_length=16)
    lead = models.CharField(max_length=64, blank=True)
    support = models.JSONField(default=list)
    received_us = models.BigIntegerField()
    due_us = models.BigIntegerField(null=True)
    lapse_us = models.BigIntegerField(null=True)
    closed_us = models.BigIntegerField(null=True, db_index=True)
    demo = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["state", "due_us"], name="tickets_by_state"),
            models.Index(fields=["lead", "state", "due_us"], name="tickets_by_department"),
            models.Index(fields=["lapse_us"], condition=models.Q(lapse_us__isnull=False), name="tickets_to_lapse"),
        ]


class TicketNote(RecordedRow):
    """Words on a ticket: a reply, the reason for a return, what the person said when called back."""

    object_type = "ticket_note"
    object_id_field = "reference"
    recorded_fields = ("ticket_id", "reference", "kind", "text", "author", "department", "noted_us")

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="notes")
    reference = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=16)
    text = models.TextField()
    author = models.CharField(max_length=64)
    department = models.CharField(max_length=64, blank=True)
    noted_us = models.BigIntegerField()
