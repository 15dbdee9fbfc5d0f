"""The commands. The server starts without loading any of the others."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `wanx-mcp`; without arguments it is the MCP server. Returns the exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if not given:
        # The SDK's imports make hundreds of thousands of objects that live for ever: collecting among them is in vain.
        gc.disable()
        # The SDK reads stdin in a thread that Python's own SIGINT cannot interrupt; and imports need no traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        with _absent("uvicorn"):
            from wanx_mcp.cli.serve import serve

        serve()
    from wanx_mcp.cli.commands import run

    return run(given)


@contextmanager
def _absent(module: str) -> Iterator[None]:
    """As if `module` were not installed, for a while.

    The SDK's HTTP side loads sse-starlette, which hooks into uvicorn at import if it finds it: 30 ms that a stdio
    server never uses. The simulator, which does serve HTTP, loads uvicorn itself later.
    """
    known = sys.modules.get(module)
    sys.modules[module] = None  # type: ignore[assignment]  # how Python marks a module that is not to be had
    try:
        yield
    finally:
        if known is None:
            del sys.modules[module]
        else:
            sys.modules[module] = known
