"""The pipes to the program that started this one, and how it shows that it has closed them."""

from __future__ import annotations

import errno
import sys

_CLOSED = {errno.EPIPE, errno.ESHUTDOWN}
if sys.platform == "win32":
    _CLOSED.add(errno.EINVAL)  # what the C library there makes of a pipe whose reader has gone


def is_closed_pipe(error: BaseException) -> bool:
    """Whether the program that reads our output, such as `head` or a host, has ended. Task groups wrap the error in a
    group."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(is_closed_pipe, error.exceptions))
    return isinstance(error, OSError) and error.errno in _CLOSED
