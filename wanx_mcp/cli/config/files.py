"""A host's file on disk: read in any encoding that editors leave behind, replaced as a whole, with a backup."""

from __future__ import annotations

import codecs
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from wanx_mcp.cli.config.formats import Unreadable

LARGEST_BYTES = 50_000_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Changed(Exception):
    """Another program has changed the file since it was read."""


@dataclass(frozen=True, slots=True)
class Text:
    """A file as it was read. `raw` is None if there was none; `encoding` is what hosts cannot read, if it is that."""

    raw: bytes | None
    text: str
    encoding: str | None = None


def read(path: Path) -> Text:
    """The text of `path`, with any byte order mark removed; a file that does not exist is empty.

    Raises Unreadable, and OSError.
    """
    if not path.exists():
        return Text(None, "")
    if not path.is_file():
        raise Unreadable("it is not a regular file")
    if path.stat().st_size > LARGEST_BYTES:
        raise Unreadable(f"it is larger than {LARGEST_BYTES // 1_000_000} MB")
    raw = path.read_bytes()
    mark, encoding = _encoding(raw)
    try:
        text = raw[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(f"it is not {encoding.upper()} text (byte {error.start})") from None
    if "\0" in text:  # PowerShell's >> appends UTF-16 to a file of any encoding
        raise Unreadable("a part of it is UTF-16, as PowerShell's >> writes it; remove that part")
    named = f"{encoding.upper()} with a byte order mark" if mark else encoding.upper()
    return Text(raw, text, None if not mark and encoding == "utf-8" else named)


def _encoding(raw: bytes) -> tuple[bytes, str]:
    """The byte order mark that `raw` begins with, which may be empty, and the encoding."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return mark, encoding
    # All of these formats begin with an ASCII character: a zero byte beside it shows UTF-16 without a mark.
    if raw[1:2] == b"\0" and raw[1::2].count(0) > len(raw) // 4:
        return b"", "utf-16-le"
    if raw[:1] == b"\0" and raw[::2].count(0) > len(raw) // 4:
        return b"", "utf-16-be"
    return b"", "utf-8"


def replace(path: Path, before: Text, text: str) -> Path | None:
    """Write `text` as UTF-8 in the place of `before`, and return its backup, None if there was no file.

    A symlink stays, and the file that it leads to is replaced. Raises Changed, and OSError.
    """
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    # Owner-only from the first byte on: the file may contain a key.
    number, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(number, "wb") as stream:
            stream.write(text.encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())
        if before.raw is not None:
            _like(temporary, target)
        if (target.read_bytes() if target.exists() else None) != before.raw:
            raise Changed
        backup = None if before.raw is None else _backup(target, before.raw)
        os.replace(temporary, target)
        return backup
    finally:
        temporary.unlink(missing_ok=True)


def _backup(target: Path, raw: bytes) -> Path:
    """A copy of the file beside it, under a name that no other file has."""
    stamp = f"{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    for count in range(1000):
        backup = target.with_name(f"{target.name}.{stamp}{f'-{count}' if count else ''}.bak")
        with suppress(FileExistsError):
            number = os.open(backup, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
            with os.fdopen(number, "wb") as stream:
                stream.write(raw)
            _like(backup, target)
            return backup
    raise FileExistsError(f"there are too many backups of {target}")


def _like(new: Path, old: Path) -> None:
    """Give `new` the permissions and, where this user may, the owner of `old`."""
    shutil.copymode(old, new)
    if sys.platform != "win32":
        with suppress(OSError):
            os.chown(new, old.stat().st_uid, old.stat().st_gid)
