"""Middleware of reads and lists: how long a client may keep an answer (SEP-2549), and lists of a single page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from mcp.server.caching import CacheableMethod, CacheHint
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS

from wanx_mcp.server.resources import find

HOUR_MS = 3_600_000

# The lists are the same for every client while the server runs. What is read can be private, and can change.
HINTS: Mapping[CacheableMethod, CacheHint] = {
    method: CacheHint(ttl_ms=0, scope="private")
    if method == "resources/read"
    else CacheHint(ttl_ms=HOUR_MS, scope="public")
    for method in get_args(CacheableMethod)
}
"""Cache hint of each method that can have one (era 2026-07-28)."""


async def cache_fixed_resources(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware: a resource that stays the same while the server runs may be cached for an hour."""
    result = await call_next(ctx)
    if ctx.method == "resources/read" and isinstance(result, dict) and "ttlMs" in result:
        found = find(str((ctx.params or {}).get("uri")))
        if found is None or found[0].lasting:  # None: a file of this package, such as the card
            return {**result, "ttlMs": HOUR_MS}
    return result


async def refuse_cursors(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware: answer -32602 to a list request with a cursor."""
    # Every list has one page, so no cursor is ours. The SDK would ignore it and send the list once more.
    if ctx.method.endswith("/list") and ctx.params and ctx.params.get("cursor") is not None:
        raise MCPError(code=INVALID_PARAMS, message="Invalid cursor: this list has one page")
    return await call_next(ctx)
