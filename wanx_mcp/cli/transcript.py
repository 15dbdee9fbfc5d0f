"""Prints the demo's conversation of agent and server: wrapped on a terminal, one line each into a pipe."""

from __future__ import annotations

import sys
from typing import ClassVar

from wanx_mcp.cli.terminal import Terminal

LONGEST_BAR = 30
SHORTEST_BAR = 6
WORDS = 26
"""Columns for the words after a progress bar; fixed, so that the bar keeps its length."""


class Transcript:
    """Prints turns and progress. On a terminal, progress is one line, which is cleared at the end of the call."""

    HEADS: ClassVar = {"agent": ("agent  > ", "36"), "server": ("server < ", "32"), "error": ("server < ", "31")}
    MARGIN = 9

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._full, self._empty = ("━", "─") if _prints("━─") else ("#", ".")

    def say(self, words: str = "") -> None:
        """Print a remark."""
        print("\n".join(self._terminal.wrap(words)) if self._terminal.live else words, flush=True)

    def turn(self, who: str, words: str) -> None:
        """Print the words of `who`: "agent", "server", or "error" for an error of the server."""
        head, colour = self.HEADS[who]
        if not self._terminal.live:
            print(head + words, flush=True)
            return
        narrow = self._terminal.narrow
        margin = 2 if narrow else self.MARGIN
        if narrow and who == "agent":
            words = words.replace("(", "( ", 1)  # allows a line break before the first argument
        lines = self._terminal.wrap("-" * (self.MARGIN - margin) + words, margin)
        lines[0] = self._terminal.paint(head, colour) + lines[0][self.MARGIN - margin :].replace("( ", "(", 1)
        print(f"\n{' ' * margin}".join(lines), flush=True)

    def progress(self, share: float, words: str) -> None:
        """Print the progress of a call, from 0 to 1."""
        if not self._terminal.live:
            width = round(share * LONGEST_BAR)
            print(f"         [{'#' * width}{'.' * (LONGEST_BAR - width)}] {words}", flush=True)
            return
        room = self._terminal.columns - 1  # some terminals start a new line after the last column
        margin = 2 if self._terminal.narrow else self.MARGIN
        bar = min(LONGEST_BAR, room - margin - WORDS - 2)
        line = words[: max(room - margin, 0)]
        if bar >= SHORTEST_BAR:
            done = round(share * bar)
            full, empty = self._full * done, self._empty * (bar - done)
            painted = self._terminal.paint(full, "36") + self._terminal.paint(empty, "2")
            line = f"{painted}  {words[: room - margin - bar - 2]}"
        print(f"\r{' ' * margin}{line}\033[K", end="", flush=True)

    def clear_progress(self) -> None:
        """Clear the progress line at the end of a call."""
        if self._terminal.live:
            print("\r\033[K", end="", flush=True)


def _prints(signs: str) -> bool:
    """Whether standard output can encode `signs`."""
    try:
        signs.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
