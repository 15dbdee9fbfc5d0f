"""`wanx-mcp bundle`: this very installation as an extension that Claude Desktop installs with a click."""

from wanx_mcp.cli.bundle.building import bundle

__all__ = ["bundle"]
