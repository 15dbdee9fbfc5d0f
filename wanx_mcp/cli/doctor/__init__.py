"""`wanx-mcp doctor`: what keeps this installation from making videos, and what mends it. Free of charge."""

from wanx_mcp.cli.doctor.visit import doctor

__all__ = ["doctor"]
