"""The card: `ui://wanx/task.html`, the page on which clients with MCP Apps show a task. Everything works without it."""

from __future__ import annotations

import base64
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from mcp.server.apps import APP_MIME_TYPE, Apps, client_supports_apps
from mcp.server.mcpserver.resources import FunctionResource

from wanx_mcp.quoting import clean
from wanx_mcp.redaction import without

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from mcp.server.mcpserver import Context
    from mcp.types import CallToolResult

    from wanx_mcp.server.studio_access import StudioAccess
    from wanx_mcp.settings import Settings
    from wanx_mcp.studio import Studio

CARD_URI = "ui://wanx/task.html"
CARD_LINK = {"ui": {"resourceUri": CARD_URI}, "ui/resourceUri": CARD_URI}
"""In both spellings: some clients read only the older, flat one."""

PROMPT, POSTER = "wanx/prompt", "wanx/poster"
LONGEST_PROMPT = 10_000
"""Characters."""

POSTER_TYPE = "image/jpeg"


def card(settings: Settings) -> Apps:
    """The extension with its one page, which is read from the package on request."""
    apps = Apps()
    apps.add_resource(
        FunctionResource(
            uri=CARD_URI,
            name="task-card",
            title="WanX task card",
            description="Shows a task to a person: its progress, then the clip with buttons to open and save it.",
            mime_type=APP_MIME_TYPE,
            meta={
                "ui": {
                    "csp": {"resourceDomains": list(settings.media_origins)},
                    "permissions": {"clipboardWrite": {}},
                    "prefersBorder": False,
                }
            },
            fn=_page,
        )
    )
    return apps


def _page() -> str:
    return (files("wanx_mcp") / "assets" / "card.html").read_text(encoding="utf-8")


async def with_card_extras(
    result: CallToolResult, studio: Studio, ctx: Context[StudioAccess] | ServerRequestContext[StudioAccess, Any]
) -> CallToolResult:
    """The result of a get or a join, with the prompt and the poster of the card if the client shows it."""
    if result.structured_content is None or not client_supports_apps(ctx):
        return result
    shown = result.structured_content.get("task_id") or result.structured_content.get("film_id")
    found = await _card_extras(studio, shown) if shown else {}
    return result.model_copy(update={"meta": {**(result.meta or {}), **found}}) if found else result


async def _card_extras(studio: Studio, task_id: str) -> dict[str, str]:
    extras = await studio.videos.card_extras(task_id)
    found = {}
    if extras.prompt:
        found[PROMPT] = clean(without(extras.prompt, studio.settings.secrets), LONGEST_PROMPT)
    if extras.poster:
        found[POSTER] = f"data:{POSTER_TYPE};base64,{base64.b64encode(extras.poster).decode()}"
    return found
