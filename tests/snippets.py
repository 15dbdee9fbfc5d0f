"""The snippets of the frameworks as their page shows them: with the imports that they use, and no more."""

from __future__ import annotations

import ast
import re
import textwrap

from tests.integrations.rows import ROWS, Row

MARKED = re.compile(r"^ *(?:#|//) snippet\n(.+?)^ *(?:#|//) /snippet\n", re.DOTALL | re.MULTILINE)
OURS = {"script"}
"""What only the tests have."""


def snippet(row: Row) -> str:
    """The marked lines of `row`, fenced."""
    source = row.path.read_text(encoding="utf-8")
    found = MARKED.search(source)
    assert found, row.path
    body = textwrap.dedent(found[1]).strip()
    lines = _node_imports(source, body) if row.is_node else _python_imports(source, body)
    language = "js" if row.is_node else "python"
    gap = ["", ""] if body.startswith(("class ", "async def ", "def ")) else [""]  # as ruff would have it
    return f"```{language}\n" + "\n".join([*lines, *gap, body] if lines else [body]) + "\n```"


def _python_imports(source: str, body: str) -> list[str]:
    lines = []
    for node in ast.parse(source).body:
        match node:
            case ast.ImportFrom(module=str(module), names=names) if module not in {*OURS, "__future__"}:
                used = [name for name in names if _uses(body, name.asname or name.name)]
                if used:
                    lines.append(ast.unparse(ast.ImportFrom(module, used, 0)))
            case ast.Import(names=names):
                lines += [ast.unparse(ast.Import([name])) for name in names if _uses(body, name.asname or name.name)]
    return lines


def _node_imports(source: str, body: str) -> list[str]:
    found = re.findall(r"^import \{?\s*([\w, ]+?)\s*\}? from .+;$", source, re.MULTILINE)
    lines = re.findall(r"^import .+;$", source, re.MULTILINE)
    return [
        line for names, line in zip(found, lines, strict=True) if any(_uses(body, name) for name in names.split(", "))
    ]


def _uses(body: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", body) is not None


def in_process() -> str:
    """The snippet that needs no framework."""
    return snippet(next(row for row in ROWS if not row.packages))


def frameworks() -> str:
    """A fold for each framework."""
    parts = []
    for row in ROWS:
        if not row.packages:
            continue
        waits = f"gives up after {row.gives_up} by default" if row.gives_up[0].isdigit() else "no time-out by default"
        source = f"[{row.path.name}]({row.path.name})"
        parts.append(
            f"<details>\n<summary>{row.title} ({waits})</summary>\n\n{snippet(row)}\n\nWhole: {source}\n\n</details>"
        )
    return "\n\n".join(parts)
