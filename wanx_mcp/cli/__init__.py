"""The commands. The server starts without loading any of the others."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `wanx-mcp`; without arguments it is the MCP server. Returns the exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if not given:
        # The SDK's imports make hundreds of thousands of objects that live for ever: collecting among them is in vain.
        gc.disable()
        from wanx_mcp.cli.serve import serve

        serve()
    from wanx_mcp.cli.commands import run

    return run(given)
