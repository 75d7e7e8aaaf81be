# SPDX-License-Identifier: Apache-2.0
"""`python -m zhengtong`."""

from zhengtong.cli import main

main()
