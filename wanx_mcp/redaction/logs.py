"""Removes secrets from log records."""

from __future__ import annotations

import logging
import traceback

from wanx_mcp.redaction.striking import without

LONGEST = 20_000
"""Characters of one record that are kept."""


class Redaction(logging.Filter):
    """A filter for log handlers. Tracebacks become text, since exceptions can hold what was sent and received."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + "".join(traceback.format_exception(*record.exc_info))
        record.msg, record.args = without(text[:LONGEST], self._secrets), ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True

    def guard(self, logger: logging.Logger) -> None:
        """Add this filter to the handlers of `logger`."""
        for handler in logger.handlers:
            handler.addFilter(self)
