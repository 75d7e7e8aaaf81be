# SPDX-License-Identifier: Apache-2.0
from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrganizationConfig(AppConfig):
    name = "zhengtong.organization"
    label = "organization"

    def ready(self) -> None:
        from zhengtong.acts.serving import city
        from zhengtong.organization import actions, definition, gate, permissions  # noqa: F401  # they fill registries
        from zhengtong.organization.pages.supervision import task_link
        from zhengtong.ui import registry

        registry.set_gate(gate.gate)
        registry.set_reader(gate.reader)
        registry.set_brand(lambda: city().meta.name)
        registry.set_helpline(lambda: city().meta.hotline or "")
        registry.register_result_link(task_link)
        registry.register_face(registry.Face("tokens", _("API tokens"), "tokens", 90, "token.read"))
