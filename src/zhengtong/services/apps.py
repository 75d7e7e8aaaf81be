# SPDX-License-Identifier: Apache-2.0
from django.apps import AppConfig


class ServicesConfig(AppConfig):
    name = "zhengtong.services"
    label = "services"

    def ready(self) -> None:
        from zhengtong.services import actions, definition, permissions, processes  # noqa: F401  # they fill the registries
