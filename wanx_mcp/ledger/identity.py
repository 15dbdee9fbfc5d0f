"""Whose orders: each key is known by its hash, and the provider's account id ties the keys of one account together."""

from __future__ import annotations

import hashlib
import hmac

from wanx_mcp.ledger.entry import State
from wanx_mcp.ledger.rows import OWNER, Rows


class Identities(Rows):
    """Keys and the accounts that they belong to."""

    def account(self, origin: str, key: str) -> str:
        """The hash of `key` at `origin`, from which the key cannot be recovered. It is remembered with its origin."""
        (salt,) = self._db.execute("select salt from secret").fetchone()
        name = hmac.new(salt, f"{origin}\0{key}".encode(), hashlib.sha256).hexdigest()[:32]
        known = "select count(*) from identity where account = :account and origin is not null"
        if not self.number(known, account=name):
            with self.transaction():
                self.change(
                    "insert into identity (account, origin, owner) values (:account, :origin, :account) "
                    "on conflict (account) do update set origin = excluded.origin",
                    account=name,
                    origin=origin,
                )
                self.change(
                    "update entry set origin = :origin where account = :account and origin is null",
                    origin=origin,
                    account=name,
                )
        return name

    def account_id(self, account: str) -> str | None:
        """The provider's id of the account that the key belongs to, None while it is unknown."""
        row = self._db.execute("select account_id from identity where account = ?", (account,)).fetchone()
        return None if row is None or row[0] is None else str(row[0])

    def has_strangers(self, account: str) -> bool:
        """Whether the ledger has orders at the same origin by keys that may or may not be of the same account."""
        query = (
            "select count(*) from identity mine join identity other on other.origin is mine.origin "
            "where mine.account = :account and other.owner <> mine.owner "
            "and (mine.account_id is null or other.account_id is null)"
        )
        return self.number(query, account=account) > 0

    def tie(self, account: str, account_id: str) -> None:
        """The provider says which account the key belongs to. It stays so; keys of one account share their orders."""
        with self.transaction():
            self.change(
                "update identity set account_id = :id where account = :account and account_id is null",
                id=account_id,
                account=account,
            )
            owner = self._db.execute(
                "select other.owner from identity mine join identity other "
                "on other.origin = mine.origin and other.account_id = mine.account_id "
                "where mine.account = :account order by other.rowid limit 1",
                {"account": account},
            ).fetchone()[0]
            self._merge(self.owner(account), owner)

    def owner(self, account: str) -> str:
        """Under which name the orders of the key's account stand."""
        return str(self._db.execute("select owner from identity where account = ?", (account,)).fetchone()[0])

    def _merge(self, old: str, new: str) -> None:
        if old == new:
            return
        self.change(  # one task is one order: the later of two that claim it steps back
            f"update entry set state = '{State.DECLINED}', task_id = null, booked = 0 where owner = :old "  # noqa: S608
            "and task_id in (select task_id from entry where owner = :new and task_id is not null)",
            old=old,
            new=new,
        )
        self.change("update entry set owner = :new where owner = :old", old=old, new=new)
        self.change("update or ignore saved set owner = :new where owner = :old", old=old, new=new)
        self.change("update or ignore film set owner = :new where owner = :old", old=old, new=new)
        self.change("update identity set owner = :new where owner = :old", old=old, new=new)

    def shows_unfinished(self, account: str) -> bool:
        """Whether this account's history has ever shown one of our tasks before it had ended."""
        query = f"select max(shows_unfinished) from identity where owner = {OWNER}"  # noqa: S608
        return self.number(query, account=account) > 0

    def note_unfinished(self, account: str) -> None:
        """The history has shown one of our unfinished tasks."""
        with self.transaction():
            self.change("update identity set shows_unfinished = 1 where account = :account", account=account)
