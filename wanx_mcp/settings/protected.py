"""Folders that macOS opens to a program only with the user's permission (Privacy & Security)."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

PROTECTED = {
    "Desktop": "Desktop",
    "Documents": "Documents",
    "Downloads": "Downloads",
    "Library/Mobile Documents": "iCloud Drive",
    "Library/CloudStorage": "cloud storage",
}
"""Folders below the home folder, and what to call them. Other disks, under VOLUMES, are protected as well."""

VOLUMES = Path("/Volumes")


def privacy_advice(error: OSError, path: Path, system: str | None = None) -> str | None:
    """What to do if macOS has refused `path` because the user has not allowed it; None for any other error."""
    # A refusal by the file's own permissions is EACCES; EPERM comes from the user's choices, and from locked files.
    if (system or sys.platform) != "darwin" or error.errno != errno.EPERM:
        return None
    name = protected_folder(path)
    return (
        "ask the user to open System Settings > Privacy & Security > Files and Folders, to let the app that starts "
        f"this server use {name or 'that folder'}, and to restart that app; or to choose a folder outside of Desktop, "
        "Documents and Downloads"
    )


def protected_folder(path: Path) -> str | None:
    """What to call the protected folder that `path` is in; None if it is in none."""
    try:
        home = Path.home()
    except RuntimeError:
        return None
    for below, name in PROTECTED.items():
        if _is_below(path, home / below):
            return f"the {name} folder"
    return "Removable Volumes" if _is_below(path, VOLUMES) else None


def _is_below(path: Path, folder: Path) -> bool:
    start = [part.casefold() for part in folder.parts]  # the disks of Macs find names in any case
    return [part.casefold() for part in path.parts[: len(start)]] == start
