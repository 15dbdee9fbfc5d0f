"""A mutant: one edit of one module. All of a module, and a seeded choice that is even over modules."""

from __future__ import annotations

import ast
import difflib
import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from tests.mutants import expressions, statements, texts
from tests.mutants.edit import Edit
from tests.mutants.source import Source, Spot, spots

RULES = (
    expressions.comparison,
    expressions.connective,
    expressions.negation,
    expressions.condition,
    expressions.number,
    expressions.switch,
    expressions.word,
    expressions.operator,
    expressions.element,
    statements.drop,
    statements.result,
    statements.jump,
    statements.context,
    statements.handler,
    texts.sql,
    texts.regex,
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """`source` with one edit, made at `spot`."""

    source: Source
    spot: Spot
    edit: Edit

    @property
    def module(self) -> str:
        return self.source.module

    @property
    def data(self) -> bytes:
        """The module as mutated."""
        edit, data = self.edit, self.source.data
        return data[: edit.start] + edit.text.encode() + data[edit.end :]

    @property
    def line(self) -> int:
        return self.source.data[: self.edit.start].count(b"\n") + 1

    @property
    def change(self) -> tuple[str, str]:
        """The removed and the added lines, without indentation. Independent of line numbers."""
        old, new = (data.decode().splitlines() for data in (self.source.data, self.data))
        pairs = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        gone = [line.strip() for tag, a, b, _, _ in pairs if tag != "equal" for line in old[a:b]]
        come = [line.strip() for tag, _, _, a, b in pairs if tag != "equal" for line in new[a:b]]
        return "\n".join(gone), "\n".join(come)

    @property
    def name(self) -> str:
        """Eight characters for --only. Edits elsewhere in the module do not change them."""
        words = "\0".join((self.module, *self.change, str(self._twins())))
        return hashlib.sha256(words.encode()).hexdigest()[:8]

    def _twins(self) -> int:
        line = self.source.data.splitlines()[self.line - 1].strip()
        return sum(other.strip() == line for other in self.source.data.splitlines()[: self.line - 1])

    def diff(self) -> str:
        """The mutant as a patch."""
        old, new = (data.decode().splitlines(keepends=True) for data in (self.source.data, self.data))
        path = f"wanx_mcp/{self.module}.py"
        return "".join(difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", n=2))


def candidates(source: Source) -> list[Mutant]:
    """Every mutant of `source`, one for each place and text."""
    found: dict[tuple[int, int, str], Mutant] = {}
    for spot in spots(source.tree):
        for rule in RULES:
            for edit in rule(source, spot):
                found.setdefault((edit.start, edit.end, edit.text), Mutant(source, spot, edit))
    return [found[place] for place in sorted(found)]


def choose(sources: Iterable[Source], count: int | None, seed: int) -> list[Mutant]:
    """`count` mutants (None: all), as evenly over the modules as they allow, the same for the same seed."""
    shuffled = []
    for source in sources:
        found = candidates(source)
        random.Random(f"{seed} {source.module}").shuffle(found)  # noqa: S311  # a choice, not a secret
        shuffled.append(_sound(found))
    chosen: list[Mutant] = []
    for row in zip_longest(*shuffled):
        chosen += [mutant for mutant in row if mutant is not None]
        if count is not None and len(chosen) >= count:
            break
    return chosen[:count]


def _sound(mutants: Sequence[Mutant]) -> Iterator[Mutant]:
    """Those that compile and differ in meaning from the original and from each other."""
    seen: set[str] = set()
    for mutant in mutants:
        if not seen:
            seen.add(ast.dump(mutant.source.tree))
        try:
            meaning = ast.dump(ast.parse(mutant.data))
            compile(mutant.data, mutant.module, "exec", dont_inherit=True)
        except SyntaxError:
            continue
        if meaning not in seen:
            seen.add(meaning)
            yield mutant
