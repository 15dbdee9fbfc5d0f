"""The prompt "Make a film": plan shots, price the whole, ask once, order shot by shot, look at the seams, join."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal

from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, GetPromptResult, Prompt, PromptArgument, PromptMessage, TextContent

from wanx_mcp.catalog import Catalog, TaskType
from wanx_mcp.catalog import inputs as shape
from wanx_mcp.money import dollars
from wanx_mcp.server.resources import Sources
from wanx_mcp.strict import present
from wanx_mcp.toolnames import CREATE, GET, JOIN, LIST, PREVIEW

NAME, TITLE = "make_film", "Make a film"
DESCRIPTION = "Plan, order and join several shots that flow into one another."
USUAL_SHOTS, MOST_SHOTS = 4, 50
LONGEST_TEXT = 10_000
"""Characters of an argument."""

ARGUMENTS = {
    "about": "What the film is about.",
    "shots": f"Number of shots of about 5 seconds; {USUAL_SHOTS} if left out.",
    "style": "Style of all shots, such as a camera, a light, a way of drawing.",
}


def listed() -> Prompt:
    """The prompt as the protocol lists it."""
    arguments = [PromptArgument(name=name, description=words, required=False) for name, words in ARGUMENTS.items()]
    return Prompt(name=NAME, title=TITLE, description=DESCRIPTION, arguments=arguments)


def render(sources: Sources, given: Mapping[str, str]) -> GetPromptResult:
    """The message that asks the agent for the film. Raises MCPError for wrong arguments. Sends nothing."""
    values = present(given)
    shots = _shots(values.get("shots", str(USUAL_SHOTS)))
    texts: dict[str, str] = {name: str(values[name]) for name in ARGUMENTS if name in values and name != "shots"}
    if any(len(text) > LONGEST_TEXT for text in texts.values()) or values.keys() - ARGUMENTS:
        raise MCPError(code=INVALID_PARAMS, message=f"This prompt takes {', '.join(ARGUMENTS)}")
    words = _words(sources, shots, texts)
    return GetPromptResult(
        description=DESCRIPTION, messages=[PromptMessage(role="user", content=TextContent(type="text", text=words))]
    )


def _shots(text: str) -> int:
    if text.isascii() and text.isdigit() and 2 <= int(text[:4]) <= MOST_SHOTS:
        return int(text)
    raise MCPError(code=INVALID_PARAMS, message=f"shots must be a whole number from 2 to {MOST_SHOTS}")


def _words(sources: Sources, shots: int, texts: Mapping[str, str]) -> str:
    first, later = (_best(sources.catalog, one) for one in (shape.TextInput, shape.ImageInput))
    price = _price(first) + _price(later) * (shots - 1)
    wait = sources.settings.max_wait_seconds
    # Some hosts send no arguments, or cut a sentence at its first blank: then the user is asked.
    whole = " " in texts.get("about", "").strip()
    said = f"The film, in my words: {json.dumps(texts, ensure_ascii=False)}" if texts else "I have said no more yet."
    ask = "" if whole else " First ask me what the film is about."
    return (
        f"Make one film of {shots} shots, each about 5 seconds long. {said}{ask}\n"
        "1. Plan the shots: one story, and the same subject, place and style in every prompt. "
        f"Shot 1 is {first.name}; each shot that goes on from the one before is {later.name} "
        'with image "task:ID" of that one (its last frame).\n'
        f"2. Tell me the plan and the price of the whole, about {dollars(price)} by the published prices, "
        "and ask once for my consent. Order nothing before.\n"
        f"3. Order shot by shot with {CREATE}, with request_ids of one film, such as my-film-shot-1: "
        f"a call that is made again then never pays twice. Wait for each shot with {GET} and wait_seconds {wait} "
        f"before you order the next. If you lose track, {LIST} shows which shots there are.\n"
        f"4. Look at the seams: {PREVIEW} with task_id of the first shot and compare_with the next ones. "
        "Tell me before you order a shot again, since that costs again.\n"
        f"5. Join the shots with {JOIN}, look at the film by its film_id with {PREVIEW}, "
        "and tell me where it is and what it cost."
    )


def _best(catalog: Catalog, one: type[shape.Input]) -> TaskType:
    """The task type of that input with the highest published price: its best."""
    return max((row for row in catalog.rows if row.input is one), key=_price)


def _price(row: TaskType) -> Decimal:
    ends = row.price.extremes()
    return ends[1] if ends else Decimal(0)
