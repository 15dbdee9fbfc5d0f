"""Local pictures: found only under the folders that the operator names, and opened so that nothing else can be."""

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from wanx_mcp.media.formats import Unfit

MAX_FILE_BYTES = 40 * 1024 * 1024
"""A camera's JPEG can be large; it is scaled down before it is sent."""

LONGEST_PATH = 4096
_CHUNK = 1024 * 1024

# Two slashes of either kind lead to another host or to a device (UNC, \\?\, \\.\), whatever this platform is.
_FOREIGN = re.compile(r"\s*(?:[\\/]{2}|[\\/]\?\?[\\/])")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(?:[.:].*)?", re.IGNORECASE)
_OUTSIDE = "lies outside the folders that pictures may come from"
_MISSING = "names no file in the folders that pictures may come from"
_FOLDER, _STRANGE = "is a folder", "is no ordinary file"

_INSIDE = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
"""Whether a path can be walked folder by folder, so that a symlink put in its way leads nowhere."""

_STEP = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
# O_NONBLOCK: a FIFO that takes the file's place must not hang the server.
_READ = os.O_RDONLY
for _flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY", "O_NOINHERIT"):
    _READ |= getattr(os, _flag, 0)


def read_local(spelled: str, folders: Sequence[Path]) -> bytes:
    """The content of the file that `spelled` names under one of `folders`. Raises Unfit.

    A path outside gets the same words whether it exists or not. Symlinks are followed as long as they stay inside.
    """
    check_path(spelled)
    roots = [os.path.realpath(folder) for folder in folders]
    found = list(_places(spelled, folders, roots))
    if not found:
        raise Unfit(_OUTSIDE, misplaced=True)
    strayed = False
    for place in found:
        try:
            real = os.path.realpath(place)
        except OSError:  # a symlink went away while it was followed
            continue
        root = next((root for root in roots if _within(real, root)), None)
        if root is None:
            strayed = True
            continue
        with suppress(FileNotFoundError, NotADirectoryError):
            return _read(root, real)
    raise Unfit(_OUTSIDE if strayed else _MISSING, misplaced=True)


def check_path(spelled: str) -> None:
    """Refuse by spelling alone, before any file-system call, what can only lead elsewhere. Raises Unfit."""
    if _FOREIGN.match(spelled):
        raise Unfit("is a network or device path, which is never opened", misplaced=True)
    if len(spelled) > LONGEST_PATH:
        raise Unfit("is neither a link, nor a picture in base64, nor a path", misplaced=True)
    if any(ord(char) < 32 or ord(char) == 127 for char in spelled):
        raise Unfit("holds control characters, which no path here has", misplaced=True)
    if os.name == "nt":
        drive, rest = os.path.splitdrive(spelled)
        if ":" in rest or (drive and not os.path.isabs(spelled)):
            raise Unfit(_OUTSIDE, misplaced=True)
        if any(_RESERVED.fullmatch(part) for part in re.split(r"[\\/]", rest)):
            raise Unfit("is a network or device path, which is never opened", misplaced=True)


def _places(spelled: str, folders: Sequence[Path], roots: Sequence[str]) -> Iterator[str]:
    """Where the file may be: the path as written, or the name in each folder, in both spellings of its accents."""
    path = spelled
    if re.match(r"~(?:[\\/]|$)" if os.name == "nt" else r"~(?:/|$)", spelled):
        with suppress(RuntimeError):
            path = str(Path.home()) + spelled[1:]
    for form in dict.fromkeys((path, unicodedata.normalize("NFC", path), unicodedata.normalize("NFD", path))):
        for folder, root in zip(map(os.path.abspath, folders), roots, strict=True):
            place = os.path.normpath(os.path.join(folder, form))
            if _within(place, folder):
                yield os.path.join(root, os.path.relpath(place, folder))
            elif _within(place, root):
                yield place


def _within(path: str, root: str) -> bool:
    path, root = os.path.normcase(path), os.path.normcase(root)
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def _read(root: str, real: str) -> bytes:
    try:
        with _opened(root, real) as file:
            _check(os.fstat(file))
            content = bytearray()
            while len(content) <= MAX_FILE_BYTES and (chunk := os.read(file, _CHUNK)):
                content += chunk
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        if error.errno == errno.ELOOP:  # a symlink has taken its place since it was looked up
            raise Unfit(_OUTSIDE, misplaced=True) from None
        raise Unfit(f"cannot be read ({os.strerror(error.errno or 0)})") from None
    if len(content) > MAX_FILE_BYTES:
        raise Unfit(_too_large())
    if not content:
        raise Unfit("is an empty file")
    return bytes(content)


@contextmanager
def _opened(root: str, real: str) -> Iterator[int]:
    """The file `real`, a place without symlinks under `root`, as a descriptor."""
    if not _INSIDE:
        file = os.open(real, _READ)
        try:
            if os.path.realpath(real) != real or not os.path.samestat(os.fstat(file), os.stat(real)):
                raise Unfit(_OUTSIDE, misplaced=True)
            yield file
        finally:
            os.close(file)
        return
    *steps, name = os.path.relpath(real, root).split(os.sep)
    here = os.open(root, _STEP)
    try:
        for step in steps:
            there = os.open(step, _STEP, dir_fd=here)
            os.close(here)
            here = there
        _check(os.stat(name, dir_fd=here, follow_symlinks=False))  # a device may act on being opened
        file = os.open(name, _READ, dir_fd=here)
    finally:
        os.close(here)
    try:
        yield file
    finally:
        os.close(file)


def _check(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise Unfit(_FOLDER)
    if stat.S_ISLNK(found.st_mode):
        raise Unfit(_OUTSIDE, misplaced=True)
    if not stat.S_ISREG(found.st_mode):
        raise Unfit(_STRANGE)
    if found.st_size > MAX_FILE_BYTES:
        raise Unfit(_too_large())


def _too_large() -> str:
    return f"is larger than {MAX_FILE_BYTES // 1024 // 1024} MB"
