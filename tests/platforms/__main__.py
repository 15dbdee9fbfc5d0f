"""Checks for other platforms, as far as Linux can make them: python -m tests.platforms wheels|readme|mac|windows."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.platforms import mac, readme, wheels, windows
from tests.platforms.tools import CannotRunError

_NAMES = "ledger places picture_names folders state_folders held_files save pipes money"
SOME = tuple(f"tests/test_{name}.py" for name in _NAMES.split())
"""Tests that take a few minutes, and meet files, locks, names, pipes and processes."""

TESTED = ("mac", "windows")
"""The checks that run tests."""

CHECKS: dict[str, Callable[[Path, Sequence[str]], int]] = {
    "mac": mac.run_tests,
    "readme": readme.check,
    "wheels": wheels.check,
    "windows": windows.run_tests,
}


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.platforms", description=__doc__)
    parser.add_argument("--work", type=Path, help="a folder to keep what was prepared for the next run")
    parser.add_argument("check", choices=CHECKS)
    parser.add_argument("tests", nargs=argparse.REMAINDER, help="arguments of pytest, instead of some tests")
    options = parser.parse_args()
    tests = options.tests or (SOME if options.check in TESTED else [])
    with tempfile.TemporaryDirectory(prefix="wanx-platform-") as folder:
        try:
            return CHECKS[options.check]((options.work or Path(folder)).absolute(), tests)
        except CannotRunError as reason:
            print(f"SKIPPED: the check '{options.check}' did not run: {reason}", file=sys.stderr)
            return 0


if __name__ == "__main__":
    raise SystemExit(main())
