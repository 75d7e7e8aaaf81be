# SPDX-License-Identifier: Apache-2.0
"""Print a year's calendar file, for a person to compare with the State Council's notice before it is committed.

    python tools/seed_calendar.py 2026 > examples/city/calendar/2026.yaml

It comes from the `chinesecalendar` package (`zhengtong.city.seeding`). A year not published yet is refused.
"""

from __future__ import annotations

import argparse
import sys

from zhengtong.city.seeding import calendar_file
from zhengtong.errors import NotFound


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("year", type=int)
    try:
        print(calendar_file(parser.parse_args().year), end="")
    except NotFound as error:
        print(error, file=sys.stderr)
        return error.exit
    return 0


if __name__ == "__main__":
    sys.exit(main())
