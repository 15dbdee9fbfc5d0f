"""Answers a client from recorded answers while the SDK is being imported. Standard library only."""

from wanx_mcp.front.front import Front, start

__all__ = ["Front", "start"]
