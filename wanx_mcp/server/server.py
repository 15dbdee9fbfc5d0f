"""`build_server` makes the MCP server from its settings; nothing is opened before the first call."""

from __future__ import annotations

import os
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING

from mcp.server import MCPServer
from mcp.types import Icon

from wanx_mcp import __version__
from wanx_mcp.catalog import CATALOG, Catalog
from wanx_mcp.clock import Clock, RealClock
from wanx_mcp.errors import WanxError
from wanx_mcp.server.card import card
from wanx_mcp.server.listing import HINTS, cache_fixed_resources, refuse_cursors
from wanx_mcp.server.mcp_server import WanxServer
from wanx_mcp.server.resources import Sources
from wanx_mcp.server.studio_access import StudioAccess, access, enter
from wanx_mcp.server.task_handles import VideoWaits
from wanx_mcp.server.tasks_extension import Tasks
from wanx_mcp.server.tool_adapter import as_tool
from wanx_mcp.server.tools import tool_rows
from wanx_mcp.settings import Settings
from wanx_mcp.toolnames import CREATE, GET, JOIN, PREVIEW, SAVE

if TYPE_CHECKING:
    from wanx_mcp.media.download import Limits
    from wanx_mcp.provider import Upstream
    from wanx_mcp.studio import Studio

NAME = "wanx-mcp"
TITLE = "WanX video (PiAPI)"
WEBSITE = "https://piapi.ai/docs/wanx-api/create-task"
DESCRIPTION = "Orders WanX videos from PiAPI, waits for them and downloads them. Unofficial."
INSTRUCTIONS = (
    f"Order with {CREATE} (it costs money; dry_run prices for free), then call {GET} with wait_seconds "
    f"until the video is there. It is saved by itself, else give the user the link at once, since it expires; "
    f"{SAVE} renames it, {PREVIEW} shows it to you. For a longer film, order shots with image task:ID (the last frame "
    f"of that video) and join them with {JOIN}. Every answer names the next step; every error says whether money was "
    "spent."
)
_ICON = (
    "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHZpZXdCb3g9IjAgMCAzMiAzMiI+PHJlY3Qg"
    "d2lkdGg9IjMyIiBoZWlnaHQ9IjMyIiByeD0iNyIgZmlsbD0iIzE0M2I0ZCIvPjxwYXRoIGQ9Ik01IDIxcTQtOCA3IDB0NyAwIDctMTEiIGZpbGw9Im5v"
    "bmUiIHN0cm9rZT0iIzdmZTBkMyIgc3Ryb2tlLXdpZHRoPSIzIiBzdHJva2UtbGluZWNhcD0icm91bmQiLz48L3N2Zz4="
)


def build_server(
    settings: Settings,
    *,
    catalog: Catalog = CATALOG,
    clock: Clock | None = None,
    upstream: Upstream | None = None,
    limits: Limits | None = None,
    follow: bool = True,
) -> MCPServer[StudioAccess]:
    """A server for `settings`. `upstream` replaces the provider that they name, `clock` the real clock, `limits` the
    default limits of a download; `follow`: whether it follows its orders in the background, which tests about something
    else switch off."""
    clock = clock or RealClock()

    def opening() -> AbstractAsyncContextManager[Studio]:
        from wanx_mcp.studio import open_studio

        return open_studio(settings, catalog, clock, upstream, limits, follow=follow)

    def lifespan(_server: MCPServer[StudioAccess]) -> AbstractAsyncContextManager[StudioAccess]:
        return access(opening, partial(_has_ledger, settings), clock) if follow else access(opening)

    return WanxServer(
        Sources(settings, catalog),
        NAME,
        title=TITLE,
        version=__version__,
        description=DESCRIPTION,
        instructions=INSTRUCTIONS,
        website_url=WEBSITE,
        icons=[Icon(src=_ICON, mime_type="image/svg+xml", sizes=["any"])],
        tools=[as_tool(row) for row in tool_rows(catalog, _picture_folder(settings))],
        lifespan=lifespan,
        log_level="WARNING",
        extensions=[Tasks(VideoWaits(now=clock.now)), card(settings)],
        middleware=[enter, refuse_cursors, cache_fixed_resources],
        cache_hints=HINTS,
    )


PICTURE_FOLDER = "the user's Videos/wanx folder"
"""Where a picture's file is looked for, unless WANX_INPUT_DIRS or WANX_OUTPUT_DIR says so: the front fills them in."""


def _picture_folder(settings: Settings) -> str:
    """Where a picture's file is looked for, as the tool's description names it."""
    # The platform's own folder is not looked up here: listing the tools would load a package for it.
    folder = settings.input_dirs[0] if settings.input_dirs else settings.output_dir
    # A name that the locale cannot spell holds surrogates, which no JSON can.
    return os.fsencode(folder).decode(errors="replace") if folder else PICTURE_FOLDER


def _has_ledger(settings: Settings) -> bool:
    """Whether there is a ledger, with orders that may have to be followed, and a provider to ask about them."""
    try:
        return (settings.simulate or settings.api_key is not None) and settings.ledger_path.exists()
    except (OSError, WanxError):
        return False
