# SPDX-License-Identifier: Apache-2.0
"""Everything that can be done in this room; importing it declares every verb and who may do it."""

from zhengtong.organization.actions import (  # noqa: F401
    appoint,
    close_task,
    decline_task,
    end_absence,
    end_appointment,
    end_mandate,
    give_feedback,
    give_mandate,
    issue_token,
    open_account,
    open_task,
    propose_task,
    record_absence,
    register_firm,
    replace_representative,
    revoke_token,
    send_back_task,
)
