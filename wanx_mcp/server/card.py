"""The card: `ui://wanx/task.html`, on which clients with MCP Apps show a task to a person. All works without it."""

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

    from wanx_mcp.server.lobby import Lobby
    from wanx_mcp.settings import Settings
    from wanx_mcp.studio import Studio

CARD_URI = "ui://wanx/task.html"
CARD_LINK = {"ui": {"resourceUri": CARD_URI}, "ui/resourceUri": CARD_URI}
"""In both spellings: some clients still read only the older, flat one."""

PROMPT, POSTER = "wanx/prompt", "wanx/poster"
LONGEST_PROMPT = 10_000
MIME = "image/jpeg"


def card(settings: Settings) -> Apps:
    """The extension with its one page, which is read from the package when it is asked for."""
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


async def with_legend(
    result: CallToolResult, studio: Studio, ctx: Context[Lobby] | ServerRequestContext[Lobby, Any]
) -> CallToolResult:
    """The result of a get with what the card shows beside it, for a client that shows the card; others pay nothing."""
    if result.structured_content is None or not client_supports_apps(ctx):
        return result
    found = await _legend(studio, result.structured_content["task_id"])
    return result.model_copy(update={"meta": {**(result.meta or {}), **found}}) if found else result


async def _legend(studio: Studio, task_id: str) -> dict[str, str]:
    keepsake = await studio.keepsake(task_id)
    found = {}
    if keepsake.prompt:
        found[PROMPT] = clean(without(keepsake.prompt, studio.settings.secrets), LONGEST_PROMPT)
    if keepsake.poster:
        found[POSTER] = f"data:{MIME};base64,{base64.b64encode(keepsake.poster).decode()}"
    return found
