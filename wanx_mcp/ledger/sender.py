"""The process that sends orders: a lock of the operating system that it holds for its life, and frees when it dies."""

from __future__ import annotations

import os
import sys
import uuid
from contextlib import suppress
from pathlib import Path

FOLDER = "senders"


class Sender:
    """This process's own lock, taken before its first order. An order whose sender still holds its lock may yet leave:
    nobody else may settle it."""

    def __init__(self, state: Path) -> None:
        self._folder = state / FOLDER
        self._file: int | None = None
        self.name = uuid.uuid4().hex

    def hold(self) -> str:
        """Take the lock, if it is not held yet, or if its file is gone: others would take this process for dead.

        Returns its name. Raises OSError where the folder cannot be used.
        """
        path = self._folder / self.name
        while self._file is None or not _is_at(self._file, path):
            self._folder.mkdir(exist_ok=True, mode=0o700)  # the ledger made the folder above; if that is gone, so is it
            self._sweep()
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            # Another process that sweeps may have taken the new file for a dead one and removed it.
            if _lock(file) and _is_at(file, path):
                former, self._file = self._file, file
                if former is not None:
                    os.close(former)
            else:
                os.close(file)
        return self.name

    def release(self) -> None:
        """Give the lock back."""
        if self._file is not None:
            with suppress(OSError):
                (self._folder / self.name).unlink()
            os.close(self._file)
            self._file = None

    def alive(self, name: str) -> bool:
        """Whether the process of that name still holds its lock."""
        if self._file is not None and name == self.name:
            return True
        if not name.isalnum():
            return False
        try:
            file = os.open(self._folder / name, os.O_RDWR)
        except FileNotFoundError:
            return False
        except OSError:
            return True  # a lock that cannot be looked at may be held
        try:
            return not _lock(file)
        finally:
            os.close(file)

    def _sweep(self) -> None:
        """Remove the files of processes that have died, each under its own lock."""
        for path in self._folder.iterdir():
            with suppress(OSError):
                file = os.open(path, os.O_RDWR)
                try:
                    if _lock(file):
                        path.unlink()
                finally:
                    os.close(file)


def _is_at(file: int, path: Path) -> bool:
    """Whether the open `file` is still the one at `path`."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except OSError:
        return False


def _lock(file: int) -> bool:
    """Lock `file` without waiting; it is unlocked when it is closed. False if another process has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
