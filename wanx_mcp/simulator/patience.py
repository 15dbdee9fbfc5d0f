"""Waiting for the simulator's file while another process holds it, without holding up anything else."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

T = TypeVar("T")
PATIENCE_SECONDS = 8.0
"""Less than a client waits for a read, so that it hears why."""

PAUSE_SECONDS = 0.02
log = logging.getLogger(__name__)


class LockedError(Exception):
    """Another process holds the file, and has held it all the while. Nothing was done."""


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """What `work` makes, which may write once and is done again while SQLite, which waits for nobody here, refuses it.

    Raises LockedError after PATIENCE_SECONDS.
    """
    until = anyio.current_time() + PATIENCE_SECONDS
    told = False
    while True:
        try:
            return await work()
        except sqlite3.OperationalError as error:
            if not _is_lock(error):
                raise
            if anyio.current_time() >= until:
                raise LockedError from error
        if not told:
            told = True
            log.info("another process holds the file of the simulated tasks; waiting for it")
        await anyio.sleep(PAUSE_SECONDS)


def _is_lock(error: sqlite3.OperationalError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
