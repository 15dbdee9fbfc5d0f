"""Runs the stdio server: the protocol on stdin and stdout, everything else on stderr."""

from __future__ import annotations

import gc
import logging
import os
import sys
from typing import NoReturn

from wanx_mcp.cli.pipes import is_closed_pipe
from wanx_mcp.cli.streams import guard_stderr
from wanx_mcp.redaction import Redaction
from wanx_mcp.server import build_server
from wanx_mcp.settings import read_settings


def serve() -> NoReturn:
    """Serve until stdin closes, then exit the process immediately."""
    end_log = guard_stderr()
    settings = read_settings(os.environ)
    for problem in settings.problems:
        print(f"wanx-mcp: {problem}", file=sys.stderr)
    if sys.stdin is not None and sys.stdin.isatty():
        print("wanx-mcp: this is an MCP server, waiting for a client on stdin. Ctrl-C stops it.", file=sys.stderr)
        print("Commands for people: wanx-mcp --help", file=sys.stderr)
    server = build_server(settings)
    Redaction(settings.secrets).guard(logging.getLogger())
    gc.freeze()
    gc.enable()
    try:
        server.run("stdio")
    except (OSError, BaseExceptionGroup) as error:
        if not is_closed_pipe(error):
            raise
        # The host has closed our stdout, or has died: an end like any other.
    end_log()
    # A thread may still wait for the lock of the ledger; everything is on disk, so there is no need to wait for it.
    os._exit(0)
