# SPDX-License-Identifier: Apache-2.0
"""Everything that can be done in this room."""

from zhengtong.evaluation.actions import export_figures, record_audit, record_source  # noqa: F401  # importing declares their verbs
