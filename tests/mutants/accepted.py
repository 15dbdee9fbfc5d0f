"""accepted.toml: mutants without visible effect, each with the reason."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutant import Mutant

FILE = Path(__file__).with_name("accepted.toml")


@dataclass(frozen=True, slots=True)
class Accepted:
    """A mutant without visible effect: the original and the mutated lines, without indentation. `new` is absent where
    every mutant of these lines is meant."""

    module: str
    old: str
    why: str
    new: str | None = None

    def fits(self, mutant: Mutant) -> bool:
        old, new = mutant.change
        return (self.module, self.old) == (mutant.module, old) and self.new in (None, new)


def read_accepted(file: Path = FILE) -> tuple[Accepted, ...]:
    """The rows of the file. Raises TypeError for one that lacks something."""
    return tuple(Accepted(**row) for row in tomllib.loads(file.read_text(encoding="utf-8")).get("mutant", ()))


def stale(rows: Iterable[Accepted], found: Iterable[Mutant]) -> list[Accepted]:
    """The rows that fit none of the mutants of their module: the code has changed since."""
    mutants = tuple(found)
    modules = {mutant.module for mutant in mutants}
    return [row for row in rows if row.module in modules and not any(row.fits(mutant) for mutant in mutants)]
