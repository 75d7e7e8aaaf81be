# SPDX-License-Identifier: Apache-2.0
"""Backup and restore of an installation: `backup.py` makes one file, `restore.py` proves it and puts it in place."""
