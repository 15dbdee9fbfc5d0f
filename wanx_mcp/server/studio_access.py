"""Access to the studio: the first request that needs it opens it, the end of the server closes it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from contextvars import ContextVar
from importlib import import_module
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup, TaskStatus
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

from wanx_mcp.clock import Clock
from wanx_mcp.errors import NotConfigured, WanxError
from wanx_mcp.limits import START_SECONDS

if TYPE_CHECKING:
    from wanx_mcp.studio import Studio

log = logging.getLogger(__name__)

RESTART_FIX = (
    "ask the user to read this server's log on stderr, to run wanx-mcp doctor, to repair or reinstall wanx-mcp, and to "
    "restart this server"
)

Opening = Callable[[], "AbstractAsyncContextManager[Studio]"]


class StudioAccess:
    """The one studio of a server. Its modules are imported by the first call: listing tools needs none of them."""

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
                    what = f"this server failed to start ({_fault_name(fault)})"
                    raise NotConfigured(what, advice=RESTART_FIX) from fault
            return self._studio

    def close(self) -> None:
        """Let the studio close: no request needs it any more."""
        self._over.set()

    async def open_for(self, wanted: Callable[[], bool], clock: Clock) -> None:
        """Open the studio by itself, START_SECONDS after the server began, if that is `wanted` by then."""
        await clock.idle(START_SECONDS)
        if self._studio is None and await anyio.to_thread.run_sync(wanted):
            await anyio.to_thread.run_sync(import_module, "wanx_mcp.studio")  # answers go on meanwhile
            with suppress(WanxError):  # the first call that needs the studio reports it
                await self.studio()

    async def _keep_open(self, *, task_status: TaskStatus[Studio]) -> None:
        async with self._opening() as studio:
            task_status.started(studio)
            await self._over.wait()


def _fault_name(fault: Exception) -> str:
    """The class of an exception, and the name of a missing module. Its message is left out: it could hold secrets."""
    missing = f" {fault.name}" if isinstance(fault, ImportError) and fault.name else ""
    return type(fault).__name__ + missing


@asynccontextmanager
async def access(
    opening: Opening, wanted: Callable[[], bool] | None = None, clock: Clock | None = None
) -> AsyncIterator[StudioAccess]:
    """The access of one server. Its studio, if it was opened, is closed at the end. Where it is `wanted` without a
    call, it is opened a few seconds after the beginning."""
    async with anyio.create_task_group() as group, anyio.create_task_group() as starting:
        opened = StudioAccess(opening, group)
        if wanted is not None and clock is not None:
            starting.start_soon(opened.open_for, wanted, clock)
        try:
            yield opened
        finally:
            starting.cancel_scope.cancel()
            opened.close()


_CURRENT: ContextVar[StudioAccess] = ContextVar("access")


def current_access() -> StudioAccess:
    """The access of the current request. The SDK gives resources and completions no context of their own."""
    return _CURRENT.get()


async def enter(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware: make the access available to whatever answers the request."""
    token = _CURRENT.set(ctx.lifespan_context)
    try:
        return await call_next(ctx)
    finally:
        _CURRENT.reset(token)
