"""wanx_mcp: an MCP stdio server that orders WanX videos from PiAPI without paying twice or losing a task."""

__version__ = "0.1.0"
