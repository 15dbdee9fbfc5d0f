"""Checks for other platforms, as far as Linux can make them: python -m tests.platforms wheels|windows|mac [TESTS]."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.platforms import mac, windows
from tests.platforms.tools import CannotRunError

SOME = ("tests/test_ledger.py", "tests/test_places.py", "tests/test_save.py", "tests/test_money.py")
"""Tests that take about three minutes, and meet files, locks, names and processes."""

CHECKS: dict[str, Callable[[Path, Sequence[str]], int]] = {"mac": mac.run_tests, "windows": windows.run_tests}


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.platforms", description=__doc__)
    parser.add_argument("--work", type=Path, help="a folder to keep what was prepared for the next run")
    parser.add_argument("check", choices=CHECKS)
    parser.add_argument("tests", nargs=argparse.REMAINDER, help="arguments of pytest, instead of some tests")
    options = parser.parse_args()
    tests = options.tests or SOME
    with tempfile.TemporaryDirectory(prefix="wanx-platform-") as folder:
        try:
            return CHECKS[options.check]((options.work or Path(folder)).absolute(), tests)
        except CannotRunError as reason:
            print(f"SKIPPED: the check '{options.check}' did not run: {reason}", file=sys.stderr)
            return 0


if __name__ == "__main__":
    raise SystemExit(main())
