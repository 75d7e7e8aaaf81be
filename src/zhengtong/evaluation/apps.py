# SPDX-License-Identifier: Apache-2.0
from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    name = "zhengtong.evaluation"
    label = "evaluation"
