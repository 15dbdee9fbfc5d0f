"""A task as the studio sees it: what the provider says, with the estimate and what the ledger knows of its video."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from wanx_mcp.catalog import TaskType
from wanx_mcp.errors import WanxError
from wanx_mcp.provider import Status, Task
from wanx_mcp.studio.tasks.pace import Pace

QUIET_FAILURES = 5
"""After so many failed tries to save a video by itself its task says why; until then it is just being saved."""


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task as it stands. `pace` is None once it has ended; `forgotten`: it has ended, and only the ledger still knows
    it; `denied`: the provider does not find it at the moment, which may be temporary; `gone`: it has denied an
    unfinished task for good; `refused`: the media host did not serve its link here.

    `read_at` is when the provider said so (its time), `problem` why it could not be asked just now. `saving`: the video
    is to be saved by itself and is not yet; `save_problem`: why that keeps failing.
    """

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
    read_at: datetime | None = None
    problem: str | None = None
    saving: bool = False
    save_problem: str | None = None

    @property
    def settled(self) -> bool:
        """Whether waiting longer brings nothing: the video is there, or there will be none."""
        over = self.task.status in (Status.FAILED, Status.CANCELLED)
        return over or self.forgotten or self.gone or self.task.video_url is not None or self.saved_path is not None

    @property
    def ended(self) -> bool:
        """Whether the provider has nothing more to say of it."""
        return self.settled and (self.task.status.final or self.forgotten or self.gone)

    @property
    def being_saved(self) -> bool:
        """Whether its file is worth waiting for: it is about to come by itself."""
        return self.saving and self.task.video_url is not None and self.save_problem is None and self.problem is None

    def later(self, seconds: float) -> TaskView:
        """The same after `seconds` more without news."""
        if self.pace is None or seconds <= 0:
            return self
        elapsed = None if self.elapsed is None else self.elapsed + seconds
        return replace(self, elapsed=elapsed, pace=self.pace.later(seconds))

    def unread(self, error: WanxError) -> TaskView:
        """The same, where the provider could not be asked just now."""
        return replace(self, problem=f"{error.code}: {error.what}")
