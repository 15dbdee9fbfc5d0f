"""What the disk says when a video is saved, in words that lead to the fix."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from wanx_mcp.errors import DownloadFailed
from wanx_mcp.settings.protected import privacy_advice
from wanx_mcp.toolnames import GET


class UnwritableError(DownloadFailed):
    """The folder does not take the file from this process."""


def disk_error(error: OSError, folder: Path) -> UnwritableError:
    """The error for the agent: `folder` is where the video was to be saved."""
    if (obstacle := file_in_place_of(folder)) is not None:
        advice = f"ask the user to move that file away, or to set WANX_OUTPUT_DIR to a folder other than {folder}"
        return UnwritableError(f"{folder} cannot be made, because {obstacle} is a file, not a folder", advice=advice)
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            advice = f"ask the user to free disk space; the video link from {GET} works meanwhile"
            return UnwritableError(f"the disk of {folder} is full", advice=advice)
        case errno.ENAMETOOLONG:
            advice = "set file_name to a short name, or ask the user to set WANX_OUTPUT_DIR to a shorter path"
            return UnwritableError(f"the path of a file in {folder} would be too long", advice=advice)
        case _:
            advice = f"ask the user to make {folder} writable, or to set WANX_OUTPUT_DIR to a folder that is"
            advice = privacy_advice(error, folder) or advice
            return UnwritableError(f"{folder} cannot be written to ({error.strerror})", advice=advice)


def file_in_place_of(folder: Path) -> Path | None:
    """The file that lies where `folder` or one of those above it should be."""
    for place in (folder, *folder.parents):
        if os.path.lexists(place):
            return place if os.path.isfile(place) else None
    return None
