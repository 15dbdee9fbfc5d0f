"""The MCP side: tools as rows, and one border where errors become text."""

from wanx_mcp.server.server import build_server

__all__ = ["build_server"]
