"""Secrets struck out of text, however they are spelt in it."""

from wanx_mcp.redaction.logs import Redaction
from wanx_mcp.redaction.striking import MARK, without

__all__ = ["MARK", "Redaction", "without"]
