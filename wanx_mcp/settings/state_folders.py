"""The folders of this user in which a ledger may lie, and the one that is used unless WANX_STATE_DIR is set."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from wanx_mcp.settings.readers import usual_folder

APP = "wanx-mcp"
REAL, SIMULATED = "ledger.sqlite3", "simulated.sqlite3"
"""The files of the two ledgers. An order that costs money is in the first one only."""

_SANDBOXES = ("snap/*/current/.local/share", ".var/app/*/data")
"""Data folders of sandboxed programs on Linux, under the home folder: snaps and Flatpaks."""


def usual_state_folder() -> Path | None:
    """The folder of the ledger where none is set; None if the user has no home folder."""
    folders = state_folders()
    return choose(folders) if sys.platform == "win32" else next(iter(folders), None)


def state_folders() -> tuple[Path, ...]:
    """Every folder in which a server of this user may have put a ledger, the one for new ledgers first."""
    from platformdirs import user_data_path

    data = usual_folder(lambda: user_data_path(APP, appauthor=False))
    home = usual_folder(Path.home)
    if sys.platform == "win32":
        return windows_folders(home, data, redirected(os.environ))
    sandboxed = (path / APP for pattern in _SANDBOXES for path in sorted(home.glob(pattern))) if home else ()
    default = home / ".local" / "share" / APP if home and sys.platform == "linux" else None  # without XDG_DATA_HOME
    return tuple(dict.fromkeys(path for path in (data, default, *sandboxed) if path is not None))


def windows_folders(home: Path | None, data: Path | None, sandboxes: Iterable[Path]) -> tuple[Path, ...]:
    """Folders of the ledger on Windows: in the user's folder, which is the same for all programs; then in AppData,
    where older versions put it; then what a packaged program (MSIX) sees in the place of AppData."""
    first = home / f".{APP}" if home else None
    return tuple(dict.fromkeys(path for path in (first, data, *(box / APP for box in sandboxes)) if path is not None))


def redirected(environment: Mapping[str, str], package: str = "*", data: str = "Local") -> tuple[Path, ...]:
    """The folders that packaged programs (MSIX) see in the place of AppData, those changed last first.

    `package`: a pattern for the package's name, such as `Claude_*`. `data`: `Local` for %LOCALAPPDATA%, `Roaming` for
    %APPDATA%. New files that such a program, or a server that it starts, makes under AppData are really there.
    """
    local = environment.get("LOCALAPPDATA")
    if not local:
        return ()
    found = [path for path in Path(local, "Packages").glob(f"{package}/LocalCache/{data}") if path.is_dir()]
    return tuple(sorted(found, key=_changed, reverse=True))


def choose(folders: Sequence[Path]) -> Path | None:
    """The folder to use: the first that holds a ledger of real orders, else of simulated ones, else the first."""
    # Every server of this user must come to the same answer, or there would be two ledgers and two budgets.
    for name in (REAL, SIMULATED):
        for folder in folders:
            if (folder / name).is_file():
                return folder
    return next(iter(folders), None)


def others(ledger: Path, folders: Iterable[Path]) -> tuple[Path, ...]:
    """Ledgers of the same name in `folders` that are not the file `ledger`."""
    found = [folder / ledger.name for folder in folders]
    return tuple(path for path in found if path != ledger and path.is_file() and not _is_same(path, ledger))


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # there is no `other` yet
        return False
