"""What the place that a command prints to can show: its width, colours, and a line that is written over and over."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from dataclasses import dataclass

WIDEST = 110
NARROW = 64
"""Columns under which there is no room for a margin."""

_GLUE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Terminal:
    """Standard output. `live`: a person watches, and a line can be written over; `coloured`: in colours too."""

    live: bool
    coloured: bool

    @classmethod
    def here(cls) -> Terminal:
        """As the environment has it: no colours with NO_COLOR, nothing but lines for a pipe or a dumb terminal."""
        live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        if live and os.name == "nt":
            os.system("")  # noqa: S605, S607  # switches the console's escape sequences on
        return cls(live, live and not os.environ.get("NO_COLOR"))

    @property
    def columns(self) -> int:
        """The width to keep to, as it is now."""
        return min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)

    @property
    def narrow(self) -> bool:
        return self.columns < NARROW

    def paint(self, words: str, colour: str) -> str:
        """`words` in the colour of that SGR code, where there are colours and something to see."""
        return f"\033[{colour}m{words}\033[0m" if self.coloured and words.strip() else words

    def wrap(self, words: str, margin: int = 0) -> list[str]:
        """`words` in lines that leave room for a `margin`. An address or a path that is too long for one stays whole,
        so that it can be opened and copied, and the full stop after it does not stand alone."""
        room = max(self.columns - margin, 20)
        glued = words.replace(" .", f"{_GLUE}.")
        lines = textwrap.wrap(glued, room, break_long_words=False, break_on_hyphens=False)
        return [line.replace(_GLUE, " ") for line in lines] or [""]
