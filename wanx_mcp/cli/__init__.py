"""The command line. The server starts without loading the other commands."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from wanx_mcp.cli.streams import open_missing


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `wanx-mcp`; without arguments it is the MCP server. Returns the exit code."""
    open_missing()
    given = sys.argv[1:] if arguments is None else list(arguments)
    if not given:
        # The imports of the SDK create hundreds of thousands of permanent objects; collecting among them wastes time.
        gc.disable()
        # Python's SIGINT handler cannot interrupt the thread in which the SDK reads stdin, and would print a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        with _absent("uvicorn"):
            from wanx_mcp.cli.serve import serve

        serve()
    from wanx_mcp.cli.commands import run

    return run(given)


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
