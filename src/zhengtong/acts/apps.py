# SPDX-License-Identifier: Apache-2.0
from django.apps import AppConfig


class ActsConfig(AppConfig):
    name = "zhengtong.acts"
    label = "acts"

    def ready(self) -> None:
        from zhengtong.acts import checks  # noqa: F401  # importing registers them
