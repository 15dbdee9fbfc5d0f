"""Parses the arguments of an order: the row of its task type decides which are required, allowed or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wanx_mcp.catalog.catalog import Catalog
from wanx_mcp.catalog.inputs import Input
from wanx_mcp.catalog.loras import is_adult
from wanx_mcp.catalog.tasks import TaskType
from wanx_mcp.catalog.wire import CONTAINERS, MODEL, to_wire
from wanx_mcp.errors import AdultContentOff, InvalidOrder
from wanx_mcp.quoting import quote
from wanx_mcp.strict import Problem, Problems, check_present, present, unknown_arguments


@dataclass(frozen=True, slots=True)
class Order:
    """One valid video order."""

    row: TaskType
    input: Input

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments that were given, without absent ones."""
        return self.input.model_dump(exclude_none=True)

    def payload(self) -> dict[str, Any]:
        """The provider's request body, without `config`."""
        return {"model": MODEL, "task_type": self.row.name, "input": to_wire(self.arguments)}


def parse_order(catalog: Catalog, given: Mapping[str, Any], *, adult: bool) -> Order:
    """`given` as an order. Raises InvalidOrder or AdultContentOff; with every problem of the order at once."""
    values = present(given)
    lora = values.get("lora_type")
    if isinstance(lora, str) and not adult and is_adult(lora):
        raise AdultContentOff("lora_type is an adult LoRA, which the operator has not allowed")
    try:
        row = _row(catalog, values)
        rest = {name: value for name, value in values.items() if name != "task_type"}
        known = [name for name in rest if name in catalog.arguments or name in CONTAINERS]
        problems = [_misplaced(catalog, row, name, rest) for name in known if name not in row.allowed]
        problems += unknown_arguments([name for name in rest if name not in known], catalog.arguments)
        fitting = {name: value for name, value in rest.items() if name in row.allowed}
        return Order(row, check_present(row.input, fitting, problems))
    except Problems as wrong:
        raise InvalidOrder(str(wrong), advice=f"{wrong.fixes}; then order again") from None


def _row(catalog: Catalog, values: Mapping[str, Any]) -> TaskType:
    name = values.get("task_type")
    row = catalog.find(name) if isinstance(name, str) else None
    if row is not None:
        return row
    rest = [other for other in values if other != "task_type"]
    problems = unknown_arguments([other for other in rest if other not in catalog.arguments], catalog.arguments)
    best = catalog.fitting(rest, near=name if isinstance(name, str) else "")
    choices = ", ".join(row.name for row in catalog.rows)
    what = "task_type is missing" if name is None else f'task_type "{quote(str(name), 40)}" does not exist'
    advice = f'set task_type to "{best.name}"' if best else "set task_type to one that takes these arguments"
    raise Problems([Problem(what, f"{advice} (all: {choices})"), *problems])


def _misplaced(catalog: Catalog, row: TaskType, name: str, given: Mapping[str, Any]) -> Problem:
    if name in CONTAINERS:
        parts = ", ".join(CONTAINERS[name])
        return Problem(f"{name} is not an argument here; use {parts} instead", f"remove {name}")
    better = catalog.fitting(given, near=row.name)
    what = f"{row.name} does not take {name}; it takes {', '.join(row.allowed)}"
    fix = f"remove {name}"
    if better and better is not row:
        lacking = [need for need in better.needed if need not in given]
        with_also = f" and add {', '.join(lacking)}" if lacking else ""
        fix += f' or set task_type to "{better.name}"{with_also}'
    return Problem(what, fix)
