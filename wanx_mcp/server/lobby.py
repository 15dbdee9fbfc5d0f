"""Where requests wait for the studio: the first one that needs it opens it, the end of the server closes it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import anyio
from anyio.abc import TaskGroup, TaskStatus
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

from wanx_mcp.errors import NotConfigured, WanxError

if TYPE_CHECKING:
    from wanx_mcp.studio import Studio

log = logging.getLogger(__name__)

MEND = (
    "ask the user to look at this server's log on stderr, to run wanx-mcp doctor, to mend or reinstall this "
    "installation and to restart the server"
)

Opening = Callable[[], "AbstractAsyncContextManager[Studio]"]


class Lobby:
    """The one studio of a server. Listing tools does not need it, so its rooms load with the first call."""

    def __init__(self, opening: Opening, group: TaskGroup) -> None:
        self._opening = opening
        self._group = group
        self._lock = anyio.Lock()
        self._over = anyio.Event()
        self._studio: Studio | None = None

    async def studio(self) -> Studio:
        """The studio, open. Raises NotConfigured if it cannot be opened; the next call tries again."""
        async with self._lock:
            if self._studio is None:
                try:
                    self._studio = await self._group.start(self._keep_open)
                except WanxError:
                    raise
                except Exception as fault:
                    log.exception("the studio could not be opened")
                    raise NotConfigured(
                        f"this server could not start its work ({_told(fault)})", advice=MEND
                    ) from fault
            return self._studio

    def close(self) -> None:
        """The studio may close: nobody asks any more."""
        self._over.set()

    async def _keep_open(self, *, task_status: TaskStatus[Studio]) -> None:
        async with self._opening() as studio:
            task_status.started(studio)
            await self._over.wait()


def _told(fault: Exception) -> str:
    """The name of a fault, and of the module that is missing; its own words could hold anything."""
    missing = f" {fault.name}" if isinstance(fault, ImportError) and fault.name else ""
    return type(fault).__name__ + missing


@asynccontextmanager
async def lobby(opening: Opening) -> AsyncIterator[Lobby]:
    """A lobby whose studio is closed at the end, if it was ever opened."""
    async with anyio.create_task_group() as group:
        entrance = Lobby(opening, group)
        try:
            yield entrance
        finally:
            entrance.close()


_CURRENT: ContextVar[Lobby] = ContextVar("lobby")


def current_lobby() -> Lobby:
    """The lobby of the request that is being answered: the SDK gives resources and completions no context."""
    return _CURRENT.get()


async def enter(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware: every request knows its lobby."""
    token = _CURRENT.set(ctx.lifespan_context)
    try:
        return await call_next(ctx)
    finally:
        _CURRENT.reset(token)
