# SPDX-License-Identifier: Apache-2.0
"""Everything that can be done in this room; importing it declares every verb and who may do it."""

from zhengtong.organization.actions import (  # noqa: F401
    close_task,
    decline_task,
    give_feedback,
    open_task,
    propose_task,
    send_back_task,
)
