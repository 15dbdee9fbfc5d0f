"""Completions: suggestions for the arguments of prompts and of resource templates."""

from __future__ import annotations

from collections.abc import Iterable

from mcp.types import Completion

from wanx_mcp.catalog.loras import shown_loras
from wanx_mcp.errors import WanxError
from wanx_mcp.server.prompts import PROMPTS
from wanx_mcp.server.resources import Sources
from wanx_mcp.server.studio_access import current_access
from wanx_mcp.strict import properties

MOST_VALUES = 100
"""Of one answer, by the protocol."""


async def complete(sources: Sources, prompt: str | None, argument: str, typed: str) -> Completion:
    """The values of `argument` that contain `typed`, those that begin with it first."""
    values = list(dict.fromkeys(await _values(sources, prompt, argument)))
    folded = typed.casefold()
    fitting = [value for value in values if folded in value.casefold()]
    fitting.sort(key=lambda value: not value.casefold().startswith(folded))
    return Completion(values=fitting[:MOST_VALUES], total=len(fitting), has_more=len(fitting) > MOST_VALUES)


async def _values(sources: Sources, prompt: str | None, argument: str) -> Iterable[str]:
    chosen = next((row for row in PROMPTS if row.name == prompt), None)
    rows = chosen.task_types(sources.catalog) if chosen else sources.catalog.rows
    match argument:
        case "task_type":
            return [row.name for row in rows]
        case "lora_type":
            return [lora.name for lora in shown_loras(adult=sources.settings.allow_adult)]
        case "task_id":
            return await _task_ids()
        case _:
            fields = (properties(row.input).get(argument, {}) for row in rows)
            return (str(choice) for field in fields for choice in field.get("enum", ()))


async def _task_ids() -> list[str]:
    try:
        entries = await (await current_access().studio()).recent()
    except WanxError:  # then there is nothing to suggest
        return []
    return [entry.task_id for entry in entries if entry.task_id]
