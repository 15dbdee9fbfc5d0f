"""Whether a path lies in a folder, also on disks that find names in any case and any Unicode form, as Macs do."""

from __future__ import annotations

import os
import sys
import unicodedata


def inside(path: str, folder: str) -> list[str] | None:
    """The parts of `path` below `folder`, none for the folder itself; None if it lies outside. Both are absolute."""
    parts, count = path.split(os.sep), len(folder.rstrip(os.sep).split(os.sep))
    begin = os.sep.join(parts[:count]) or os.sep
    if len(parts) < count or not _is_same_spelling(begin, folder.rstrip(os.sep) or os.sep):
        return None
    return [part for part in parts[count:] if part]


def is_same(path: str, folder: str) -> bool:
    """Whether both are the same folder, spelled in the same way or not."""
    if os.path.normcase(path) == os.path.normcase(folder):
        return True
    try:
        return os.path.samefile(path, folder)
    except OSError:  # one of them cannot be looked at
        return sys.platform == "darwin" and _folded(path) == _folded(folder)


def _is_same_spelling(path: str, folder: str) -> bool:
    if os.path.normcase(path) == os.path.normcase(folder):
        return True
    # The disk is asked only where the letters are the same: a path from outside must not reach it.
    return _folded(path) == _folded(folder) and is_same(path, folder)


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
