"""Removes secrets from text, in plain and in encoded form."""

from wanx_mcp.redaction.logs import Redaction
from wanx_mcp.redaction.striking import MARK, without

__all__ = ["MARK", "Redaction", "without"]
