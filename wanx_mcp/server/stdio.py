"""The standard output of the server, with lines that end in a line feed on every platform."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper


def own_output() -> TextIOWrapper | None:
    """Standard output for the protocol, on Windows; None elsewhere, where the SDK's own is right. From then on,
    whatever else is printed goes to standard error."""
    if sys.platform != "win32" or sys.stdout is None:
        return None
    # The SDK opens standard output as text, and Windows makes \r\n of each \n of a text. Not every host accepts that.
    wire = os.dup(sys.stdout.fileno())
    with suppress(OSError, ValueError, AttributeError):  # there may be no standard error
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return TextIOWrapper(os.fdopen(wire, "wb", closefd=False), encoding="utf-8", newline="\n")
