"""The command: python -m tests.mutants [MODULE ...] [--count N] [--seed S] [--jobs N] [--list]."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.accepted import read_accepted, stale
from tests.mutants.cover import read_map
from tests.mutants.mutant import Mutant, candidates, choose
from tests.mutants.report import one_line, survivors, table, title
from tests.mutants.rows import CORE
from tests.mutants.running import Outcome, Runner
from tests.mutants.selection import Selection
from tests.mutants.source import PACKAGE, Source, parse, path_of


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help="below wanx_mcp, or a folder; default: the money core"
    )
    parser.add_argument(
        "--count", type=int, default=None, help="mutants in all, evenly over the modules; default: every one"
    )
    parser.add_argument("--seed", type=int, default=0, help="which of them")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument(
        "--limit", type=float, default=60, help="seconds of tests for each mutant; 0: all that run its line"
    )
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="the eight letters of mutants")
    parser.add_argument("--list", action="store_true", help="print the chosen mutants as patches and run nothing")
    return parser.parse_args(words)


def sources(rows: Iterable[str]) -> Iterator[Source]:
    """The modules of `rows`. A row without a file is reported on stderr."""
    for row in rows:
        found = sorted((PACKAGE / row).rglob("*.py")) if (PACKAGE / row).is_dir() else [path_of(row)]
        for path in found:
            if path.exists():
                yield parse(path.relative_to(PACKAGE).with_suffix("").as_posix(), path.read_bytes())
            else:
                print(f"there is no module wanx_mcp/{row}.py: tests/mutants/rows.py needs a change", file=sys.stderr)


def run(mutants: Sequence[Mutant], jobs: int, limit: float) -> Iterator[Outcome]:
    """Each mutant's outcome, in order."""
    selection = Selection(read_map(jobs))
    free: SimpleQueue[Runner] = SimpleQueue()

    def one(mutant: Mutant) -> Outcome:
        runner = free.get()
        try:
            return runner.run(mutant, selection.tests(mutant), limit)
        finally:
            free.put(runner)

    with tempfile.TemporaryDirectory(prefix="wanx-mutants-") as folder, ThreadPoolExecutor(jobs) as pool:
        for number in range(jobs):
            free.put(Runner(Path(folder) / str(number)))
        try:
            yield from pool.map(one, mutants)
        finally:
            pool.shutdown(cancel_futures=True)


def main(words: Sequence[str]) -> int:
    """Run the command. Returns 1 if a survivor is left that is not in accepted.toml."""
    asked = arguments(words)
    found = list(sources(asked.modules or CORE))
    chosen = choose(found, None if asked.only else asked.count, asked.seed)
    chosen = [mutant for mutant in chosen if not asked.only or mutant.name in asked.only]
    if asked.list:
        print("\n".join(f"{title(mutant)}\n{mutant.diff()}" for mutant in chosen))
        return 0
    outcomes: list[Outcome] = []
    with suppress(KeyboardInterrupt):  # what is known by then is reported
        for outcome in run(chosen, asked.jobs, asked.limit):
            print(f"{len(outcomes) + 1}/{len(chosen)} {one_line(outcome)}", file=sys.stderr, flush=True)
            outcomes.append(outcome)
    rows = read_accepted()
    left = survivors(outcomes, rows)
    print(left, table(outcomes, rows), sep="\n")
    for row in stale(rows, (mutant for source in found for mutant in candidates(source))):
        print(f"accepted.toml: no such mutant of {row.module} any more: {row.old}")
    return 1 if left else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
