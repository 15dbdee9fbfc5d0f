"""A folder as a disk of a Mac shows it: python macdisk.py REAL MOUNTPOINT. Needs mfusepy and libfuse.

A name is found in any case and any Unicode form; a new one is stored decomposed, as HFS+ does.
"""

from __future__ import annotations

import errno
import os
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mfusepy  # installed for this process alone

TIMES = ("st_atime", "st_mtime", "st_ctime")
STATS = ("st_mode", "st_ino", "st_nlink", "st_uid", "st_gid", "st_size")
DISK = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_favail", "f_ffree", "f_files", "f_flag", "f_frsize")


def folded(name: str) -> str:
    """What two names have in common that are the same on such a disk."""
    return unicodedata.normalize("NFD", name).casefold()


class MacDisk(mfusepy.Operations):  # type: ignore[misc]  # it has no types
    """The operations that the tests need, on the folder `root`."""

    use_ns = True

    def __init__(self, root: str) -> None:
        self._root = root

    def place(self, path: str) -> str:
        """Where the thing of that name really is, or would be."""
        here = self._root
        for part in filter(None, path.split("/")):
            here = self._step(here, part)
        return here

    @staticmethod
    def _step(folder: str, name: str) -> str:
        exact = os.path.join(folder, name)
        if os.path.lexists(exact):
            return exact
        try:
            found = [other for other in os.listdir(folder) if folded(other) == folded(name)]
        except OSError:
            return exact
        return os.path.join(folder, found[0] if found else unicodedata.normalize("NFD", name))

    # By path

    def getattr(self, path: str, _file: int | None = None) -> dict[str, int]:
        found = os.lstat(self.place(path))
        return {name: getattr(found, name) for name in STATS} | {name: getattr(found, f"{name}_ns") for name in TIMES}

    def statfs(self, path: str) -> dict[str, int]:
        found = os.statvfs(self.place(path))
        return {name: getattr(found, name) for name in DISK} | {"f_namemax": 255}

    def access(self, path: str, mode: int) -> None:
        if not os.access(self.place(path), mode):
            raise mfusepy.FuseOSError(errno.EACCES)

    def readdir(self, path: str, _file: int) -> list[tuple[str, dict[str, int], int]]:
        names = [".", "..", *os.listdir(self.place(path))]
        return [(name, self.getattr(os.path.join(path, name)), 0) for name in names]  # without its inode, none counts

    def readlink(self, path: str) -> str:
        return os.readlink(self.place(path))

    def symlink(self, path: str, target: str) -> None:
        os.symlink(target, self.place(path))

    def link(self, new: str, old: str) -> None:
        if os.path.lexists(self.place(new)):
            raise mfusepy.FuseOSError(errno.EEXIST)
        os.link(self.place(old), self.place(new))

    def rename(self, old: str, new: str) -> None:
        os.rename(self.place(old), self.place(new))

    def mkdir(self, path: str, mode: int) -> None:
        if os.path.lexists(self.place(path)):
            raise mfusepy.FuseOSError(errno.EEXIST)
        os.mkdir(self.place(path), mode)

    def mknod(self, path: str, mode: int, device: int) -> None:
        os.mknod(self.place(path), mode, device)

    def rmdir(self, path: str) -> None:
        os.rmdir(self.place(path))

    def unlink(self, path: str) -> None:
        os.unlink(self.place(path))

    def chmod(self, path: str, mode: int) -> None:
        os.chmod(self.place(path), mode)

    def chown(self, path: str, user: int, group: int) -> None:
        os.lchown(self.place(path), user, group)

    def utimens(self, path: str, times: tuple[int, int]) -> None:
        os.utime(self.place(path), ns=times, follow_symlinks=False)

    def truncate(self, path: str, length: int, file: int | None = None) -> None:
        os.truncate(self.place(path) if file is None else file, length)

    # By open file

    def create(self, path: str, mode: int, _info: Any = None) -> int:
        return os.open(self.place(path), os.O_RDWR | os.O_CREAT, mode)

    def open(self, path: str, flags: int) -> int:
        return os.open(self.place(path), flags & ~(os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW))

    def read(self, _path: str, size: int, offset: int, file: int) -> bytes:
        return os.pread(file, size, offset)

    def write(self, _path: str, data: bytes, offset: int, file: int) -> int:
        return os.pwrite(file, data, offset)

    def flush(self, _path: str, _file: int) -> None:
        """Nothing is kept here."""

    def fsync(self, _path: str, _only_data: int, file: int) -> None:
        os.fsync(file)

    def release(self, _path: str, file: int) -> None:
        os.close(file)


def mount(real: Path, at: str, fuse: Callable[..., object] = mfusepy.FUSE) -> None:
    """Show `real` at the folder `at` until it is unmounted."""
    # One file has several names here: nothing may be remembered by its name.
    fuse(MacDisk(str(real)), at, foreground=True, nothreads=True, use_ino=True, attr_timeout=0, entry_timeout=0)


if __name__ == "__main__":
    mount(Path(sys.argv[1]).absolute(), sys.argv[2])
