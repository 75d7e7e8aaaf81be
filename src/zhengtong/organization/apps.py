# SPDX-License-Identifier: Apache-2.0
from django.apps import AppConfig


class OrganizationConfig(AppConfig):
    name = "zhengtong.organization"
    label = "organization"

    def ready(self) -> None:
        from zhengtong.organization import actions, definition, permissions  # noqa: F401  # they fill the registries
