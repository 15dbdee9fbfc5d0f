"""Retries work on the simulator's database while another process locks it, without blocking the event loop."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import TypeVar

import anyio

T = TypeVar("T")
LOCK_WAIT_SECONDS = 8.0
"""Shorter than a client waits for a read, so that the client gets the error."""

LOCK_RETRY_SECONDS = 0.02
log = logging.getLogger(__name__)


class LockedError(Exception):
    """Another process has locked the database for LOCK_WAIT_SECONDS. Nothing was done."""


async def retry_while_locked(work: Callable[[], Awaitable[T] | T]) -> T:
    """The result of `work`, which is repeated while SQLite reports a lock; it may write at most once.

    Raises LockedError after LOCK_WAIT_SECONDS.
    """
    until = anyio.current_time() + LOCK_WAIT_SECONDS
    logged = False
    while True:
        try:
            result = work()
            return await result if isawaitable(result) else result
        except sqlite3.OperationalError as error:
            if not _is_lock(error):
                raise
            if anyio.current_time() >= until:
                raise LockedError from error
        if not logged:
            logged = True
            log.info("another process has locked the simulated tasks; waiting for it")
        await anyio.sleep(LOCK_RETRY_SECONDS)


def _is_lock(error: sqlite3.OperationalError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
