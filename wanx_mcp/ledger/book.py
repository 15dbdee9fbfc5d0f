"""The ledger's book: every question and every change, one transaction each. Synchronous; `Ledger` is the way in."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from wanx_mcp.ledger.copies import Copies
from wanx_mcp.ledger.entry import Entry, State
from wanx_mcp.ledger.leases import Leases
from wanx_mcp.ledger.rows import ALIVE, DOUBTFUL, OWNER
from wanx_mcp.ledger.settling import Settling


@dataclass(frozen=True, slots=True)
class Mark:
    """What tells one ledger from another, and from an older copy of itself."""

    salt: bytes
    highest: int


class Book(Settling, Copies, Leases):
    """Orders and money in one SQLite connection. `account` is always the hash of a key."""

    def __init__(self, db: sqlite3.Connection) -> None:
        super().__init__(db)
        try:
            self._salt = bytes(db.execute("select salt from secret").fetchone()[0])
            self.highest = self.number("select seq from sqlite_sequence where name = 'entry'")
        except sqlite3.Error:
            db.close()
            raise

    @property
    def mark(self) -> Mark:
        """Which ledger this is, and how far it has come as far as this process knows."""
        return Mark(self._salt, self.highest)

    def continues(self, mark: Mark) -> bool:
        """Whether this is the ledger of that mark, with all its orders."""
        return self._salt == mark.salt and self.highest >= mark.highest

    def damage(self) -> str | None:
        """What SQLite finds wrong with the file, None if nothing."""
        (word,) = self._db.execute("pragma quick_check(1)").fetchone()
        return None if word == "ok" else str(word).splitlines()[0]

    def count(self, account: str) -> int:
        """How many orders the account has, without the declined and released ones."""
        return self.number(f"select count(*) from entry where owner = {OWNER} and {ALIVE}", account=account)  # noqa: S608

    def page(self, account: str | None, statuses: Sequence[str], below: int | None, limit: int) -> list[Entry]:
        """Up to `limit` entries, newest first, numbered under `below`; declined and released ones are left out."""
        wanted = {f"status{index}": status for index, status in enumerate(statuses)}
        doubtful = f" or {DOUBTFUL}" if State.UNKNOWN in statuses else ""
        chosen = f"and (status in ({', '.join(f':{name}' for name in wanted)}){doubtful})" if wanted else ""
        mine = f"owner = {OWNER} and" if account else ":account is null and"
        start = 2**62 if below is None else below
        return self.entries(
            f"{mine} {ALIVE} and number < :below {chosen}", limit=limit, account=account, below=start, **wanted
        )
