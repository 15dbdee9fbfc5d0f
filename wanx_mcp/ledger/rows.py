"""The ledger's rows over one SQLite connection: questions with named values, transactions, rows as entries."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from wanx_mcp.ledger.entry import Copy, Entry, Found, State

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIELDS = tuple(field.name for field in fields(Entry))
_TIMES = tuple(name for name in _FIELDS if name.endswith("_at"))

OWNER = "(select owner from identity where account = :account)"
"""The owner of the orders that the key with the hash `account` may see: several keys can belong to one account."""

ENTRY = "entry.*, (select path from saved where saved.owner = entry.owner and saved.task_id = entry.task_id) as copied"
ALIVE = f"state not in ('{State.DECLINED}', '{State.RELEASED}')"
DOUBTFUL = f"state in ('{State.INTENDED}', '{State.UNKNOWN}')"


class Rows:
    """The connection, and the few ways in which the ledger's questions use it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def change(self, statement: str, **values: Any) -> int:
        """Carry out `statement`. Returns how many rows it changed."""
        return self._db.execute(statement, values).rowcount

    def number(self, query: str, **values: Any) -> int:
        """The single number that `query` asks for; 0 where there is no row."""
        row = self._db.execute(query, values).fetchone()
        return int(row[0]) if row and row[0] is not None else 0

    def entries(self, where: str, order: str = "number desc", limit: int = -1, **values: Any) -> list[Entry]:
        """The entries for which `where` holds."""
        query = f"select {ENTRY} from entry where {where} order by {order} limit :limit"  # noqa: S608
        return [read_entry(row) for row in self._db.execute(query, {**values, "limit": limit})]

    def newest(self, where: str, **values: Any) -> Entry | None:
        """The newest entry for which `where` holds."""
        found = self.entries(where, limit=1, **values)
        return found[0] if found else None

    def entry(self, number: int) -> Entry | None:
        """The entry with that number."""
        return self.newest("number = :number", number=number)

    def must(self, number: int) -> Entry:
        """The entry with that number, which is known to exist."""
        found = self.entry(number)
        if found is None:
            raise LookupError(number)
        return found

    def find(self, account: str, task_id: str) -> Entry | None:
        """The entry of that task."""
        return self.newest(f"owner = {OWNER} and task_id = :task_id", account=account, task_id=task_id)

    def knows(self, task_id: str) -> bool:
        """Whether any order of this ledger, whoever's, has that task."""
        return self.newest("task_id = :task_id", task_id=task_id) is not None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and nobody can come in between."""
        self._db.execute("begin immediate")
        try:
            yield
            self._db.execute("commit")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise


def millis(date: datetime | None) -> int | None:
    """`date` in unix milliseconds."""
    return None if date is None else (date - _EPOCH) // timedelta(milliseconds=1)


def moment(date: int | None) -> datetime | None:
    """Unix milliseconds as a date in UTC."""
    return None if date is None else _EPOCH + timedelta(milliseconds=date)


def read_entry(row: sqlite3.Row) -> Entry:
    """A row of the table as an entry."""
    values = {name: value for name, value in dict(row).items() if name in _FIELDS}
    # Ledgers from before there was a table of copies have some paths in the entry itself.
    values["saved_path"] = row["copied"] or row["saved_path"]
    values |= {name: moment(row[name]) for name in _TIMES}
    values["arguments"] = json.loads(row["arguments"])
    values["delivered"] = json.loads(row["delivered"] or "{}")
    values["landing"] = None if row["landing"] is None else Copy(**json.loads(row["landing"]))
    values["found"] = None if row["found"] is None else Found(row["found"])
    return Entry(**{**values, "state": State(row["state"])})
