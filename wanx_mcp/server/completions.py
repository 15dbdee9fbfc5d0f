"""What a client may offer while a person types an argument of a prompt or of a resource's address."""

from __future__ import annotations

from collections.abc import Iterable

from mcp.types import Completion

from wanx_mcp.catalog.loras import shown_loras
from wanx_mcp.errors import WanxError
from wanx_mcp.server.prompts import PROMPTS
from wanx_mcp.server.resources import Shelf
from wanx_mcp.server.studio_access import current_access
from wanx_mcp.strict import properties

MOST = 100
"""The protocol allows no more values in one answer."""


async def complete(shelf: Shelf, prompt: str | None, argument: str, typed: str) -> Completion:
    """The values that `argument` may take and that contain what was typed, those that begin with it first."""
    values = list(dict.fromkeys(await _values(shelf, prompt, argument)))
    sought = typed.casefold()
    fitting = [value for value in values if sought in value.casefold()]
    fitting.sort(key=lambda value: not value.casefold().startswith(sought))
    return Completion(values=fitting[:MOST], total=len(fitting), has_more=len(fitting) > MOST)


async def _values(shelf: Shelf, prompt: str | None, argument: str) -> Iterable[str]:
    match argument:
        case "task_type":
            asked = next((row for row in PROMPTS if row.name == prompt), None)
            return [row.name for row in (asked.task_types(shelf.catalog) if asked else shelf.catalog.rows)]
        case "lora_type":
            return [lora.name for lora in shown_loras(adult=shelf.settings.allow_adult)]
        case "task_id":
            return await _task_ids()
        case _:
            fields = (properties(row.input).get(argument, {}) for row in shelf.catalog.rows)
            return (choice for field in fields for choice in field.get("enum", ()))


async def _task_ids() -> list[str]:
    try:
        entries = await (await current_access().studio()).recent()
    except WanxError:  # nothing to offer is no failure
        return []
    return [entry.task_id for entry in entries if entry.task_id]
