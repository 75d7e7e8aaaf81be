# SPDX-License-Identifier: Apache-2.0
"""Where the result of an act of this room can be looked at."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from zhengtong.ui.registry import Link


def case_link(result: object) -> Link | None:
    """To the step an act was on, else to the case."""
    if not isinstance(result, dict) or "case" not in result:
        return None
    label = _("Case %(number)s") % {"number": result["case"]}
    if "step" in result:
        return Link(reverse("step", args=[result["case"], result["step"]]), label)
    return Link(reverse("my_case", args=[result["case"]]), label)


def ticket_link(result: object) -> Link | None:
    """Where the result of an act on a ticket can be looked at."""
    if not isinstance(result, dict) or "ticket" not in result:
        return None
    return Link(reverse("ticket", args=[result["ticket"]]), _("Ticket %(number)s") % {"number": result["ticket"]})
