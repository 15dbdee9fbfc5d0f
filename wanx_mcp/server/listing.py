"""How long a client may keep what it has read (SEP-2549, era 2026-07-28)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from mcp.server.caching import CacheableMethod, CacheHint
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

from wanx_mcp.server.resources import find

HOUR_MS = 3_600_000
HINTS: Mapping[CacheableMethod, CacheHint] = {
    method: CacheHint(ttl_ms=0, scope="private")
    if method == "resources/read"
    else CacheHint(ttl_ms=HOUR_MS, scope="public")
    for method in get_args(CacheableMethod)
}
"""The lists are the same for everybody while the server runs; what is read is somebody's own, and may change."""


async def keep_catalogues(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware: a resource that stays the same while the server runs may be kept for an hour."""
    result = await call_next(ctx)
    if ctx.method == "resources/read" and isinstance(result, dict) and "ttlMs" in result:
        found = find(str((ctx.params or {}).get("uri")))
        if found is None or found[0].lasting:  # found nothing: a file of this package, such as the card
            return {**result, "ttlMs": HOUR_MS}
    return result
