"""A task as the studio sees it: what the provider says, with the estimate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from wanx_mcp.catalog import TaskType
from wanx_mcp.provider import Status, Task
from wanx_mcp.studio.tasks.pace import Pace


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task as it stands. `pace` is None once it has ended; `forgotten`: it has ended, and only the ledger still knows
    it; `denied`: the provider does not find it at the moment, which may be temporary; `gone`: it has denied an
    unfinished task for good; `refused`: the media host did not serve its link here."""

    task: Task
    row: TaskType | None
    elapsed: float | None
    pace: Pace | None
    saved_path: str | None = None
    forgotten: bool = False
    denied: bool = False
    refused: bool = False
    gone: bool = False
    price: Decimal | None = None
    """The published price of its order, in US dollars; None where there is none or the order is not known."""

    sound: bool = False
    """Whether it was ordered with sound."""

    @property
    def settled(self) -> bool:
        """Whether waiting longer brings nothing: the video is there, or there will be none."""
        over = self.task.status in (Status.FAILED, Status.CANCELLED)
        return over or self.forgotten or self.gone or self.task.video_url is not None or self.saved_path is not None

    def later(self, seconds: float) -> TaskView:
        """The same after `seconds` more without news."""
        if self.pace is None or seconds <= 0:
            return self
        elapsed = None if self.elapsed is None else self.elapsed + seconds
        return replace(self, elapsed=elapsed, pace=self.pace.later(seconds))
