# SPDX-License-Identifier: Apache-2.0
"""The room's tables, by what they are about. Import them from here."""

from zhengtong.services.models.archive import ArchivePackage
from zhengtong.services.models.cases import (
    Case,
    CaseForm,
    CorrectionRequest,
    Material,
    Notice,
    Output,
    PublishedVersion,
    Rating,
    Step,
    new_code,
)
from zhengtong.services.models.consents import Consent
from zhengtong.services.models.decisions import DecisionOutcome
from zhengtong.services.models.drafts import Draft
from zhengtong.services.models.external import Difference, Reconciliation
from zhengtong.services.models.imported import ImportedCase
from zhengtong.services.models.items import ItemSnapshot
from zhengtong.services.models.messages import Contact, Delivery, Message
from zhengtong.services.models.migrations import CaseMigration
from zhengtong.services.models.proposals import ChangeProposal
from zhengtong.services.models.serving import NoticeService
from zhengtong.services.models.special import Inspection, Memo
from zhengtong.services.models.tickets import Ticket, TicketNote

__all__ = [
    "ArchivePackage",
    "Case",
    "CaseForm",
    "CaseMigration",
    "ChangeProposal",
    "Consent",
    "Contact",
    "CorrectionRequest",
    "DecisionOutcome",
    "Delivery",
    "Difference",
    "Draft",
    "ImportedCase",
    "Inspection",
    "ItemSnapshot",
    "Material",
    "Memo",
    "Message",
    "Notice",
    "NoticeService",
    "Output",
    "PublishedVersion",
    "Rating",
    "Reconciliation",
    "Step",
    "Ticket",
    "TicketNote",
    "new_code",
]
