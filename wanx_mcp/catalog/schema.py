"""The catalog as JSON Schema and as text, for the tool that places orders."""

from __future__ import annotations

from typing import Any

from wanx_mcp.catalog.catalog import Catalog, price_words
from wanx_mcp.catalog.loras import LORAS, Fits
from wanx_mcp.catalog.pictures import PICTURES
from wanx_mcp.catalog.tasks import TaskType
from wanx_mcp.strict import properties


def order_properties(catalog: Catalog) -> dict[str, Any]:
    """The schema of `task_type` and of every argument of every row."""
    merged: dict[str, Any] = {
        "task_type": {
            "type": "string",
            "enum": [row.name for row in catalog.rows],
            "description": "See the tool's description.",
        }
    }
    for row in catalog.rows:
        for name, schema in properties(row.input).items():
            merged.setdefault(name, dict(schema))
    return merged


def order_required(catalog: Catalog) -> list[str]:
    """The arguments that every row requires."""
    common = set.intersection(*(set(row.needed) for row in catalog.rows))
    return ["task_type", *(name for name in catalog.arguments if name in common)]


def task_lines(catalog: Catalog) -> str:
    """A line for each task type: price, use, and the arguments that not every task type takes."""
    common = set.intersection(*(set(row.allowed) for row in catalog.rows))
    return "\n".join(_line(row, common) for row in catalog.rows)


def _line(row: TaskType, common: set[str]) -> str:
    extras = [name + ("" if name in row.needed else "?") for name in row.allowed if name not in common]
    needs = f" [{', '.join(extras)}]" if extras else ""
    return f"{row.name}: {price_words(row.price)}, {row.choose}{needs}"


def example(row: TaskType) -> dict[str, Any]:
    """The arguments of one valid order of that row: only the required ones."""
    return {"task_type": row.name, **{name: _example(row, name) for name in row.needed}}


def _example(row: TaskType, name: str) -> Any:
    if name in PICTURES:
        return f"https://example.com/{name}.jpg"
    if name == "lora_type":
        takes_picture = bool(PICTURES & set(row.allowed))
        return next(lora.name for lora in LORAS if (lora.picture if takes_picture else lora.text) is Fits.YES)
    schema = properties(row.input)[name]
    if "enum" in schema:
        return schema["enum"][1]
    return str((row.input.model_fields[name].examples or [name])[0]).strip('"')
