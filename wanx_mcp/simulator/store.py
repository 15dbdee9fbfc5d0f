"""The simulated provider's storage: SQLite, so that tasks survive a restart and processes share them."""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from wanx_mcp.simulator.life import Plan, SimulatedTask

_SCHEMA = """
create table if not exists task (
    number integer primary key autoincrement,
    task_id text not null unique,
    created_at real not null,
    document text not null
)
"""
_FILES = "create table if not exists file (name text primary key, created_at real not null, content blob not null)"


class Store:
    """Tasks by id, in the order of their creation. Without a path they are in memory only.

    `timeout` is how many seconds a call blocks while another process has locked the file.
    """

    def __init__(self, path: Path | None = None, *, timeout: float = 10) -> None:
        self._webhook_secrets: dict[str, str] = {}
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False, timeout=timeout)
        try:
            self._db.execute(_SCHEMA)
            self._db.execute(_FILES)
        except sqlite3.Error:
            self._db.close()
            raise

    def close(self) -> None:
        self._db.close()

    def save(self, task: SimulatedTask) -> None:
        """Store `task`, new or changed; the secret of its webhook stays in memory."""
        if secret := task.webhook.get("secret"):
            self._webhook_secrets[task.task_id] = secret
            task = replace(task, config={"webhook_config": {**task.webhook, "secret": ""}})
        self._db.execute(
            "insert into task (task_id, created_at, document) values (?, ?, ?) "
            "on conflict (task_id) do update set document = excluded.document",
            (task.task_id, task.created_at.timestamp(), json.dumps(asdict(task), default=datetime.isoformat)),
        )

    def find(self, task_id: str) -> SimulatedTask | None:
        """The task with that id."""
        row = self._db.execute("select document from task where task_id = ?", (task_id,)).fetchone()
        return self._whole(_task(json.loads(row[0]))) if row else None

    def all(self) -> list[SimulatedTask]:
        """Every task, the oldest first."""
        rows = self._db.execute("select document from task order by number").fetchall()
        return [_task(json.loads(row[0])) for row in rows]

    def _whole(self, task: SimulatedTask) -> SimulatedTask:
        secret = self._webhook_secrets.get(task.task_id)
        return replace(task, config={"webhook_config": {**task.webhook, "secret": secret}}) if secret else task

    def forget(self, task_id: str) -> None:
        """Delete the task, as the provider does with old ones."""
        self._db.execute("delete from task where task_id = ?", (task_id,))

    def keep_file(self, name: str, content: bytes, now: datetime, life: timedelta) -> None:
        """Store an uploaded file, and delete those that are older than `life`."""
        self._db.execute("delete from file where created_at <= ?", ((now - life).timestamp(),))
        self._db.execute("insert into file values (?, ?, ?)", (name, now.timestamp(), content))

    def find_file(self, name: str, since: datetime) -> bytes | None:
        """The file of that name, if it was uploaded after `since`."""
        query = "select content from file where name = ? and created_at > ?"
        row = self._db.execute(query, (name, since.timestamp())).fetchone()
        return bytes(row[0]) if row else None

    def count(self) -> int:
        """How many tasks there are."""
        (number,) = self._db.execute("select count(*) from task").fetchone()
        return int(number)


def _task(document: dict[str, Any]) -> SimulatedTask:
    cancelled = document["cancelled_at"]
    return SimulatedTask(
        **{
            **document,
            "created_at": datetime.fromisoformat(document["created_at"]),
            "cancelled_at": datetime.fromisoformat(cancelled) if cancelled else None,
            "plan": Plan(**document["plan"]),
            "quirks": tuple(document.get("quirks", ())),
        }
    )
