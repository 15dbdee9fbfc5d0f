"""The output folder: part files that never outlive their process, and finished files that never replace another."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from wanx_mcp.limits.videos import (
    MOST_SAME_NAMES,
    OWN_PART_SETTLED_SECONDS,
    PART_SETTLED_SECONDS,
    WINDOWS_PATH_CHARACTERS,
)

PART = ".wanx-{process}-{mark}.part"
PARTS = ".wanx-*.part"

_NO_LINKS = (errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)


class Part:
    """A file under way. Locked while it is open: whoever gets the lock knows that its owner is dead."""

    def __init__(self, folder: Path, video: str = "") -> None:
        """Make the folder and the file; `video` marks the file's name. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        self.folder = folder
        self.path = folder / PART.format(process=os.getpid(), mark=video + secrets.token_hex(6))
        self._file = os.fdopen(os.open(self.path, flags, 0o666), "w+b", buffering=0)
        self.size = 0
        self._digest = hashlib.sha256()
        with suppress(OSError):  # a file system without locks: there, age alone protects the file
            _lock(self._file.fileno())
        if sys.platform == "win32":
            _hide(self.path, hidden=True)  # elsewhere the dot does

    @property
    def sha256(self) -> str:
        """The digest of what has been written."""
        return self._digest.hexdigest()

    def write(self, pieces: Sequence[bytes]) -> None:
        """Append. Raises OSError, for instance for a full disk."""
        for piece in pieces:
            rest = memoryview(piece)
            while rest:  # an unbuffered file may take less than it was given
                rest = rest[self._file.write(rest) :]
            self._digest.update(piece)
            self.size += len(piece)

    def write_at(self, offset: int, content: bytes) -> None:
        """Write at any place; `seal` has to follow. Raises OSError."""
        self._file.seek(offset)
        rest = memoryview(content)
        while rest:
            rest = rest[self._file.write(rest) :]
        self.size = max(self.size, offset + len(content))

    def seal(self) -> None:
        """Take the digest of what lies in the file. Raises OSError."""
        self._file.seek(0)
        self._digest = hashlib.sha256()
        while block := self._file.read(1 << 20):
            self._digest.update(block)

    def restart(self) -> None:
        """Forget what was written."""
        self._file.seek(0)
        self._file.truncate()
        self.size, self._digest = 0, hashlib.sha256()

    def publish(self, stem: str, suffix: str) -> Path:
        """Give the whole file its name, or that name with a number where it is taken; another file is never
        replaced. Raises OSError, and can then be called again."""
        for path in candidates(self.folder, stem, suffix):
            with suppress(FileExistsError):
                self.move_to(path)
                return path
        raise too_many(path)

    def move_to(self, path: Path) -> None:
        """Give the whole file that name. Raises FileExistsError where it is taken, and OSError; it can be called again
        then."""
        if not self._file.closed:
            os.fsync(self._file.fileno())
        if sys.platform == "win32":
            self._file.close()  # an open file cannot be renamed there
            _hide(self.path, hidden=False)  # the attribute would go with the file
        rename(self.path, path)
        self._file.close()

    def keep_open(self) -> None:
        """Guard the file against `sweep` again, after a `publish` that failed."""
        if self._file.closed:
            with suppress(OSError):
                self._file = self.path.open("r+b", buffering=0)

    def discard(self) -> None:
        """Leave nothing behind. Harmless after `publish`."""
        self._file.close()
        with suppress(OSError):
            self.path.unlink()


def kept_already(folder: Path, stem: str, suffix: str, content: bytes) -> Path | None:
    """The file of that name, or of that name with a number, that has this content. Raises OSError."""
    for path in candidates(folder, stem, suffix):
        if not path.exists():
            break
        if path.stat().st_size == len(content) and path.read_bytes() == content:
            return path
    return None


def find_same(folder: Path, stem: str, suffix: str, size: int, sha256: str) -> Path | None:
    """The file of that name, or that name with a number, that has this very content. Raises OSError."""
    for path in candidates(folder, stem, suffix):
        if not path.exists():
            return None
        if is_unchanged(path, size, sha256):
            return path
    return None


def is_unchanged(path: Path, size: int, sha256: str) -> bool:
    """Whether there is a file of that size and content. A path that cannot be spelt here leads to none."""
    digest = hashlib.sha256()
    try:
        if path.stat().st_size != size:
            return False
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except (OSError, ValueError):
        return False
    return digest.hexdigest() == sha256


def candidates(folder: Path, stem: str, suffix: str) -> Iterator[Path]:
    """The path of that name, then those with a number."""
    yield folder / f"{stem}{suffix}"
    for number in range(2, MOST_SAME_NAMES):
        yield folder / f"{stem}-{number}{suffix}"


def check_name(folder: Path, stem: str, suffix: str) -> None:
    """Find out whether a file in `folder` can have that name, before anything is fetched for it. Raises OSError."""
    longest = folder / f"{stem}-{MOST_SAME_NAMES - 1}{suffix}"
    if sys.platform == "win32" and len(str(longest)) >= WINDOWS_PATH_CHARACTERS:
        _try_path(longest)
        return
    with suppress(FileNotFoundError):
        os.lstat(longest)


def _try_path(path: Path) -> None:
    """Make a file at `path` and remove it again. Raises OSError, with ENAMETOOLONG where Windows has no such path."""
    # Whether paths can be longer than WINDOWS_PATH_CHARACTERS depends on a policy of the machine and on the program. To
    # look for one that is too long says only that there is no such file.
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        if path.parent.is_dir():
            return
        raise
    except FileNotFoundError as error:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), str(path)) from error
    path.unlink()


def too_many(path: Path) -> FileExistsError:
    """No candidate is free; `path` is the last one."""
    return FileExistsError(errno.EEXIST, "a thousand files of that name exist", str(path))


def sweep(folder: Path, video: str = "") -> None:
    """Remove the part files of processes that have died; those of `video` also if they are young."""
    for path in folder.glob(PARTS):
        with suppress(OSError):
            settled = OWN_PART_SETTLED_SECONDS if video and f"-{video}" in path.name else PART_SETTLED_SECONDS
            if time.time() - path.lstat().st_mtime > settled and _abandoned(path):
                path.unlink()


def rename(old: Path, new: Path) -> None:
    """Rename without replacing. Raises FileExistsError."""
    if os.name == "nt":
        os.rename(old, new)  # refuses by itself to replace a file there
        return
    try:
        os.link(old, new)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY))  # claims the name, where there are no hard links
        try:
            os.replace(old, new)
        except OSError:
            new.unlink()  # an empty file of ours: this is tried again
            raise
        return
    old.unlink()


def _hide(path: Path, *, hidden: bool) -> None:
    """Set or remove the attribute of Windows that keeps a file out of sight."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.kernel32.SetFileAttributesW(str(path), 0x02 if hidden else 0x80)  # hidden, or nothing special


def _lock(file: int) -> None:
    """Lock, or raise OSError at once. On Windows an open file cannot be deleted, which serves as well."""
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _abandoned(path: Path) -> bool:
    file = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    try:
        _lock(file)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(file)
