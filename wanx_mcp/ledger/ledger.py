"""The ledger: opened when first needed, used in one thread, with every error of SQLite translated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread

from wanx_mcp.errors import LedgerUnusable
from wanx_mcp.limits import LEDGER_SECONDS, LEDGER_TRY_SECONDS
from wanx_mcp.settings.protected import privacy_advice

if TYPE_CHECKING:
    from wanx_mcp.ledger.book import Book, Mark

ResultT = TypeVar("ResultT")


class LedgerLockedError(LedgerUnusable):
    """Another process holds the ledger at this moment."""


# not open --first question--> open --its file is moved, deleted or replaced--> left
#                                ^                                               |
#                                +----the same ledger lies in its place again----+
class Ledger:
    """Orders and money on disk, safe for several processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._book: Book | None = None
        self._file: tuple[int, int] | None = None
        self._mark: Mark | None = None
        self._thread: anyio.CapacityLimiter | None = None

    async def ask(self, question: Callable[[Book], ResultT]) -> ResultT:
        """Put `question` to the book, in a thread, one at a time. Raises LedgerUnusable.

        A question is one transaction: it is answered or has changed nothing. A caller that is cancelled gets the
        answer that is already on its way, or stops waiting for another process.
        """
        self._thread = self._thread or anyio.CapacityLimiter(1)
        deadline = anyio.current_time() + LEDGER_SECONDS
        while True:
            try:
                return await anyio.to_thread.run_sync(self._ask, question, limiter=self._thread)
            except LedgerLockedError:
                if anyio.current_time() > deadline:
                    raise
            await anyio.sleep(LEDGER_TRY_SECONDS / 4)

    async def aclose(self) -> None:
        """Let go of the file."""
        if self._book is not None:
            book, self._book = self._book, None
            self._thread = self._thread or anyio.CapacityLimiter(1)
            await anyio.to_thread.run_sync(book.close, limiter=self._thread)

    def _ask(self, question: Callable[[Book], ResultT]) -> ResultT:
        with usable(self.path):
            try:
                return question(self._opened())
            except Exception as error:
                if type(error).__module__ == "sqlite3" and "locked" not in str(error):
                    self._leave()  # SQLite does not always notice that a damaged file is whole again
                raise

    def _opened(self) -> Book:
        """The book, opened anew if another file lies in its place now. Raises LedgerUnusable where that is not the
        ledger that was used until now: it would not know what was ordered and spent."""
        there = _identity(self.path)
        if self._book is not None and there == self._file:
            return self._book
        self._leave()
        if there is None and self._mark is not None:
            raise LedgerUnusable(
                f"the ledger {self.path} was moved, deleted or emptied while this server was running", advice=_MOVED
            )
        from wanx_mcp.ledger.book import Book
        from wanx_mcp.ledger.schema import open_file

        book = Book(open_file(self.path, patience=LEDGER_TRY_SECONDS))
        if self._mark is not None and not book.continues(self._mark):
            book.close()
            raise LedgerUnusable(
                f"another ledger, or an older copy, has taken the place of {self.path} while this server was running",
                advice=_MOVED,
            )
        self._book, self._file = book, _identity(self.path)
        return book

    def _leave(self) -> None:
        """Close a book whose file is elsewhere by now. It is never asked again: SQLite finds journals by their path,
        and would apply the journal of whatever lies there now."""
        if self._book is not None:
            self._mark = self._book.mark
            book, self._book = self._book, None
            book.close()


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file lies at `path`, None if none does, or one without any content."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino) if found.st_size else None


_MOVED = (
    "ask the user to put the former file back, then this server goes on by itself; only if its orders and spending may "
    "be forgotten, restart this server: it then uses the file that is there, or begins a new one"
)


@contextmanager
def usable(path: Path) -> Iterator[None]:
    """Translate what SQLite and the disk say of the ledger at `path` into LedgerUnusable, with the fix."""
    import sqlite3

    try:
        yield
    except sqlite3.Error as error:
        kind = LedgerLockedError if "locked" in str(error) else LedgerUnusable
        raise kind(f"the ledger {path} cannot be used ({error})", advice=_fix(str(error), path)) from error
    except OSError as error:
        advice = privacy_advice(error, path) or _fix(error.strerror or "", path)
        raise LedgerUnusable(f"the ledger {path} cannot be used ({error.strerror})", advice=advice) from error


def _fix(words: str, path: Path) -> str:
    if "not a database" in words or "malformed" in words or "no such table" in words or "no such column" in words:
        return f"ask the user to move {path} aside (it is damaged; keep it) and to check the PiAPI task history"
    if "full" in words or "No space" in words or "quota" in words:
        return "ask the user to free some disk space; the ledger itself is in order"
    if "locked" in words:
        return "make the same call again; another process holds the ledger"
    if "Is a directory" in words:
        return f"ask the user to move the folder {path} away: a file belongs in its place"
    return f"ask the user to make {path.parent} writable, or to set WANX_STATE_DIR to a folder that is"
