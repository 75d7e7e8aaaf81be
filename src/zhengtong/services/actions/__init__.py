# SPDX-License-Identifier: Apache-2.0
"""Everything that can be done in this room; importing it declares every verb and who may do it."""

from zhengtong.services.actions import (  # noqa: F401
    accept_step,
    ask_correction,
    call_back_rating,
    check_rating,
    decide_step,
    import_case,
    import_item_list,
    not_accept_step,
    pause_step,
    publish_life_event,
    rate_case,
    reconcile_system,
    record_external_answer,
    record_lapse,
    repair_rating,
    resume_step,
    seal_notice,
    settle_difference,
    submit_case,
    supply_correction,
    withdraw_case,
)
