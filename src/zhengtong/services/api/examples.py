# SPDX-License-Identifier: Apache-2.0
"""Examples in the OpenAPI document, by operation. They are made up; a test holds them against the schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ACT = {"act": "019abc0d2f7c7c1e8a0b6f1d2e3c4b5a", "replayed": False}
_STEP = {
    "case": "M26-000017",
    "step": "birth-registration",
    "department": "police",
    "state": "pending",
    "due_us": 1798765200000000,
}
_CASE = {
    "number": "M26-000017",
    "life_event": "newborn",
    "definition": "6f1d2e3c4b5a6f1d2e3c4b5a6f1d2e3c4b5a6f1d2e3c4b5a6f1d2e3c4b5a6f1d",
    "phase": "open",
    "channel": "portal",
    "submitted_us": 1798330000000000,
    "closed_us": None,
    "steps": [_STEP],
}
_DONE = {"case": "M26-000017", "step": "birth-registration"}
_ON_STEP = {**_ACT, "result": _DONE}

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "list_life_events": {
        "response": [
            {
                "key": "newborn",
                "zh": "新生儿出生",
                "en": "A child is born",
                "audience": "person",
                "version": _CASE["definition"],
            }
        ]
    },
    "get_me": {"response": {"actor": "0" * 32, "roles": [{"role": "officer", "department": "police"}]}},
    "list_cases": {"response": {"items": [_CASE], "next": "WzE3OTgzMzAwMDAwMDAwMDAsMTdd"}},
    "get_case": {"response": _CASE},
    "list_steps": {"response": {"items": [_STEP], "next": ""}},
    "submit_case": {
        "request": {
            "life_event": "newborn",
            "answers": {"birth_place": "institution", "parents": "married"},
            "form": {"child_name": "林知夏", "child_sex": "2", "birth_date": "2026-01-09"},
            "materials": [{"key": "birth-certificate", "upload": "WyJ…", "filename": "certificate.pdf"}],
        },
        "response": {**_ACT, "result": {"case": "M26-000017"}},
    },
    "upload": {
        "response": {
            "upload": "WyJ…",
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "media_type": "application/pdf",
            "size": 48213,
            "expires_us": 1798416400000000,
        }
    },
    "step_accept": {"response": _ON_STEP},
    "step_decide": {
        "request": {"granted": False, "reason": "identity-differs", "text": "姓名与身份信息不一致"},
        "response": {**_ACT, "result": {**_DONE, "phase": "open"}},
    },
    "step_ask_correction": {
        "request": {"items": ["child_name"], "text": "姓名与出生医学证明不一致"},
        "response": _ON_STEP,
    },
    "case_withdraw": {"response": {**_ACT, "result": {"case": "M26-000017"}}},
    "case_rate": {
        "request": {"level": 5, "aspects": [], "text": ""},
        "response": {**_ACT, "result": {"case": "M26-000017"}},
    },
}
