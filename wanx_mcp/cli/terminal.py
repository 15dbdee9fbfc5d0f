"""The terminal that a command prints to: its width, its colours, and whether a line can be overwritten."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from dataclasses import dataclass

WIDEST = 110
NARROW = 64
"""Below this many columns there is no room for a margin."""

_GLUE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Terminal:
    """Standard output. `live`: it is a terminal on which lines can be overwritten; `coloured`: with colours."""

    live: bool
    coloured: bool

    @classmethod
    def here(cls) -> Terminal:
        """Read from the environment: NO_COLOR turns colours off; a pipe or a dumb terminal gets plain lines."""
        live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        if live and os.name == "nt":
            os.system("")  # noqa: S605, S607  # turns on the escape sequences of the console
        return cls(live, live and not os.environ.get("NO_COLOR"))

    @property
    def columns(self) -> int:
        """The current width, at most WIDEST."""
        return min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)

    @property
    def narrow(self) -> bool:
        return self.columns < NARROW

    def paint(self, words: str, colour: str) -> str:
        """`words` in the colour of that SGR code, if the terminal has colours."""
        return f"\033[{colour}m{words}\033[0m" if self.coloured and words.strip() else words

    def wrap(self, words: str, margin: int = 0) -> list[str]:
        """`words` in lines that leave room for a `margin`. A URL or path that is too long is not broken, so that it can
        be copied, and a full stop after it stays on its line."""
        room = max(self.columns - margin, 20)
        glued = words.replace(" .", f"{_GLUE}.")
        lines = textwrap.wrap(glued, room, break_long_words=False, break_on_hyphens=False)
        return [line.replace(_GLUE, " ") for line in lines] or [""]
