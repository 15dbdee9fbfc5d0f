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
from wanx_mcp.errors import WanxError
from wanx_mcp.server import film_prompt
from wanx_mcp.server.resources import Sources
from wanx_mcp.strict import present, properties
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

    def arguments(self, catalog: Catalog) -> list[PromptArgument]:
        """The arguments of all its shapes, required ones first, and the task type if there is a choice."""
        fields = {name: schema for one in self.shapes for name, schema in properties(one).items()}
        needed = set.intersection(*(set(row.needed) for row in self.task_types(catalog)))
        names = sorted(fields, key=lambda name: name not in needed)
        found = [PromptArgument(name=name, description=_words(fields[name]), required=name in needed) for name in names]
        choices = self.task_types(catalog)
        if len(choices) > 1:
            priced = "; ".join(f"{row.name}: {price_words(row.price)}" for row in choices)
            found.append(PromptArgument(name="task_type", description=priced, required=False))
        return found


def _words(field: Mapping[str, Any]) -> str:
    choices = f" One of {', '.join(field['enum'])}." if "enum" in field else ""
    return f"{field['description']}{choices}"


PROMPTS: tuple[PromptRow, ...] = (
    PromptRow("text_to_video", "Text to video", "Order a video of what you describe.", [shape.TextInput]),
    PromptRow(
        "animate_picture", "Animate a picture", "Order a video that brings a picture to life.", [shape.ImageInput]
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


def listed(catalog: Catalog) -> list[Prompt]:
    """The prompts as the protocol lists them."""
    orders = [
        Prompt(name=row.name, title=row.title, description=row.description, arguments=row.arguments(catalog))
        for row in PROMPTS
    ]
    return [*orders, film_prompt.listed()]


def render(sources: Sources, name: str, given: Mapping[str, str]) -> GetPromptResult:
    """The message that asks the agent for the order. Raises MCPError if the order is invalid. Sends nothing."""
    if name == film_prompt.NAME:
        return film_prompt.render(sources, given)
    row = next((row for row in PROMPTS if row.name == name), None)
    if row is None:
        raise MCPError(code=INVALID_PARAMS, message=f"Unknown prompt: {name[:60]}")
    try:
        order = _order(sources, row, present(given))
    except WanxError as error:
        raise MCPError(code=INVALID_PARAMS, message=error.text()) from error
    arguments = json.dumps({"task_type": order.row.name, **order.arguments}, ensure_ascii=False)
    text = (
        f"Order a WanX video ({order.row.name}, {price_words(order.row.price)}). Call {CREATE} with these "
        f"arguments, unchanged:\n{arguments}\nThen call {GET} with wait_seconds "
        f"{sources.settings.max_wait_seconds} until the video is ready, save it with {SAVE}, look at it with "
        f"{PREVIEW}, and tell me where it is and what it cost."
    )
    return GetPromptResult(
        description=row.description, messages=[PromptMessage(role="user", content=TextContent(type="text", text=text))]
    )


def _order(sources: Sources, row: PromptRow, given: dict[str, Any]) -> Order:
    choices = row.task_types(sources.catalog)
    fitting = Catalog(tuple(choices)).fitting(given, near=choices[0].name)
    chosen = {"task_type": (fitting or choices[0]).name, **given}
    return parse_order(Catalog(tuple(choices)), chosen, adult=sources.settings.allow_adult)
