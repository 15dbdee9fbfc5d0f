"""Mutations of expressions: comparisons, conditions, numbers, switches, words, elements and operators."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator

from tests.mutants.edit import Edit, replaced, within
from tests.mutants.source import Source, Spot

_COMPARISONS: dict[type[ast.cmpop], tuple[str, tuple[str, ...]]] = {
    ast.Lt: ("<", ("<=", ">=")),
    ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")),
    ast.GtE: (">=", (">", "<")),
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.Is: ("is", ("is not",)),
    ast.IsNot: (r"is\s+not", ("is",)),
    ast.In: ("in", ("not in",)),
    ast.NotIn: (r"not\s+in", ("in",)),
}
_OPERATORS: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
}
_BUILTINS = {"min": "max", "max": "min", "any": "all", "all": "any"}


def comparison(source: Source, spot: Spot) -> Iterator[Edit]:
    """`<` becomes `<=` or `>=`, `==` becomes `!=`, and so on."""
    if isinstance(spot.node, ast.Compare):
        sides = [spot.node.left, *spot.node.comparators]
        for left, operator, right in zip(sides, spot.node.ops, sides[1:], strict=False):
            old, new = _COMPARISONS[type(operator)]
            for text in new:
                yield from within(source, source.end(left), source.start(right), old, text, "comparison")


def connective(source: Source, spot: Spot) -> Iterator[Edit]:
    """`and` becomes `or`; each operand is made to count for nothing."""
    if isinstance(spot.node, ast.BoolOp):
        old, new, nothing = ("and", "or", "True") if isinstance(spot.node.op, ast.And) else ("or", "and", "None")
        values = spot.node.values
        for left, right in itertools.pairwise(values):
            yield from within(source, source.end(left), source.start(right), rf"\b{old}\b", new, "and/or")
        for value in values:
            yield replaced(source, value, nothing, "operand dropped")


def negation(source: Source, spot: Spot) -> Iterator[Edit]:
    """`not x` becomes `x`."""
    if isinstance(spot.node, ast.UnaryOp) and isinstance(spot.node.op, ast.Not):
        start = source.start(spot.node)
        yield Edit(start, start + 4, "", "not")


def condition(source: Source, spot: Spot) -> Iterator[Edit]:
    """A condition is negated, always true, or always false: of an if, a while, a comprehension or a case."""
    match spot.node:
        case ast.If(test=test) | ast.IfExp(test=test):
            tests = [test]
        case ast.While(test=test) if not isinstance(test, ast.Constant):
            tests = [test]
        case ast.comprehension(ifs=tests):
            pass
        case ast.match_case(guard=guard) if guard is not None:
            tests = [guard]
        case _:
            return
    for found in tests:
        if not isinstance(found, ast.Compare | ast.UnaryOp | ast.NamedExpr):
            yield replaced(source, found, f"not ({source.text(found)})", "condition negated")
        yield replaced(source, found, "True", "condition always")
        yield replaced(source, found, "False", "condition never")


def number(source: Source, spot: Spot) -> Iterator[Edit]:
    """A number is off by one, or by a factor of ten."""
    node = spot.node
    if not isinstance(node, ast.Constant):
        return
    match node.value:
        case bool():
            others: tuple[float, ...] = ()
        case int(value):
            others = (value + 1, *((value - 1, value * 10, max(1, value // 10)) if value else ()))
        case float(value):
            others = (value * 10, value / 10) if value else ()
        case _:
            others = ()
    for other in others:
        yield replaced(source, node, repr(other), "constant")


def switch(source: Source, spot: Spot) -> Iterator[Edit]:
    """True becomes False."""
    if isinstance(spot.node, ast.Constant) and isinstance(spot.node.value, bool):
        yield replaced(source, spot.node, str(not spot.node.value), "True/False")


def word(source: Source, spot: Spot) -> Iterator[Edit]:
    """A string that is compared, matched or looked up is another one."""
    node = spot.node
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value):
        return
    match spot.parent:
        case ast.Compare() | ast.MatchValue() | ast.Subscript():
            yield replaced(source, node, repr(f"{node.value}-"), "text")
        case ast.Call(func=ast.Attribute(attr="get" | "startswith" | "endswith" | "partition" | "pop" | "replace")):
            yield replaced(source, node, repr(f"{node.value}-"), "text")
        case ast.Call(func=ast.Name(id="Decimal")) if re.fullmatch(r"[\d.]+", node.value):
            yield replaced(source, node, repr(f"{node.value}1"), "constant")


def operator(source: Source, spot: Spot) -> Iterator[Edit]:
    """`+` becomes `-`, `min` becomes `max`, and so on."""
    match spot.node:
        case ast.BinOp(left=left, op=found, right=right) if type(found) in _OPERATORS and not _text(left, right):
            old, new = _OPERATORS[type(found)]
            yield from within(source, source.end(left), source.start(right), re.escape(old), new, "operator")
        case ast.Call(func=ast.Name(id=name) as called) if name in _BUILTINS:
            yield replaced(source, called, _BUILTINS[name], "operator")


def _text(*sides: ast.expr) -> bool:
    return any(
        isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in sides
    )


def element(source: Source, spot: Spot) -> Iterator[Edit]:
    """One element of a list, set, table or tuple is gone."""
    match spot.node:
        case ast.List(elts=elements, ctx=ast.Load()) | ast.Set(elts=elements):
            pass
        case ast.Tuple(elts=elements, ctx=ast.Load()) if not _taken_apart(spot):
            pass
        case ast.Dict(keys=keys, values=values):
            yield from _entries(source, keys, values)
            return
        case _:
            return
    yield from _entries(source, elements, elements)


def _taken_apart(spot: Spot) -> bool:
    """Whether the number of elements is fixed by whoever takes the tuple: such a mutant fails at once."""
    parent = spot.parent
    unpacked = isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Tuple)
    return unpacked or isinstance(parent, ast.Return | ast.Subscript)


def _entries(source: Source, firsts: list[ast.expr | None] | list[ast.expr], lasts: list[ast.expr]) -> Iterator[Edit]:
    if len(lasts) < 2 or None in firsts:
        return
    starts = [source.start(first) for first in firsts if first is not None]
    for index, start in enumerate(starts):
        last = index == len(starts) - 1
        begin, end = (source.end(lasts[index - 1]), source.end(lasts[index])) if last else (start, starts[index + 1])
        yield Edit(begin, end, "", "element dropped")
