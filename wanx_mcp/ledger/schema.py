"""The ledger's file: made private, opened for several processes, migrated from every older version."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from wanx_mcp.errors import LedgerUnusable
from wanx_mcp.limits import LEDGER_OPEN_SECONDS

_ASIDE = "ask the user to move that file aside, or to set WANX_STATE_DIR to another folder"

# Append only: the number of scripts that have run is the file's version. Times: unix milliseconds. Money: points.
MIGRATIONS: tuple[str, ...] = (
    """
    create table secret (salt blob not null);
    insert into secret values (randomblob(32));
    create table entry (
        number integer primary key autoincrement,
        account text not null,
        state text not null,
        task_type text not null,
        content text not null,
        created_at integer not null,
        booked integer not null,
        request_id text,
        arguments text not null,
        task_id text,
        status text,
        video_url text,
        error_message text,
        started_at integer,
        ended_at integer,
        charged integer
    );
    create unique index entry_task on entry (account, task_id) where task_id is not null;
    create index entry_time on entry (created_at);
    create index entry_content on entry (account, content);
    create index entry_request on entry (account, request_id) where request_id is not null;
    create index entry_doubt on entry (account, number) where state in ('intended', 'unknown');
    """,
    """
    alter table entry add column saved_path text;
    alter table entry add column absences integer not null default 0;
    """,
    """
    alter table entry add column reserved integer not null default 0;
    update entry set reserved = booked;
    drop index entry_time;
    create index entry_spending on entry (created_at, booked);
    create index entry_task_id on entry (task_id) where task_id is not null;
    create index entry_account on entry (account, number);
    create index entry_charge on entry (account, task_type, number) where charged > 0;
    """,
    """
    create table saved (
        account text not null,
        task_id text not null,
        path text not null,
        bytes integer not null,
        sha256 text not null,
        primary key (account, task_id)
    );
    """,
    """
    alter table entry add column placed_at integer;
    """,
    """
    create table identity (
        account text primary key,
        origin text,
        account_id text,
        owner text not null,
        shows_unfinished integer not null default 0
    );
    insert into identity (account, owner) select distinct account, account from entry;
    insert or ignore into identity (account, owner) select distinct account, account from saved;
    alter table saved rename column account to owner;
    alter table entry add column owner text not null default '';
    alter table entry add column origin text;
    alter table entry add column kind text not null default '';
    alter table entry add column price integer not null default 0;
    alter table entry add column least integer not null default 0;
    alter table entry add column sender text;
    alter table entry add column ordered_at integer;
    alter table entry add column sent_at integer;
    alter table entry add column skew integer;
    alter table entry add column skew_error integer;
    alter table entry add column delivered text;
    alter table entry add column found text;
    alter table entry add column seen_at integer;
    alter table entry add column figure integer;
    alter table entry add column figure_at integer;
    alter table entry add column looked_at integer;
    alter table entry add column look text;
    alter table entry add column absent_at integer;
    alter table entry add column absent_noted_at integer;
    alter table entry add column canary_at integer;
    alter table entry add column released_at integer;
    alter table entry add column denied_at integer;
    alter table entry add column gone_at integer;
    update entry set owner = account, kind = task_type, price = reserved, least = (reserved + 1) / 2,
        ordered_at = created_at, sent_at = created_at;
    update entry set found = 'answer' where state = 'accepted';
    update entry set figure = charged, figure_at = coalesce(ended_at, created_at) where charged > 0;
    drop index entry_task;
    drop index entry_content;
    drop index entry_request;
    drop index entry_doubt;
    drop index entry_spending;
    drop index entry_account;
    drop index entry_charge;
    create unique index entry_task on entry (owner, task_id) where task_id is not null;
    create index entry_content on entry (owner, content);
    create index entry_request on entry (owner, request_id) where request_id is not null;
    create index entry_doubt on entry (owner, number) where state in ('intended', 'unknown');
    create index entry_spending on entry (ordered_at, booked);
    create index entry_owner on entry (owner, number);
    create index entry_origin on entry (origin, content);
    create index entry_figure on entry (owner, kind, figure_at) where figure is not null;
    create index entry_kind on entry (owner, kind, ordered_at) where state in ('intended', 'accepted');
    create index entry_placed on entry (owner, placed_at) where task_id is not null;
    create index entry_released on entry (owner, released_at) where state = 'released';
    """,
    """
    alter table entry add column same_as integer;
    """,
    """
    alter table entry add column follower text;
    alter table entry add column lease_ends_at integer;
    alter table entry add column lease_saves integer not null default 0;
    alter table entry add column save_to text;
    alter table entry add column save_as text;
    alter table entry add column save_failures integer not null default 0;
    alter table entry add column save_problem text;
    alter table entry add column save_again_at integer;
    alter table entry add column landing text;
    alter table saved add column automatic integer not null default 0;
    alter table saved add column moving_to text;
    create index entry_running on entry (owner, number) where status in ('pending', 'processing');
    create index entry_linkless on entry (owner, number) where status = 'completed' and video_url is null;
    create index entry_unsaved on entry (owner, number) where save_to is not null;
    """,
    """
    create table lineage (
        number integer not null,
        argument text not null,
        task_id text not null,
        frame integer not null,
        frames integer not null,
        clip text not null,
        primary key (number, argument)
    );
    create table film (
        owner text not null,
        film_id text not null,
        recipe text not null,
        path text not null,
        bytes integer not null,
        sha256 text not null,
        task_ids text not null,
        facts text not null,
        primary key (owner, film_id)
    );
    """,
)


def open_file(path: Path, *, patience: float = LEDGER_OPEN_SECONDS) -> sqlite3.Connection:
    """The ledger at `path`, made or migrated if need be; waits up to `patience` seconds for other processes.

    Raises LedgerUnusable for a file that is no ledger of ours, sqlite3.Error and OSError for one that cannot be used.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.is_dir():  # Windows calls this a lack of permission
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    db = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        # The default rollback journal works on every local file system; each commit is on the disk before it returns.
        db.execute("pragma synchronous = extra")
        db.execute("pragma fullfsync = 1")
        if _version(db) < len(MIGRATIONS):
            _migrate(db)
        _check_not_newer(db, path)
        db.execute("select number, landing from entry limit 1").fetchone()
    except BaseException:
        db.close()
        raise
    db.row_factory = sqlite3.Row
    return db


