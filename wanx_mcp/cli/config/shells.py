"""Command lines that can be pasted into a shell: POSIX shells, or PowerShell, cmd and Git Bash on Windows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

_BARE = re.compile(r"[\w.=-]+")
"""Words that no shell on Windows changes."""


def quoted(words: Sequence[str], *, windows: bool) -> str:
    """`words` as one line for the platform's shells."""
    return " ".join(map(_double_quoted, words)) if windows else shlex.join(words)


def _double_quoted(word: str) -> str:
    # PowerShell splits at ; , and &, Git Bash removes backslashes outside quotes, and cmd knows double quotes only.
    # PowerShell removes a bare --, but not a quoted one.
    if word != "--" and _BARE.fullmatch(word):
        return word
    # The program reads \" as a quotation mark, and backslashes in front of one in pairs.
    inner = re.sub(r'(\\*)"', r'\1\1\\"', word)
    ending = inner[len(inner.rstrip("\\")) :]
    return f'"{inner}{ending}"'
