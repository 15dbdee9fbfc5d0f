"""Where the videos of tasks were saved on this machine, whether they were ordered here or not."""

from __future__ import annotations

from wanx_mcp.ledger.entry import Copy
from wanx_mcp.ledger.rows import OWNER, Rows


class Copies(Rows):
    """The verbs of saved videos."""

    def copy_of(self, account: str, task_id: str) -> Copy | None:
        """Where the video of that task was saved."""
        query = f"select path, bytes, sha256 from saved where owner = {OWNER} and task_id = :task_id"  # noqa: S608
        row = self._db.execute(query, {"account": account, "task_id": task_id}).fetchone()
        return Copy(*row) if row else None

    def keep_copy(self, account: str, task_id: str, copy: Copy, instead: Copy | None) -> Copy:
        """Note where the video was saved, unless another process has noted a copy since `instead` was read.

        Returns the copy that stands.
        """
        with self.transaction():
            known = self.copy_of(account, task_id)
            if known is not None and known != instead:
                return known
            self.change(
                f"insert or replace into saved (owner, task_id, path, bytes, sha256) "  # noqa: S608
                f"values ({OWNER}, :task_id, :path, :bytes, :sha256)",
                account=account,
                task_id=task_id,
                path=copy.path,
                bytes=copy.bytes,
                sha256=copy.sha256,
            )
            return copy
