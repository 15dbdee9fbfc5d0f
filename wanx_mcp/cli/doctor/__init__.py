"""`wanx-mcp doctor`: finds what keeps this installation from making videos and says how to fix it. Free of charge."""

from wanx_mcp.cli.doctor.doctor import doctor

__all__ = ["doctor"]
