"""Which tests are run against a mutant: those that run its statement, or that use what a module-level one defines."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from tests.mutants.cover import Test
from tests.mutants.mutant import Mutant
from tests.mutants.ordering import by_turns, cost, diverse, grouped, in_order
from tests.mutants.source import PACKAGE

Places = Mapping[str, set[int]]
"""Lines by module."""

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Selection:
    """Selects tests for mutants of the package in its present state."""

    def __init__(self, tests: Iterable[Test]) -> None:
        self._tests = tuple(tests)
        self._uses: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        self._passed_on: dict[str, set[str]] = defaultdict(set)
        for path in PACKAGE.rglob("*.py"):
            module = path.relative_to(PACKAGE).with_suffix("").as_posix()
            self._read(module, ast.parse(path.read_bytes()), function=False, target="")

    def tests(self, mutant: Mutant) -> list[Test]:
        """Every test that could fail: one by one of the different ways through the mutated function, and of a cover.

        The other tests of these files come last: they may depend on values that were computed once and cached.
        """
        places = self._places(mutant)
        found = [test for test in self._tests if test.runs(places)]
        if not found and not _function(mutant):
            found = [test for test in self._tests if test.lines.get(mutant.module)]
        ran, files = {test.name for test in found}, {test.file for test in found}
        beside = [test for test in self._tests if test.file in files or test.loads(places)]
        mask = _mask(mutant)
        ways = grouped(sorted(found, key=cost), lambda test: test.lines.get(mutant.module, 0) & mask)
        narrow = by_turns(in_order(some) for some in ways)
        return by_turns([narrow, diverse(found)]) + in_order(test for test in beside if test.name not in ran)

    def _places(self, mutant: Mutant) -> Places:
        if function := _function(mutant):
            body = function.body if isinstance(function, ast.Lambda) else None
            within = [function] if body is not None else [*mutant.spot.parents, mutant.spot.node]
            return {mutant.module: _lines(within)}
        places: dict[str, set[int]] = defaultdict(set)
        for name in self._names(_target([*mutant.spot.parents, mutant.spot.node])):
            for module, lines in self._uses[name].items():
                places[module] |= lines
        return places

    def _names(self, name: str) -> set[str]:
        """`name` and the module-level names that are derived from it."""
        found, fresh = {name}, {name}
        while fresh:
            fresh = {other for one in fresh for other in self._passed_on[one]} - found
            found |= fresh
        return found

    def _read(self, module: str, node: ast.AST, *, function: bool, target: str) -> None:
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            name = node.id if isinstance(node, ast.Name) else node.attr
            if function:
                self._uses[name][module].add(node.lineno)
            elif target:
                self._passed_on[name].add(target)
        if not function:
            target = _target([node]) or target
        for child in ast.iter_child_nodes(node):
            self._read(module, child, function=function or isinstance(node, _FUNCTIONS), target=target)


def _mask(mutant: Mutant) -> int:
    """The bits of the lines of the function that the mutant is in; all bits for a module-level statement."""
    function = _function(mutant)
    if function is None:
        return -1
    first, last = _span_of(function)
    return (1 << last + 1) - (1 << first)


def _function(mutant: Mutant) -> ast.AST | None:
    """The innermost function in whose body the mutant is; a default value belongs to the lines round the function."""
    chain = [*mutant.spot.parents, mutant.spot.node]
    for outer, inner in zip(reversed(chain[:-1]), reversed(chain[1:]), strict=True):
        if isinstance(outer, _FUNCTIONS) and not isinstance(inner, ast.arguments):
            return outer
    return None


def _target(chain: Iterable[ast.AST]) -> str:
    """The name that the innermost module-level statement of `chain` defines."""
    name = ""
    for node in chain:
        match node:
            case ast.Assign(targets=[ast.Name(id=found), *_]) | ast.AnnAssign(target=ast.Name(id=found)):
                name = found
            case ast.FunctionDef(name=found) | ast.AsyncFunctionDef(name=found) | ast.ClassDef(name=found):
                name = found
    return name


def _lines(chain: list[ast.AST]) -> set[int]:
    """The lines of the innermost statement of `chain`, without the block below it."""
    statement = next(
        node for node in reversed(chain) if isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case)
    )
    return set(_span(statement))


def _span_of(node: ast.AST) -> tuple[int, int]:
    return node.lineno, node.end_lineno  # type: ignore[attr-defined]


def _span(node: ast.AST) -> Iterator[int]:
    if isinstance(node, ast.match_case):
        return iter(range(node.pattern.lineno, node.body[0].end_lineno or 0))
    body = getattr(node, "body", None)
    last = body[0].lineno - 1 if body else node.end_lineno  # type: ignore[attr-defined]
    first = node.lineno  # type: ignore[attr-defined]
    return iter(range(first, max(first, last) + 1))
