"""One module as bytes and as a syntax tree, and every node of it that may be mutated."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "wanx_mcp"

# Annotations are for the type checker, decorators for the class as a whole.
_PASSED_OVER = {"annotation", "returns", "decorator_list", "type_comment", "type_params"}


@dataclass(frozen=True, slots=True)
class Source:
    """A module: its name below the package, its bytes, its tree, and where each line begins (in bytes)."""

    module: str
    data: bytes
    tree: ast.Module
    lines: tuple[int, ...]

    def start(self, node: ast.AST) -> int:
        place: int = self.lines[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
        return place

    def end(self, node: ast.AST) -> int:
        place: int = self.lines[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]
        return place

    def text(self, node: ast.AST) -> str:
        return self.data[self.start(node) : self.end(node)].decode()

    def between(self, one: ast.AST, other: ast.AST) -> str:
        return self.data[self.end(one) : self.start(other)].decode()


@dataclass(frozen=True, slots=True)
class Spot:
    """A node below its parents, the outermost first."""

    node: ast.AST
    parents: tuple[ast.AST, ...]

    @property
    def parent(self) -> ast.AST:
        return self.parents[-1]

    def inside(self, *kinds: type[ast.AST]) -> bool:
        """Whether the node is part of a node of one of these kinds."""
        return any(isinstance(parent, kinds) for parent in self.parents)


def parse(module: str, data: bytes) -> Source:
    """`data` as the module called `module`. Raises SyntaxError."""
    starts = (0, *accumulate(len(line) for line in data.splitlines(keepends=True)))
    return Source(module, data, ast.parse(data), starts)


def path_of(module: str, root: Path = ROOT) -> Path:
    """The file of `module` in the tree at `root`."""
    return root / "wanx_mcp" / f"{module}.py"


def spots(node: ast.AST, parents: tuple[ast.AST, ...] = ()) -> Iterator[Spot]:
    """Every node below and including `node` whose change could change what the module does."""
    if _without_effect(node):
        return
    yield Spot(node, parents)
    if isinstance(node, ast.JoinedStr):  # its parts have no places of their own before Python 3.12
        return
    for name, value in ast.iter_fields(node):
        if name in _PASSED_OVER:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from spots(child, (*parents, node))


def _without_effect(node: ast.AST) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="log")))):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar") | ast.Attribute(attr="getLogger"))):
            return True
    return False
