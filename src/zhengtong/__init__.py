# SPDX-License-Identifier: Apache-2.0
"""Zhengtong: run and measure a city's digital transformation."""

__version__ = "0.1.0"
