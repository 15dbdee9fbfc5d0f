"""The output: a progress line for each mutant, a table by module, and the survivors as patches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from tests.mutants.accepted import Accepted
from tests.mutants.mutant import Mutant
from tests.mutants.running import Outcome, Status


def one_line(outcome: Outcome) -> str:
    """A mutant's outcome on one line."""
    return f"{outcome.status:8}  {title(outcome.mutant)}  {outcome.by}"[:200].rstrip()


def title(mutant: Mutant) -> str:
    return f"{mutant.name}  {mutant.module}:{mutant.line}  {mutant.edit.kind}"


def table(outcomes: Sequence[Outcome], rows: Sequence[Accepted]) -> str:
    """Caught, accepted and left by module, and the share of those caught among those that can be."""
    counts: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        column = "accepted" if accepted(outcome, rows) else outcome.status
        counts.setdefault(outcome.mutant.module, Counter())[column] += 1
    counts["all"] = sum(counts.values(), Counter())
    lines = [f"{'module':22}{'mutants':>9}{'caught':>8}{'accepted':>10}{'left':>6}{'score':>9}"]
    for module, count in counts.items():
        caught, well, total = count[Status.CAUGHT], count["accepted"], count.total()
        score = f"{100 * caught / (total - well):.1f} %" if total > well else "-"
        lines.append(f"{module:22}{total:9}{caught:8}{well:10}{total - caught - well:6}{score:>9}")
    return "\n".join(lines)


def accepted(outcome: Outcome, rows: Iterable[Accepted]) -> bool:
    """Whether a survivor is known to have no visible effect."""
    return outcome.status is not Status.CAUGHT and any(row.fits(outcome.mutant) for row in rows)


def survivors(outcomes: Iterable[Outcome], rows: Sequence[Accepted]) -> str:
    """Each survivor that is not in accepted.toml, as a patch."""
    left = [one for one in outcomes if one.status is not Status.CAUGHT and not accepted(one, rows)]
    return "\n".join(f"{one.status} {_tests(one)}: {title(one.mutant)}\n{one.mutant.diff()}" for one in left)


def _tests(outcome: Outcome) -> str:
    if outcome.status is Status.UNTESTED:
        return "(no test runs it)"
    part = f"{outcome.ran} of {outcome.of}" if outcome.ran < outcome.of else str(outcome.of)
    return f"({part} tests)"
