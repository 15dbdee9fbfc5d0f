"""The MCP server: tools, resources and prompts as rows, and the one place where errors become text."""

from wanx_mcp.server.server import build_server

__all__ = ["build_server"]
