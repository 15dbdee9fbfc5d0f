"""Gives a finished file its name, also where a virus scanner or a backup program opens the file as soon as it is
written."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import anyio.to_thread

from wanx_mcp.clock import Clock
from wanx_mcp.limits.videos import HELD_PAUSE_SECONDS, HELD_SECONDS
from wanx_mcp.media.shelf import Part, kept_already

ResultT = TypeVar("ResultT")
# ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION
_WINDOWS_CODES = (5, 32, 33)
# Windows' own errors arrive as EACCES; network drives report the same as EBUSY or ETXTBSY on other systems.
_CODES = (errno.EACCES, errno.EPERM, errno.EBUSY, errno.ETXTBSY)


def is_held(error: OSError) -> bool:
    """Whether `error` may come from another program that has opened the file, and so may go away."""
    return getattr(error, "winerror", None) in _WINDOWS_CODES or error.errno in _CODES


async def once_free(clock: Clock, work: Callable[[], ResultT]) -> ResultT:
    """The result of `work` in a thread. It is repeated for HELD_SECONDS while another program holds its file.

    Raises OSError.
    """
    until = clock.seconds() + HELD_SECONDS
    while True:
        try:
            return await anyio.to_thread.run_sync(work)
        except OSError as error:
            if not is_held(error) or clock.seconds() >= until:
                raise
        await clock.sleep(HELD_PAUSE_SECONDS)


async def publish(clock: Clock, part: Part, stem: str, suffix: str) -> Path:
    """Give the whole file its name (see Part.publish). Raises OSError."""
    return await once_free(clock, lambda: part.publish(stem, suffix))


async def keep(clock: Clock, folder: Path, stem: str, suffix: str, content: bytes) -> Path:
    """A small file with that content, numbered where the name is taken by another content. Raises OSError."""
    if (path := await once_free(clock, lambda: kept_already(folder, stem, suffix, content))) is not None:
        return path
    part = await anyio.to_thread.run_sync(Part, folder)
    try:
        part.write([content])
        return await publish(clock, part, stem, suffix)
    finally:
        part.discard()
