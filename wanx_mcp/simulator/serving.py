"""Runs the simulator on a loopback port, inside the process that needs it."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from starlette.middleware import Middleware

from wanx_mcp.catalog import Catalog
from wanx_mcp.simulator.app import Simulator
from wanx_mcp.simulator.climates import Climate
from wanx_mcp.simulator.locking import retry_while_locked
from wanx_mcp.simulator.replies import HangUpError
from wanx_mcp.simulator.store import Store
from wanx_mcp.simulator.weather import Weather

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

HOST = "127.0.0.1"
log = logging.getLogger(__name__)


class Truncating:
    """Middleware that turns a HangUpError into a cut connection: a content-length without the content."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except HangUpError:
            headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})


async def persistent(
    state: Path,
    catalog: Catalog,
    *,
    speed: float,
    climate: Climate | None = None,
    seed: int | None = None,
    keys: frozenset[str] | None = None,
) -> Simulator:
    """A simulator whose tasks are stored in `state`, `speed` times faster than real time; it accepts any key if `keys`
    is None.

    Raises OSError and sqlite3.Error if the folder cannot be used, LockedError if another process has locked the tasks.
    """
    seed = secrets.randbits(64) if seed is None else seed
    weather = Weather(odds=climate.faults, quirk_odds=climate.quirks, seed=seed) if climate else Weather(seed=seed)

    store = await retry_while_locked(lambda: Store(state / "simulator.sqlite3", timeout=0))
    return await retry_while_locked(
        lambda: Simulator(catalog=catalog, store=store, weather=weather, speed=speed, keys=keys)
    )


def _listening(port: int) -> socket.socket:
    # asyncio turns off Nagle's delay of 40 ms only for sockets with this protocol, which create_server leaves out.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(100)
    except OSError:
        listener.close()
        raise
    return listener


async def _call_back(simulator: Simulator) -> None:
    """Make the webhook calls until one fails unexpectedly. The error must not end the server in the same task group."""
    try:
        while True:
            await simulator.clock.sleep(0.5)
            await simulator.deliver_webhooks()
    except Exception:
        log.exception("the simulator stops making webhook calls")


@asynccontextmanager
async def serving(simulator: Simulator, port: int = 0) -> AsyncIterator[str]:
    """Serve on loopback while the context lasts; yields the URL. Raises OSError if the port is taken."""
    import uvicorn

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield  # the surrounding process handles signals

    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    with _listening(port) as listener:
        app = simulator.app(Middleware(Truncating))
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", date_header=False)
        server = Server(config)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listener])
            tasks.start_soon(_call_back, simulator)
            try:
                yield f"http://{HOST}:{listener.getsockname()[1]}"
            finally:
                # On Windows an accept that is cancelled while its socket is open is reported with a traceback.
                for bound in getattr(server, "servers", ()):
                    bound.close()
                tasks.cancel_scope.cancel()
