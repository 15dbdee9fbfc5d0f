"""The stdio server: environment in, protocol on stdout, everything else on stderr."""

from __future__ import annotations

import os
import signal
import sys

from wanx_mcp.server import build_server
from wanx_mcp.settings import read_settings


def serve() -> int:
    """Serve until stdin closes."""
    settings = read_settings(os.environ)
    for complaint in settings.complaints:
        print(f"wanx-mcp: {complaint}", file=sys.stderr)
    # The SDK reads stdin in a thread that Python's own SIGINT cannot interrupt.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    build_server(settings).run("stdio")
    return 0
