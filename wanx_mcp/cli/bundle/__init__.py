"""`wanx-mcp bundle`: this installation as an extension for Claude Desktop."""

from wanx_mcp.cli.bundle.building import bundle

__all__ = ["bundle"]
