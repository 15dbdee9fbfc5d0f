"""Run the snippets against the real stdio server: python -m tests.integrations [NAME ...] [--must] [--cache DIR].

`--server COMMAND` puts another server in the place of `python -m wanx_mcp` of this environment.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from tests.integrations.checks import problems
from tests.integrations.environments import InstallError, interpreter, version
from tests.integrations.rows import ROWS, Row

LIMIT = 600
"""Seconds that a snippet may take."""

NOWHERE = "http://127.0.0.1:9"
"""A proxy where nobody listens: nothing that a framework may send home leaves the machine."""


def main() -> int:
    """Run the chosen rows, one after the other. Returns the exit code: 1 if a must failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.integrations")
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *(row.name for row in ROWS)])
    parser.add_argument("--must", action="store_true", help="only the rows that must pass")
    parser.add_argument("--cache", type=Path, help="folder for the environments; kept, and used again")
    parser.add_argument("--server", type=shlex.split, default=[sys.executable, "-m", "wanx_mcp"], metavar="COMMAND")
    asked = parser.parse_args()
    rows = [row for row in ROWS if (row.name in asked.names or not asked.names) and (row.must or not asked.must)]
    failed = [row for row in rows if not passes_somewhere(row, asked.cache, asked.server)]
    print(f"{len(rows) - len(failed)} passed, {len(failed)} failed")
    return 1 if any(row.must for row in failed) or not rows else 0


def passes_somewhere(row: Row, cache: Path | None, server: list[str]) -> bool:
    """Whether the row passes, in an environment that is gone afterwards unless there is a `cache`."""
    if cache:
        return passes(row, cache.resolve(), server)
    with tempfile.TemporaryDirectory(prefix="wanx-framework-") as folder:
        return passes(row, Path(folder), server)


def passes(row: Row, cache: Path, server: list[str]) -> bool:
    """Install and run one row, and print its line of the table."""
    begun = time.monotonic()
    shown, installed = "not installed", begun
    try:
        command = interpreter(row, cache)
        installed = time.monotonic()
        shown = version(row, command)
        wrong = run(row, [*command, *server])
    except (InstallError, subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        wrong = [f"{type(error).__name__}: {error}"]
    took = time.monotonic()
    verdict = "failed" if wrong else "passed"
    print(
        f"{verdict}  {row.name:<17}{shown:<14}{'must' if row.must else 'may':<5} install {installed - begun:5.1f} s, "
        f"run {took - installed:5.1f} s, gives up: {row.gives_up}",
        flush=True,
    )
    for each in [*([row.reason] if row.reason else []), *(f"WRONG: {one}" for one in wrong)]:
        print(f"        {each}", flush=True)
    return not wrong


def run(row: Row, command: list[str]) -> list[str]:
    """What is wrong with the row."""
    with tempfile.TemporaryDirectory(prefix="wanx-framework-") as folder:
        ours = {
            "WANX_SIMULATE": "1",
            "WANX_SIMULATE_SPEED": str(row.speed),
            "WANX_STATE_DIR": str(Path(folder) / "state"),
            "WANX_OUTPUT_DIR": str(Path(folder) / "videos"),
        }
        done = subprocess.run(
            command,
            cwd=folder,
            env=surroundings() | ours,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        if done.returncode:
            return [f"exit {done.returncode}: {' '.join((done.stderr or done.stdout).split())[-600:]}"]
        try:
            found = json.loads(done.stdout.strip().rpartition("\n")[2])
        except ValueError:
            return [f"no JSON in the last line: {done.stdout[-300:]!r}"]
        return problems(row, found, ours)


def surroundings() -> Mapping[str, str]:
    """This environment without what would change the run: our settings, Python's paths, keys, proxies."""
    strange = ("WANX_", "PIAPI_", "PYTHON", "VIRTUAL_ENV", "OPENAI_", "ANTHROPIC_", "GOOGLE_", "LANG", "HTTP", "ALL_")
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(strange)}
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), NOWHERE) | {"NO_PROXY": "127.0.0.1,localhost"}
    return kept | proxies | {"LANG": "C.UTF-8", "PYTHONUTF8": "1"}


if __name__ == "__main__":
    raise SystemExit(main())
