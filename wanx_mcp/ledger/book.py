"""The ledger's rows: every question and every change, one transaction each. Synchronous; `Ledger` is the way in."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from wanx_mcp.ledger.entry import OPEN, Copy, Draft, Entry, Intention, Observation, Spending, State

WINDOW = timedelta(hours=24)
REPEAT_WINDOW = timedelta(minutes=2)
DURATIONS_WINDOW = 500
"""How far back (in orders) the durations of a task type are looked for."""
_BLANK = "booked = reserved, charged = null, video_url = null, error_message = null, started_at = null, ended_at = null"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENTRY = (
    "entry.*, (select path from saved where saved.account = entry.account and saved.task_id = entry.task_id) as copied"
)


class Book:
    """Orders and money in one SQLite connection."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def close(self) -> None:
        self._db.close()

    def damage(self) -> str | None:
        """What SQLite finds wrong with the file, None if nothing."""
        (word,) = self._db.execute("pragma quick_check(1)").fetchone()
        return None if word == "ok" else str(word).splitlines()[0]

    def account(self, origin: str, key: str) -> str:
        """A name for whose orders these are, from which the key cannot be told."""
        (salt,) = self._db.execute("select salt from secret").fetchone()
        return hmac.new(salt, f"{origin}\0{key}".encode(), hashlib.sha256).hexdigest()[:32]

    def spending(self, now: datetime, limit: int | None) -> Spending:
        """What is booked in the last 24 hours, over all accounts; an entry dated in the future counts."""
        since = _millis(now - WINDOW)
        query = "select coalesce(sum(booked), 0) from entry where created_at > ?"
        return Spending(int(self._db.execute(query, (since,)).fetchone()[0]), limit)

    def last_charge(self, account: str, task_type: str) -> int:
        """Points of the last task of that type that cost anything, or 0."""
        query = (
            "select charged from entry where account = ? and task_type = ? and charged > 0 order by number desc limit 1"
        )
        row = self._db.execute(query, (account, task_type)).fetchone()
        return int(row[0]) if row else 0

    def intend(self, draft: Draft, limit: int | None) -> Intention | Entry | Spending:
        """Write the intention, if neither an earlier order nor the budget stands against it.

        Returns the intention, the earlier entry that this one repeats or that forbids it, or the spending that
        leaves no room. One transaction: nobody can come in between.
        """
        with self._transaction():
            if earlier := self._earlier(draft):
                return earlier
            # Booked is the larger of what was asked and what such a task last cost.
            points = max(draft.points, self.last_charge(draft.account, draft.task_type))
            spending = self.spending(draft.created_at, limit)
            if not spending.allows(points):
                return replace(spending, asked=points)
            values = {
                "account": draft.account,
                "state": State.INTENDED,
                "task_type": draft.task_type,
                "content": draft.content,
                "created_at": _millis(draft.created_at),
                "booked": points,
                "reserved": points,
                "request_id": draft.request_id,
                "arguments": json.dumps(dict(draft.arguments), ensure_ascii=False),
            }
            columns, marks = ", ".join(values), ", ".join("?" * len(values))
            cursor = self._db.execute(f"insert into entry ({columns}) values ({marks})", tuple(values.values()))  # noqa: S608
            return Intention(self._one("number = ?", cursor.lastrowid))

    def _earlier(self, draft: Draft) -> Entry | None:
        alive = f"account = ? and state not in ('{State.DECLINED}', '{State.RELEASED}')"
        if draft.request_id is not None:
            found = self._newest(f"{alive} and request_id = ?", draft.account, draft.request_id)
            same = f"{alive} and content = ? and state in ('{State.INTENDED}', '{State.UNKNOWN}')"
            return found or self._newest(same, draft.account, draft.content)
        recent = _millis(draft.created_at - REPEAT_WINDOW)
        repeat = f"{alive} and content = ? and (state <> '{State.ACCEPTED}' or status in {OPEN} or created_at > ?)"
        return self._newest(repeat, draft.account, draft.content, recent)

    def accept(self, number: int, seen: Observation) -> None:
        """The provider has the order. Its own answer outweighs any guess: another entry that was taken for the
        owner of this task is in doubt again."""
        with self._transaction():
            (account,) = self._db.execute("select account from entry where number = ?", (number,)).fetchone()
            self._db.execute(
                f"update entry set state = ?, task_id = null, status = null, placed_at = null, {_BLANK} "  # noqa: S608
                "where account = ? and task_id = ? and number <> ?",
                (State.UNKNOWN, account, seen.task_id, number),
            )
            self._db.execute(
                f"update entry set state = ?, task_id = ?, placed_at = null, {_BLANK} where number = ?",  # noqa: S608
                (State.ACCEPTED, seen.task_id, number),
            )
            self._observe(account, seen)

    def adopt(self, number: int, seen: Observation) -> bool:
        """Found in the provider's history. False if the order or the task has an owner by now."""
        with self._transaction():
            entry = self._one("number = ?", number)
            if not entry.state.doubtful or self.knows(seen.task_id):
                return False
            self._db.execute(
                "update entry set state = ?, task_id = ? where number = ?", (State.ACCEPTED, seen.task_id, number)
            )
            self._observe(entry.account, seen)
            return True

    def conclude(self, number: int, state: State) -> None:
        """Declined and released orders leave the budget; an unknown one stays on it. An accepted one is not touched."""
        free = "booked" if state is State.UNKNOWN else "0"
        with self._transaction():
            self._db.execute(
                f"update entry set state = ?, booked = {free} where number = ? and state in (?, ?)",  # noqa: S608
                (state, number, State.INTENDED, State.UNKNOWN),
            )

    def absent(self, number: int) -> int:
        """Another complete reading of the history has not shown the order. Returns how many have not."""
        with self._transaction():
            self._db.execute("update entry set absences = absences + 1 where number = ?", (number,))
            return self._one("number = ?", number).absences

    def observe(self, account: str, seen: Observation) -> None:
        """Keep the state of a task that the ledger knows; one that it does not know is none of its business."""
        with self._transaction():
            self._observe(account, seen)

    def _observe(self, account: str, seen: Observation) -> None:
        self._db.execute(
            "update entry set status = :status, video_url = coalesce(:video_url, video_url), "
            "error_message = coalesce(:error_message, error_message), started_at = coalesce(:started_at, started_at), "
            "ended_at = coalesce(:ended_at, ended_at), charged = coalesce(:charged, charged), "
            "placed_at = coalesce(:placed_at, placed_at), "
            "booked = coalesce(:charged, booked) where account = :account and task_id = :task_id",
            {
                "account": account,
                "task_id": seen.task_id,
                "status": seen.status,
                "video_url": seen.video_url,
                "error_message": seen.error_message,
                "started_at": seen.started_at and _millis(seen.started_at),
                "ended_at": seen.ended_at and _millis(seen.ended_at),
                "placed_at": seen.placed_at and _millis(seen.placed_at),
                "charged": seen.charged,
            },
        )

    def durations(self, account: str, task_type: str, limit: int) -> list[float]:
        """Seconds from order to end of the last completed tasks of that type, the newest first: by the provider's
        clock alone where its date of the order is known."""
        query = (
            "select (ended_at - born_at) / 1000.0 from "
            "(select *, coalesce(placed_at, created_at) as born_at from entry where account = ? "
            "order by number desc limit ?) "
            "where task_type = ? and status = 'completed' and ended_at > born_at limit ?"
        )
        return [float(row[0]) for row in self._db.execute(query, (account, DURATIONS_WINDOW, task_type, limit))]

    def copy_of(self, account: str, task_id: str) -> Copy | None:
        """Where the video of that task was saved, whether the task was ordered here or not."""
        query = "select path, bytes, sha256 from saved where account = ? and task_id = ?"
        row = self._db.execute(query, (account, task_id)).fetchone()
        return Copy(*row) if row else None

    def keep_copy(self, account: str, task_id: str, copy: Copy, instead: Copy | None) -> Copy:
        """Note where the video was saved, unless another process has noted a copy since `instead` was read.

        Returns the copy that stands.
        """
        with self._transaction():
            known = self.copy_of(account, task_id)
            if known is not None and known != instead:
                return known
            self._db.execute(
                "insert or replace into saved (account, task_id, path, bytes, sha256) values (?, ?, ?, ?, ?)",
                (account, task_id, copy.path, copy.bytes, copy.sha256),
            )
            return copy

    def entry(self, number: int) -> Entry | None:
        """The entry with that number."""
        return self._newest("number = ?", number)

    def find(self, account: str, task_id: str) -> Entry | None:
        """The entry of that task."""
        return self._newest("account = ? and task_id = ?", account, task_id)

    def knows(self, task_id: str) -> bool:
        """Whether any account of this ledger has that task."""
        return self._newest("task_id = ?", task_id) is not None

    def glance(self, account: str, task_id: str) -> tuple[list[Entry], Entry | None]:
        """Orders that the provider may have without our knowing, the oldest first, and the entry of that task."""
        rows = self._db.execute(
            f"select * from (select {_ENTRY} from entry indexed by entry_doubt "  # noqa: S608  # else it walks the account
            "where account = :account and state in ('intended', 'unknown') order by number) "
            f"union all select {_ENTRY} from entry where account = :account and task_id = :task_id",
            {"account": account, "task_id": task_id},
        )
        found = [_entry(row) for row in rows]
        entry = found.pop() if found and found[-1].task_id is not None else None  # an order in doubt has no task yet
        return found, entry

    def page(self, account: str | None, statuses: Sequence[str], below: int | None, limit: int) -> list[Entry]:
        """Up to `limit` entries, newest first, numbered under `below`; declined and released ones are left out."""
        wanted = {f"status{index}": status for index, status in enumerate(statuses)}
        doubtful = " or state in ('intended', 'unknown')" if State.UNKNOWN in statuses else ""
        chosen = f"and (status in ({', '.join(f':{name}' for name in wanted)}){doubtful})" if wanted else ""
        mine = "account = :account" if account else ":account is null"
        query = (
            f"select {_ENTRY} from entry where {mine} and state not in ('declined', 'released') "  # noqa: S608
            f"and number < :below {chosen} order by number desc limit :limit"
        )
        start = 2**62 if below is None else below
        rows = self._db.execute(query, {"account": account, "below": start, "limit": limit, **wanted})
        return [_entry(row) for row in rows]

    def _one(self, where: str, *values: Any) -> Entry:
        found = self._newest(where, *values)
        if found is None:
            raise LookupError(where)
        return found

    def _newest(self, where: str, *values: Any) -> Entry | None:
        query = f"select {_ENTRY} from entry where {where} order by number desc limit 1"  # noqa: S608
        row = self._db.execute(query, values).fetchone()
        return _entry(row) if row else None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("begin immediate")
        try:
            yield
            self._db.execute("commit")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise


def _millis(date: datetime) -> int:
    return int(date.timestamp() * 1000)


def _date(millis: int | None) -> datetime | None:
    return None if millis is None else _EPOCH + timedelta(milliseconds=millis)


def _entry(row: sqlite3.Row) -> Entry:
    values = dict(row)
    # Ledgers from before there was a table of copies have some paths in the entry itself.
    values["saved_path"] = values.pop("copied") or values["saved_path"]
    for name in ("created_at", "placed_at", "started_at", "ended_at"):
        values[name] = _date(values[name])
    return Entry(**{**values, "state": State(values["state"]), "arguments": json.loads(values["arguments"])})
