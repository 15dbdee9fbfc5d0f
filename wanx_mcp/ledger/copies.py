"""Where the videos of tasks were saved on this machine, and which are still to be saved without being asked for."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

from wanx_mcp.ledger.entry import Copy
from wanx_mcp.ledger.rows import OWNER, Rows, millis


class Copies(Rows):
    """The verbs of saved videos."""

    def copy_of(self, account: str, task_id: str) -> Copy | None:
        """Where the video of that task was saved."""
        query = (
            "select path, bytes, sha256, automatic, moving_to from saved "  # noqa: S608
            f"where owner = {OWNER} and task_id = :task_id"
        )
        row = self._db.execute(query, {"account": account, "task_id": task_id}).fetchone()
        return Copy(row[0], row[1], row[2], bool(row[3]), row[4]) if row else None

    def keep_copy(self, account: str, task_id: str, copy: Copy, instead: Copy | None) -> Copy:
        """Note where the video was saved, unless another process has noted a copy since `instead` was read. With that
        the order has nothing left to save.

        Returns the copy that stands.
        """
        with self.transaction():
            known = self.copy_of(account, task_id)
            if known is not None and known != instead:
                return known
            self.change(
                "insert or replace into saved (owner, task_id, path, bytes, sha256, automatic) "  # noqa: S608
                f"values ({OWNER}, :task_id, :path, :bytes, :sha256, :automatic)",
                account=account,
                task_id=task_id,
                path=copy.path,
                bytes=copy.bytes,
                sha256=copy.sha256,
                automatic=int(copy.automatic),
            )
            self.in_place(account, task_id)
            return copy

    def in_place(self, account: str, task_id: str) -> None:
        """The video is on disk: its order has nothing left to save."""
        self.change(
            "update entry set save_to = null, save_failures = 0, save_problem = null, save_again_at = null, "  # noqa: S608
            f"landing = null where owner = {OWNER} and task_id = :task_id",
            account=account,
            task_id=task_id,
        )

    def land(self, number: int, holder: str, copy: Copy) -> bool:
        """The video of that order is about to be put at this path. False if `holder` has its lease no more."""
        text = json.dumps(asdict(copy))
        change = "update entry set landing = :text where number = :number and follower = :holder"
        return self.change(change, text=text, number=number, holder=holder) > 0

    def move(self, account: str, task_id: str, path: str | None) -> None:
        """The saved video is about to be renamed to `path`; None: it will not be."""
        self.change(
            f"update saved set moving_to = :path where owner = {OWNER} and task_id = :task_id",  # noqa: S608
            account=account,
            task_id=task_id,
            path=path,
        )

    def moved(self, account: str, task_id: str, old: str, new: str) -> None:
        """The saved video has been renamed."""
        self.change(
            "update saved set path = :new, moving_to = null "  # noqa: S608
            f"where owner = {OWNER} and task_id = :task_id and path = :old",
            account=account,
            task_id=task_id,
            old=old,
            new=new,
        )

    def fail_to_save(self, number: int, problem: str, again_at: datetime | None) -> None:
        """Saving the video of that order by itself has failed once more; it is tried again at `again_at` (this
        machine's time), never where that is None."""
        self.change(
            "update entry set save_failures = save_failures + 1, save_problem = :problem, save_again_at = :again "
            "where number = :number and save_to is not null",
            number=number,
            problem=problem,
            again=millis(again_at),
        )
