# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "zhengtong.ledger"
    label = "ledger"
    verbose_name = "存证 ledger"
