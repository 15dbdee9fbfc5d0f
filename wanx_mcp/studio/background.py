"""Background jobs: work that goes on after the call that started it was cancelled or timed out."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

import anyio
from anyio.abc import TaskGroup

from wanx_mcp.errors import OutcomeUnknown, WanxError
from wanx_mcp.limits import GRACE_SECONDS

ResultT = TypeVar("ResultT")

log = logging.getLogger(__name__)


@dataclass(eq=False)
class BackgroundJob(Generic[ResultT]):
    """A job and, once it is done, its result or its error."""

    done: anyio.Event = field(default_factory=anyio.Event)
    fault: type[WanxError] = OutcomeUnknown
    result: ResultT | None = None
    error: WanxError | None = None

    async def outcome(self) -> ResultT:
        """Wait for the end. Raises the job's error."""
        if not self.done.is_set():
            await self.done.wait()
        if self.error is not None:
            raise self.error
        return cast("ResultT", self.result)  # done without an error


class Background:
    """The jobs in progress, in a task group that no call owns."""

    def __init__(self, group: TaskGroup) -> None:
        self._group = group
        self._open: set[BackgroundJob[object]] = set()

    def send(
        self, work: Callable[[], Awaitable[ResultT]], fault: type[WanxError] = OutcomeUnknown
    ) -> BackgroundJob[ResultT]:
        """Start `work` now. `fault` is the error of a job that fails unexpectedly."""
        job: BackgroundJob[ResultT] = BackgroundJob(fault=fault)
        self._open.add(job)  # type: ignore[arg-type]  # only its event is used
        self._group.start_soon(self._run, job, work)
        return job

    async def settle(self) -> None:
        """Wait up to GRACE_SECONDS for the jobs in progress."""
        with anyio.move_on_after(GRACE_SECONDS):
            for job in list(self._open):
                await job.done.wait()

    async def _run(self, job: BackgroundJob[ResultT], work: Callable[[], Awaitable[ResultT]]) -> None:
        try:
            job.result = await work()
        except WanxError as error:
            job.error = error
        except Exception:
            log.exception("a background job failed unexpectedly")
            job.error = job.fault("this server failed unexpectedly during the call")
        finally:
            self._open.discard(job)
            job.done.set()
