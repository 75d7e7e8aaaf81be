# SPDX-License-Identifier: Apache-2.0
"""The site's settings with one more address: the bare page that the others are compared with."""

from zhengtong.site.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.bare"
