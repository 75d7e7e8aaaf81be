# SPDX-License-Identifier: Apache-2.0
from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EvaluationConfig(AppConfig):
    name = "zhengtong.evaluation"
    label = "evaluation"

    def ready(self) -> None:
        from zhengtong.evaluation import actions, indicators, permissions  # noqa: F401  # they fill the registries
        from zhengtong.ui.registry import Face, register_face

        indicators.register()
        cockpit = Face("cockpit", _("Cockpit"), "cockpit", 40, "cockpit.read", ("/evidence/", "/tasks/"))
        register_face(cockpit)
