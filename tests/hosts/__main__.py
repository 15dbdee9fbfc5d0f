"""Run real hosts against this server, with a scripted model: python -m tests.hosts [NAME ...] [--record].

A line for each host: `NAME VERSION: passed`, `failed: ...` or `not installed: ...`. What the models received is written
to a record in the temporary folder; `--record` writes it into tests/hosts, for the table in README.md.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.hosts.installing import CACHE, VERSIONS, InstallError, installed, node
from tests.hosts.record import RECORD, Entry, add
from tests.hosts.rows import ROWS, HostRow
from tests.hosts.scenarios import SCENARIOS
from tests.hosts.script import Progress

ENOUGH = 4
"""How many hosts have to pass when all are asked for."""


def main() -> int:
    """Run the chosen hosts, one after the other. Returns the exit code."""
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(prog="python -m tests.hosts")
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *names], help=", ".join(names))
    parser.add_argument("--record", action="store_true", help="write the record into tests/hosts")
    asked = parser.parse_args()
    rows = [row for row in ROWS if row.name in asked.names or not asked.names]
    path = RECORD if asked.record else CACHE / RECORD.name
    if not Path("/proc/self/environ").exists():
        print("Servers that outlive their host are looked for on Linux alone.")
    passed = failed = 0
    for row in rows:
        try:
            node()
            installed(row.package)
        except InstallError as error:
            print(f"{row.name} {VERSIONS[row.package]}: not installed: {error}", flush=True)
            continue
        begun = time.monotonic()
        entry = tried(row)
        add(path, row.name, entry)
        passed, failed = passed + (not entry.problems), failed + bool(entry.problems)
        outcome = f"failed: {'; '.join(entry.problems)}" if entry.problems else "passed"
        print(f"{row.name} {entry.version}: {outcome} ({time.monotonic() - begun:.0f} s)", flush=True)
    print(f"What the models received: {path}")
    return 0 if passed >= min(ENOUGH, len(rows)) and not failed else 1


def tried(row: HostRow) -> Entry:
    """The outcome of every scenario with one host."""
    problems, received = list[str](), dict[str, list[Progress]]()
    for name, scenario in SCENARIOS.items():
        seen = received.setdefault(name, [])
        try:
            problems += (f"{name}: {problem}" for problem in scenario(row, seen))
        except (OSError, RuntimeError) as error:
            problems.append(f"{name}: {type(error).__name__}: {error}")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return Entry.of(row, VERSIONS[row.package], today, problems, received)


if __name__ == "__main__":
    raise SystemExit(main())
