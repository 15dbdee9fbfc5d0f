"""The command line. The server starts without loading the other commands."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from wanx_mcp.cli.streams import guard_stderr, open_missing


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `wanx-mcp`; without arguments it is the MCP server. Returns the exit code."""
    open_missing()
    given = sys.argv[1:] if arguments is None else list(arguments)
    if not given:
        # The imports of the SDK create hundreds of thousands of permanent objects; collecting among them wastes time.
        gc.disable()
        end_log = guard_stderr()
        from wanx_mcp.front import start

        front = start()
        from wanx_mcp.cli.serve import serve

        serve(front, end_log)
    from wanx_mcp.cli.commands import run

    return run(given)
