"""`python -m tests.conformance.serve ours|fixture DESCRIPTOR`: a server over HTTP on a socket that already listens."""

from __future__ import annotations

import os
import sys

import uvicorn

from tests.conformance.fixture import build
from wanx_mcp.server import build_server
from wanx_mcp.settings import read_settings

server = build() if sys.argv[1] == "fixture" else build_server(read_settings(os.environ))
uvicorn.run(server.streamable_http_app(host="127.0.0.1"), fd=int(sys.argv[2]), log_level="error")
