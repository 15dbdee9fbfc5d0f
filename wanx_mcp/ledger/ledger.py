"""The way into the ledger: opened when first needed, one thread, one border for everything SQLite can say."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import anyio.to_thread

from wanx_mcp.errors import LedgerUnusable

if TYPE_CHECKING:
    from wanx_mcp.ledger.book import Book

ResultT = TypeVar("ResultT")


class Ledger:
    """Orders and money on disk, safe for several processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._book: Book | None = None
        self._turn = threading.Lock()

    async def ask(self, question: Callable[[Book], ResultT]) -> ResultT:
        """Put `question` to the book, in a thread, one at a time.

        A caller that is cancelled stops waiting; the question is answered all the same. Raises LedgerUnusable.
        """
        return await anyio.to_thread.run_sync(self._ask, question, abandon_on_cancel=True)

    async def aclose(self) -> None:
        """Let go of the file."""
        if self._book is not None:
            await self.ask(lambda book: book.close())

    def _ask(self, question: Callable[[Book], ResultT]) -> ResultT:
        with self._turn, usable(self.path):
            if self._book is None:
                from wanx_mcp.ledger.book import Book
                from wanx_mcp.ledger.schema import open_file

                self._book = Book(open_file(self.path))
            return question(self._book)


@contextmanager
def usable(path: Path) -> Iterator[None]:
    """Translate what SQLite and the disk say of the ledger at `path` into LedgerUnusable, with the fix."""
    import sqlite3

    try:
        yield
    except sqlite3.Error as error:
        raise LedgerUnusable(f"the ledger {path} cannot be used ({error})", advice=_fix(str(error), path)) from error
    except OSError as error:
        raise LedgerUnusable(f"the ledger {path} cannot be used ({error.strerror})", advice=_fix("", path)) from error


def _fix(words: str, path: Path) -> str:
    if "not a database" in words or "malformed" in words or "no such" in words:
        return f"ask the user to move {path} aside (it is damaged; keep it) and to check the PiAPI task history"
    if "full" in words:
        return "ask the user to free some disk space"
    if "locked" in words:
        return "make the same call again; another process holds the ledger"
    return f"ask the user to make {path.parent} writable, or to set WANX_STATE_DIR to a folder that is"