def holds_orders(path: Path) -> bool:
    """Whether a ledger at `path` has orders to show. Only read: nothing is made or migrated, and no fault is raised."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            query = "select 1 from entry where state not in ('declined', 'released') limit 1"
            return db.execute(query).fetchone() is not None
    except sqlite3.Error:
        return False


def _migrate(db: sqlite3.Connection) -> None:
    db.execute("begin immediate")
    try:
        version = _version(db)
        _check_ours(db, version)
        for script in MIGRATIONS[version:]:
            for statement in filter(str.strip, script.split(";")):
                db.execute(statement)
        db.execute(f"pragma user_version = {max(version, len(MIGRATIONS))}")
        db.execute("commit")
    except BaseException:
        if db.in_transaction:
            db.execute("rollback")
        raise


def _check_ours(db: sqlite3.Connection, version: int) -> None:
    (tables,) = db.execute("select count(*) from sqlite_master").fetchone()
    if version == 0 and tables:
        raise LedgerUnusable("the file in the ledger's place is the database of another program", advice=_ASIDE)


def _check_not_newer(db: sqlite3.Connection, path: Path) -> None:
    if _version(db) > len(MIGRATIONS):
        advice = "ask the user to update this server, or to set WANX_STATE_DIR to another folder"
        raise LedgerUnusable(f"{path} was written by a newer version of this server", advice=advice)


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("pragma user_version").fetchone()[0])
