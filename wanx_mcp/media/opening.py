"""One file or folder inside an allowed folder, opened so that a symlink put in its way leads nowhere."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wanx_mcp.limits.pictures import FILE_BYTES, MOST_NAMES, READ_PIECE_BYTES
from wanx_mcp.media.formats import Unfit
from wanx_mcp.settings.protected import privacy_advice

OUTSIDE = "lies outside the folders that pictures may come from"
_FOLDER, _STRANGE = "is a folder", "is no ordinary file"

_INSIDE = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
"""Whether a path can be walked folder by folder, so that a symlink put in its way leads nowhere."""

_STEP = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_LIST = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
# O_NONBLOCK: a FIFO that takes the file's place must not hang the server.
_READ = os.O_RDONLY
for _flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY", "O_NOINHERIT"):
    _READ |= getattr(os, _flag, 0)


def read_file(root: str, real: str, most: int) -> bytes:
    """The first `most` bytes of `real`, a place without symlinks under `root`. Raises Unfit, FileNotFoundError and
    NotADirectoryError."""
    try:
        with _opened(root, real) as file:
            _check(os.fstat(file))
            content = bytearray()
            while len(content) <= most and (chunk := os.read(file, min(READ_PIECE_BYTES, most + 1))):
                content += chunk
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        if error.errno == errno.EINVAL and os.name == "nt":  # a name that no file there can have
            raise FileNotFoundError from None
        if error.errno == errno.ELOOP:  # a symlink has taken its place since it was looked up
            raise Unfit(OUTSIDE, misplaced=True) from None
        raise Unfit(_unreadable(error, Path(real))) from None
    if len(content) > FILE_BYTES:
        raise Unfit(_too_large())
    if not content:
        raise Unfit("is an empty file")
    return bytes(content[:most])


def _unreadable(error: OSError, path: Path) -> str:
    words = os.strerror(error.errno or 0)
    if os.name == "nt" and error.errno == errno.EACCES:
        words += "; another program may have opened it"
    if advice := privacy_advice(error, path):
        words += f"; {advice}"
    return f"cannot be read ({words})"


def names_in(root: str, real: str) -> list[str]:
    """The names in the folder `real`, a place without symlinks under `root`; at most MOST_NAMES. Raises OSError."""
    if not _INSIDE:
        return sorted(os.listdir(real))[:MOST_NAMES]
    with _stepped(root, os.path.relpath(real, root).split(os.sep)) as here:
        folder = os.open(".", _LIST, dir_fd=here)
        try:
            return sorted(os.listdir(folder))[:MOST_NAMES]
        finally:
            os.close(folder)


@contextmanager
def _stepped(root: str, steps: list[str]) -> Iterator[int]:
    """The folder that those steps lead to from `root`, none of them a symlink, as a descriptor."""
    here = os.open(root, _STEP)
    try:
        for step in steps:
            there = os.open(step, _STEP, dir_fd=here)
            os.close(here)
            here = there
        yield here
    finally:
        os.close(here)


@contextmanager
def _opened(root: str, real: str) -> Iterator[int]:
    """The file `real`, a place without symlinks under `root`, as a descriptor."""
    if not _INSIDE:
        _check(os.stat(real))  # Windows calls a folder that is opened a lack of permission
        file = os.open(real, _READ)
        try:
            if os.path.realpath(real) != real or not os.path.samestat(os.fstat(file), os.stat(real)):
                raise Unfit(OUTSIDE, misplaced=True)
            yield file
        finally:
            os.close(file)
        return
    *steps, name = os.path.relpath(real, root).split(os.sep)
    with _stepped(root, steps) as here:
        _check(os.stat(name, dir_fd=here, follow_symlinks=False))  # a device may act on being opened
        file = os.open(name, _READ, dir_fd=here)
    try:
        yield file
    finally:
        os.close(file)


def _check(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise Unfit(_FOLDER)
    if stat.S_ISLNK(found.st_mode):
        raise Unfit(OUTSIDE, misplaced=True)
    if not stat.S_ISREG(found.st_mode):
        raise Unfit(_STRANGE)
    if found.st_size > FILE_BYTES:
        raise Unfit(_too_large())


def _too_large() -> str:
    return f"is larger than {FILE_BYTES // 1024 // 1024} MB"
