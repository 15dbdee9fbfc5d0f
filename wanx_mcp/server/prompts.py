"""The prompts as rows: what a person can pick from a menu, with the same argument names as the tools."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, GetPromptResult, Prompt, PromptArgument, PromptMessage, TextContent

from wanx_mcp.catalog import Catalog, Order, TaskType, parse_order, price_words
from wanx_mcp.catalog import inputs as shape
from wanx_mcp.catalog.schema import order_properties
from wanx_mcp.errors import InvalidOrder, WanxError
from wanx_mcp.server import film_prompt
from wanx_mcp.server.resources import Sources
from wanx_mcp.strict import present
from wanx_mcp.toolnames import CREATE, GET, PREVIEW, SAVE


@dataclass(frozen=True, slots=True)
class PromptRow:
    """One prompt. `shapes`: the kinds of input that it can order, the default first."""

    name: str
    title: str
    description: str
    shapes: Sequence[type[shape.Input]]

    def task_types(self, catalog: Catalog) -> list[TaskType]:
        """The task types that it can order, those of the default shape first."""
        return [row for one in self.shapes for row in catalog.rows if row.input is one]

    def needed(self, catalog: Catalog) -> list[str]:
        """The arguments that all its task types require."""
        rows = self.task_types(catalog)
        return [name for name in rows[0].needed if all(name in row.needed for row in rows)]

    def arguments(self, catalog: Catalog) -> list[PromptArgument]:
        """The arguments of all its shapes, those that an order needs first, and the task type if there is a choice."""
        fields = order_properties(Catalog(tuple(self.task_types(catalog))))
        fields.pop("task_type")
        needed = self.needed(catalog)
        names = sorted(fields, key=lambda name: name not in needed)
        # None is required: some hosts refuse a prompt without its required arguments before we hear of it.
        found = [PromptArgument(name=name, description=_words(fields[name]), required=False) for name in names]
        choices = self.task_types(catalog)
        if len(choices) > 1:
            priced = "; ".join(f"{row.name}: {row.price.words()}" for row in choices)
            found.append(PromptArgument(name="task_type", description=priced, required=False))
        return found


def _words(field: Mapping[str, Any]) -> str:
    choices = f" One of {', '.join(map(str, field['enum']))}." if "enum" in field else ""
    return f"{field['description']}{choices}"


PROMPTS: tuple[PromptRow, ...] = (
    PromptRow(
        "text_to_video", "Text to video", "Order a video of what you describe.", [shape.TextInput, shape.Wan26TextInput]
    ),
    PromptRow(
        "animate_picture",
        "Animate a picture",
        "Order a video that brings a picture to life.",
        [shape.ImageInput, shape.Wan26ImageInput],
    ),
    PromptRow(
        "morph_pictures",
        "Morph between two pictures",
        "Order a video that begins with one picture and ends with another.",
        [shape.KeyframeInput],
    ),
    PromptRow("move_camera", "Move the camera", "Order a video of a camera over a picture.", [shape.CameraInput]),
    PromptRow(
        "apply_lora",
        "Apply a LoRA effect",
        "Order a video in a LoRA's style, or with its effect on a picture.",
        [shape.TextLoraInput, shape.ImageLoraInput],
    ),
)


LONGEST_WORD = 60
"""Characters. What is longer is no single word of a sentence."""


def listed(catalog: Catalog) -> list[Prompt]:
    """The prompts as the protocol lists them."""
    orders = [
        Prompt(name=row.name, title=row.title, description=row.description, arguments=row.arguments(catalog))
        for row in PROMPTS
    ]
    return [*orders, film_prompt.listed()]


def render(sources: Sources, name: str, given: Mapping[str, str]) -> GetPromptResult:
    """The message that asks the agent for the order. Raises MCPError if the order is invalid. Sends nothing.

    Where the values may be fragments, the message asks for the user's own words instead, and holds no order.
    """
    if name == film_prompt.NAME:
        return film_prompt.render(sources, given)
    row = next((row for row in PROMPTS if row.name == name), None)
    if row is None:
        raise MCPError(code=INVALID_PARAMS, message=f"Unknown prompt: {name[:60]}")
    values = present(given)
    try:
        order = _order(sources, row, values)
    except InvalidOrder as error:
        if _whole(values):
            raise MCPError(code=INVALID_PARAMS, message=error.text()) from error
        return _message(row, _question(sources, row, values))
    except WanxError as error:
        raise MCPError(code=INVALID_PARAMS, message=error.text()) from error
    if not _whole(values):
        return _message(row, _question(sources, row, values))
    return _message(row, _request(sources, order))


def _whole(values: Mapping[str, Any]) -> bool:
    """Whether the prompt is more than one word. A host that cuts what the user typed at its blanks, and gives each
    argument one word of it, leaves no blank in any value, and no value longer than a word."""
    return len(str(values.get("prompt", "")).split()) > 1 or any(
        len(str(one)) > LONGEST_WORD for one in values.values()
    )


def _request(sources: Sources, order: Order) -> str:
    arguments = json.dumps({"task_type": order.row.name, **order.arguments}, ensure_ascii=False)
    return (
        f"Order a WanX video ({order.row.name}, {price_words(order.terms.price)}). Call {CREATE} with these "
        f"arguments, unchanged:\n{arguments}\nThen call {GET} with wait_seconds "
        f"{sources.settings.max_wait_seconds} until the video is ready, save it with {SAVE}, look at it with "
        f"{PREVIEW}, and tell me where it is and what it cost."
    )


def _question(sources: Sources, row: PromptRow, values: Mapping[str, Any]) -> str:
    """What is asked for where nothing arrived, or what may be single words of a longer sentence."""
    types = "; ".join(f"{one.name}: {one.price.words()}" for one in row.task_types(sources.catalog))
    needed = ", ".join(row.needed(sources.catalog))
    pieces = (
        f"This arrived: {json.dumps(values, ensure_ascii=False)}. Some programs cut what I type at its blanks, so do "
        "not order from these pieces."
        if values
        else "Nothing that I typed arrived here."
    )
    return (
        f"{row.description} {pieces} If you can see everything that I typed after the command, use that; otherwise ask "
        f"me. You need: {needed}. Task types: {types}. Tell me the price, and call {CREATE} only when I agree."
    )


def _message(row: PromptRow, text: str) -> GetPromptResult:
    return GetPromptResult(
        description=row.description, messages=[PromptMessage(role="user", content=TextContent(type="text", text=text))]
    )


def _order(sources: Sources, row: PromptRow, given: dict[str, Any]) -> Order:
    choices = row.task_types(sources.catalog)
    fitting = Catalog(tuple(choices)).fitting(given, near=choices[0].name)
    chosen = {"task_type": (fitting or choices[0]).name, **given}
    return parse_order(Catalog(tuple(choices)), chosen, adult=sources.settings.allow_adult)
