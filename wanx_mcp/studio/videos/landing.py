"""Putting a fetched video in its place and renaming it, so that a process that dies in between leaves it findable."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import anyio.to_thread

from wanx_mcp.clock import Clock
from wanx_mcp.ledger import Copy
from wanx_mcp.media.naming import SUFFIX
from wanx_mcp.media.publishing import once_free
from wanx_mcp.media.shelf import Part, candidates, rename, too_many

# The place is noted in the ledger first, then the file is put there, then the ledger notes that it is there. Whoever
# finds the first note alone looks at the place: either the whole file is there, or nothing of it.
BLOCK_BYTES = 1024 * 1024

Note = Callable[[Path], Awaitable[None]]
"""Notes the place where the file is about to be put."""


async def land(clock: Clock, part: Part, stem: str, note: Note) -> Path:
    """Give the part file its name, or that name with a number where it is taken. Raises OSError, and the errors of
    `note`."""
    return await _placed(clock, part.move_to, part.folder, stem, note)


async def move(clock: Clock, old: Path, stem: str, note: Note) -> Path:
    """Rename a saved file in its folder; another file is never replaced. Raises OSError, and the errors of `note`."""

    def to(path: Path) -> None:
        rename(old, path)

    return await _placed(clock, to, old.parent, stem, note, old)


async def _placed(
    clock: Clock, put: Callable[[Path], None], folder: Path, stem: str, note: Note, old: Path | None = None
) -> Path:
    for path in candidates(folder, stem, SUFFIX):
        if path == old:
            return path  # it has that name already, perhaps with a number
        if await anyio.to_thread.run_sync(os.path.lexists, path):
            continue
        await note(path)
        with suppress(FileExistsError):
            await once_free(clock, partial(put, path))
            return path
    raise too_many(path)


def has_landed(landing: Copy) -> bool:
    """Whether the whole file is at the place that was noted for it. An empty file there, which only claims the name, is
    removed. Raises OSError."""
    path = Path(landing.path)
    try:
        size = path.lstat().st_size
    except FileNotFoundError:
        return False
    if size == 0 and landing.bytes:
        path.unlink()
    return size == landing.bytes and _sha256(path) == landing.sha256


def finish_move(copy: Copy) -> bool:
    """Carry a renaming that was begun to its end, if the file has its new name. Raises OSError."""
    old, new = Path(copy.path), Path(copy.moving_to or "")
    if not copy.moving_to or not new.is_file():
        return False
    if old.is_file():
        if not old.samefile(new):
            return False  # another file was quicker to take the name
        old.unlink()
    return new.stat().st_size == copy.bytes


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
