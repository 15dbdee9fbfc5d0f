"""The lists of this server have one page: a cursor can only be somebody else's, and is refused as the spec asks."""

from __future__ import annotations

from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS


async def refuse_cursors(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Answer -32602 to a list request with a cursor; the SDK would answer with the whole list."""
    if ctx.method.endswith("/list") and ctx.params and ctx.params.get("cursor") is not None:
        raise MCPError(code=INVALID_PARAMS, message="Invalid cursor: this list has one page")
    return await call_next(ctx)
