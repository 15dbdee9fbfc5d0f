"""What the disk says when a video is saved, in words that lead to the fix."""

from __future__ import annotations

import errno
from pathlib import Path

from wanx_mcp.errors import DownloadFailed
from wanx_mcp.toolnames import GET

PROTECTED = ("Desktop", "Documents", "Downloads", "Movies", "Pictures")
"""Folders in the home folder that macOS opens to an app only with the user's permission."""


def disk_error(error: OSError, folder: Path) -> DownloadFailed:
    """The error for the agent."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            advice = f"ask the user to free disk space; the video link from {GET} works meanwhile"
            return DownloadFailed(f"the disk of {folder} is full", advice=advice)
        case errno.ENAMETOOLONG:
            advice = "set file_name to a short name, or ask the user to set WANX_OUTPUT_DIR to a shorter path"
            return DownloadFailed(f"the path of a file in {folder} would be too long", advice=advice)
        case _:
            advice = f"ask the user to make {folder} writable, or to set WANX_OUTPUT_DIR to a folder that is"
            return DownloadFailed(f"{folder} cannot be written to ({error.strerror})", advice=advice)
