"""Parses the arguments of an order: the row of its task type decides which are required, allowed or refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wanx_mcp.catalog.absent import ABSENT, CHOICES, choice_of
from wanx_mcp.catalog.catalog import Catalog
from wanx_mcp.catalog.inputs import Input
from wanx_mcp.catalog.loras import is_adult
from wanx_mcp.catalog.prices import span_words
from wanx_mcp.catalog.tasks import TaskType, Terms
from wanx_mcp.catalog.wire import CONTAINERS, PLACES, to_wire
from wanx_mcp.errors import AdultContentOff, InvalidOrder
from wanx_mcp.quoting import quote
from wanx_mcp.strict import Problem, Problems, allowed, check_present, present, properties
from wanx_mcp.strict import unknown_arguments as unknown


@dataclass(frozen=True, slots=True)
class Order:
    """One valid video order."""

    row: TaskType
    input: Input

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments that were given or have a default; neither absent ones nor switches that are off, which send
        nothing."""
        given = self.input.model_dump(exclude_none=True)
        return {name: value for name, value in given.items() if value is not False or PLACES[name].word is None}

    @property
    def terms(self) -> Terms:
        """Its price, and what else depends on its arguments."""
        return self.row.terms(self.arguments)

    def payload(self) -> dict[str, Any]:
        """The provider's request body, without `config`."""
        return {"model": self.row.model, "task_type": self.row.name, "input": to_wire(self.arguments)}


def parse_order(catalog: Catalog, given: Mapping[str, Any], *, adult: bool) -> Order:
    """`given` as an order. Raises InvalidOrder or AdultContentOff; with every problem of the order at once."""
    values = present(given)
    lora = values.get("lora_type")
    if isinstance(lora, str) and not adult and is_adult(lora):
        raise AdultContentOff("lora_type is an adult LoRA, which the operator has not allowed")
    try:
        row = _row(catalog, values)
        rest = {name: value for name, value in values.items() if name != "task_type"}
        problems = list(_refused(catalog, row, rest))
        fitting = {name: value for name, value in rest.items() if name in row.allowed}
        return Order(row, check_present(row.input, fitting, problems))
    except Problems as wrong:
        first = "ask the user, and go on only if they agree; " if wrong.needs_consent else ""
        raise InvalidOrder(str(wrong), advice=f"{first}{wrong.fixes}; then order again") from None


def _row(catalog: Catalog, values: Mapping[str, Any]) -> TaskType:
    name = values.get("task_type")
    row = catalog.find(name) if isinstance(name, str) else None
    if row is not None:
        return row
    rest = [other for other in values if other != "task_type"]
    strange = [other for other in rest if other not in catalog.arguments]
    problems = [_absent(other) for other in strange if other in ABSENT]
    problems += unknown([other for other in strange if other not in ABSENT], catalog.arguments)
    best = catalog.fitting(rest, near=name if isinstance(name, str) else "")
    choices = ", ".join(row.name for row in catalog.rows)
    what = "task_type is missing" if name is None else f'task_type "{quote(str(name), 40)}" does not exist'
    advice = f'set task_type to "{best.name}"' if best else "set task_type to one that takes these arguments"
    raise Problems([Problem(what, f"{advice} (all: {choices})"), *problems])


def _refused(catalog: Catalog, row: TaskType, given: Mapping[str, Any]) -> Iterator[Problem]:
    """The problems of all arguments that `row` does not take."""
    strange: list[str] = []
    for name in (name for name in given if name not in row.allowed):
        if choice_of(name) or name in ABSENT:
            yield _not_offered(catalog, row, name, given)
        elif name in catalog.arguments or name in CONTAINERS:
            yield _misplaced(catalog, row, name, given)
        else:
            strange.append(name)
    yield from unknown(strange, catalog.arguments)


def _misplaced(catalog: Catalog, row: TaskType, name: str, given: Mapping[str, Any]) -> Problem:
    if name in CONTAINERS:
        parts = ", ".join(CONTAINERS[name])
        return Problem(f"{name} is not an argument here; use {parts} instead", f"remove {name}")
    what = f"{row.name} does not take {name}; it takes {', '.join(row.allowed)}"
    return Problem(what, f"remove {name}{_other(catalog, row, list(given))}")


def _absent(name: str) -> Problem:
    what = f"{name} is not an argument of this call: {ABSENT[name]}"
    return Problem(what, f"remove {name}", consent=True)


def _not_offered(catalog: Catalog, row: TaskType, name: str, given: Mapping[str, Any]) -> Problem:
    """A setting of length, size, sound or sampling that this row lacks. To leave it out makes another video than was
    asked for, so the user has to agree."""
    choice = choice_of(name)
    if choice is None:
        return _absent(name)
    if choice in row.allowed:
        words = allowed(properties(row.input)[choice])
        what = f"{name} is not an argument of this call; {choice} is {words}"
        return Problem(what, f"remove {name} or write it as {choice}")
    what = f"{row.name} does not take {name}: the {CHOICES[choice]} cannot be chosen, it makes {row.output.words}"
    wanted = [choice if other == name else other for other in given]
    other = _other(catalog, row, wanted, priced=True) if choice in catalog.arguments else ""
    return Problem(what, f"remove {name}{other}", consent=True)


def _other(catalog: Catalog, row: TaskType, wanted: Sequence[str], *, priced: bool = False) -> str:
    """Which task type takes all the `wanted` arguments, if one does, and what it still needs."""
    better = catalog.fitting(wanted, near=row.name)
    if better is None or better is row:
        return ""
    lacking = [need for need in better.needed if need not in wanted]
    with_also = f" and add {', '.join(lacking)}" if lacking else ""
    price = f" ({better.output.words}, {span_words([better.price]) or better.price.words()})" if priced else ""
    return f' or set task_type to "{better.name}"{price}{with_also}'
