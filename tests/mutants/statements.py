"""Mutations of statements: dropped ones, other results, handlers that catch nothing, blocks without their shield."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.mutants.edit import Edit, replaced
from tests.mutants.source import Source, Spot

_NO_CONTEXT = '__import__("contextlib").nullcontext()'


def drop(source: Source, spot: Spot) -> Iterator[Edit]:
    """A call, an await, a raise, or a change of a value that exists already is left out."""
    match spot.node:
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.Raise() | ast.AugAssign() | ast.Delete():
            pass
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            pass
        case ast.Assign(targets=[ast.Name(id=name)]) if _again(spot, name):
            pass
        case ast.Assign(targets=[ast.Tuple()]) if spot.inside(ast.For, ast.While, ast.AsyncFor):
            pass
        case _:
            return
    yield replaced(source, spot.node, "pass", "statement dropped")


def _again(spot: Spot, name: str) -> bool:
    """Whether the variable has been given a value before, or is a parameter, so that the function still runs."""
    function = next(
        (one for one in reversed(spot.parents) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)), None
    )
    if function is None:
        return False
    parameters = {argument.arg for argument in [*function.args.args, *function.args.kwonlyargs]}
    stores = [one for one in ast.walk(function) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
    place = spot.node.lineno  # type: ignore[attr-defined]
    return name in parameters or any(one.id == name and one.lineno < place for one in stores)


def result(source: Source, spot: Spot) -> Iterator[Edit]:
    """A function returns True, False or None, whatever it has found."""
    if not isinstance(spot.node, ast.Return) or spot.node.value is None:
        return
    value = spot.node.value
    if isinstance(value, ast.Constant) and (value.value is None or isinstance(value.value, bool)):
        return  # switches have a rule of their own
    function = next(one for one in reversed(spot.parents) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
    truth = isinstance(function.returns, ast.Name) and function.returns.id == "bool"
    for text in ("True", "False") if truth else ("None",):
        yield replaced(source, value, text, "result")


def jump(source: Source, spot: Spot) -> Iterator[Edit]:
    """`continue` becomes `break` and the other way round."""
    match spot.node:
        case ast.Continue():
            yield replaced(source, spot.node, "break", "jump")
            yield replaced(source, spot.node, "pass", "jump")
        case ast.Break():
            yield replaced(source, spot.node, "continue", "jump")


def context(source: Source, spot: Spot) -> Iterator[Edit]:
    """A block runs without the shield, lock, deadline or transaction round it."""
    if isinstance(spot.node, ast.With | ast.AsyncWith):
        for item in spot.node.items:
            if item.optional_vars is None:
                yield replaced(source, item.context_expr, _NO_CONTEXT, "with dropped")


def handler(source: Source, spot: Spot) -> Iterator[Edit]:
    """A handler catches nothing."""
    if isinstance(spot.node, ast.ExceptHandler) and spot.node.type is not None:
        yield replaced(source, spot.node.type, "()", "handler dropped")
