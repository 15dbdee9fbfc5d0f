"""Real processes, other times: the ledger and the provider are aged alike, as if so much time had gone by."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from .conftest import House
from .upstream import Upstream


def age(house: House, upstream: Upstream | None, minutes: float) -> None:
    """Everything that is written down is `minutes` older than it was."""
    age_ledger(house.state / "ledger.sqlite3", minutes * 60)
    if upstream is not None:
        upstream.age(minutes * 60)


def age_ledger(path: Path, seconds: float) -> None:
    """All times in the ledger: the integer columns whose names end in _at."""
    with closing(sqlite3.connect(path, timeout=60)) as db, db:
        tables = [row[0] for row in db.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            for _, column, kind, *_ in db.execute(f"pragma table_info({table})").fetchall():
                if column.endswith("_at") and kind.lower() == "integer":
                    db.execute(f"update {table} set {column} = {column} - ?", (round(seconds * 1000),))
