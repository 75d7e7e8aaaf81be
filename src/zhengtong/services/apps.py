# SPDX-License-Identifier: Apache-2.0
from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ServicesConfig(AppConfig):
    name = "zhengtong.services"
    label = "services"

    def ready(self) -> None:
        from zhengtong.services import (  # noqa: F401  # they fill registries
            actions,
            archiving,
            definition,
            definition_applicants,
            definition_archive,
            definition_tickets,
            issuing,
            permissions,
            processes,
            telling,
        )
        from zhengtong.services.pages.links import case_link, ticket_link
        from zhengtong.services.pages.messages import unread
        from zhengtong.ui.registry import Face, register_face, register_result_link, set_inbox

        register_face(Face("portal", _("Services"), "portal", 10))
        register_face(Face("mine", _("My cases"), "my_cases", 15, "case.submit", ("/evidence/",)))
        register_face(Face("counter", _("Counter"), "counter", 20, "counter.use"))
        register_face(Face("workbench", _("Workbench"), "workbench", 30, "workbench.use", ("/evidence/", "/tasks/")))
        register_face(Face("items", _("Items"), "items", 35, "items.read", ("/bureau/",)))
        register_face(Face("tickets", _("Hotline 12345"), "tickets", 25, "ticket.read"))
        register_result_link(case_link)
        register_result_link(ticket_link)
        set_inbox(unread)
