"""Runs the stdio server: the protocol on stdin and stdout, everything else on stderr."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from wanx_mcp.cli.pipes import is_closed_pipe

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from wanx_mcp.front import Front
    from wanx_mcp.server.studio_access import StudioAccess


def serve(front: Front | None, end_log: Callable[[], None]) -> NoReturn:
    """Serve until stdin closes, then exit the process immediately. `front` answers until the SDK is there; `end_log`
    lets the last words reach stderr."""
    # Python's SIGINT handler cannot interrupt the thread in which the SDK reads stdin, and would print a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    server = _server()
    gc.freeze()
    gc.enable()
    try:
        if front is None:
            server.run("stdio")
        else:
            _run_behind(front, server)
    except (OSError, BaseExceptionGroup) as error:
        if not is_closed_pipe(error):
            raise
        # The host has closed our stdout, or has died: an end like any other.
    end_log()
    # A thread may still wait for the lock of the ledger; everything is on disk, so there is no need to wait for it.
    os._exit(0)


def _server() -> MCPServer[StudioAccess]:
    # Looking for plugins, pydantic reads the metadata of every installed package. An operator can still name some.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    with _absent("uvicorn"):
        from wanx_mcp.server import build_server
    from wanx_mcp.redaction import Redaction
    from wanx_mcp.settings import read_settings

    settings = read_settings(os.environ)
    for problem in settings.problems:
        print(f"wanx-mcp: {problem}", file=sys.stderr)
    if sys.stdin is not None and sys.stdin.isatty():
        print("wanx-mcp: this is an MCP server, waiting for a client on stdin. Ctrl-C stops it.", file=sys.stderr)
        print("Commands for people: wanx-mcp --help", file=sys.stderr)
    server = build_server(settings)
    Redaction(settings.secrets).guard(logging.getLogger())
    return server


def _run_behind(front: Front, server: MCPServer[StudioAccess]) -> None:
    """Serve on the wire that `front` has begun to answer on."""
    import anyio
    from mcp.server.stdio import stdio_server

    # What MCPServer.run does for "stdio", with other streams.
    async def run() -> None:
        source, sink = map(anyio.wrap_file, front.hand_over())
        if front.failure is not None:
            raise front.failure
        async with stdio_server(source, sink) as (incoming, outgoing):
            inner = server._lowlevel_server
            await inner.run(incoming, outgoing, inner.create_initialization_options())

    anyio.run(run)


@contextmanager
def _absent(module: str) -> Iterator[None]:
    """Make `module` look uninstalled while the context lasts."""
    # The SDK imports sse-starlette, which imports uvicorn if it can: 30 ms that a stdio server does not need. The
    # simulator, which serves HTTP, imports uvicorn later.
    known = sys.modules.get(module)
    sys.modules[module] = None  # type: ignore[assignment]  # how Python marks a module that cannot be imported
    try:
        yield
    finally:
        if known is None:
            del sys.modules[module]
        else:
            sys.modules[module] = known
