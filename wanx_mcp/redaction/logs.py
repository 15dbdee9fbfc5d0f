"""Secrets struck out of what is logged."""

from __future__ import annotations

import logging
import traceback

from wanx_mcp.redaction.striking import without

LONGEST = 20_000
"""Characters of one record that are kept."""


class Redaction(logging.Filter):
    """A filter for handlers. Tracebacks become text, since exceptions can carry what was sent and received."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        told = record.getMessage()
        if record.exc_info:
            told += "\n" + "".join(traceback.format_exception(*record.exc_info))
        record.msg, record.args = without(told[:LONGEST], self._secrets), ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True

    def guard(self, logger: logging.Logger) -> None:
        """Filter what the handlers of `logger` write."""
        for handler in logger.handlers:
            handler.addFilter(self)
