"""Work that outlives the call that asked for it: a client may cancel or time out, an order that has left may not."""

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
class Errand(Generic[ResultT]):
    """One piece of work and, when it is done, its result or its error."""

    done: anyio.Event = field(default_factory=anyio.Event)
    fault: type[WanxError] = OutcomeUnknown
    result: ResultT | None = None
    error: WanxError | None = None

    async def outcome(self) -> ResultT:
        """Wait for the end. Raises the errand's error."""
        await self.done.wait()
        if self.error is not None:
            raise self.error
        return cast("ResultT", self.result)  # done without an error


class Errands:
    """The errands under way, in a task group that no call owns."""

    def __init__(self, group: TaskGroup) -> None:
        self._group = group
        self._open: set[Errand[object]] = set()

    def send(self, work: Callable[[], Awaitable[ResultT]], fault: type[WanxError] = OutcomeUnknown) -> Errand[ResultT]:
        """Start `work` now, whatever becomes of the caller. `fault` is what an unexpected end of it means."""
        errand: Errand[ResultT] = Errand(fault=fault)
        self._open.add(errand)  # type: ignore[arg-type]  # only its event is used
        self._group.start_soon(self._run, errand, work)
        return errand

    async def settle(self) -> None:
        """Give the errands under way a moment to end."""
        with anyio.move_on_after(GRACE_SECONDS):
            for errand in list(self._open):
                await errand.done.wait()

    async def _run(self, errand: Errand[ResultT], work: Callable[[], Awaitable[ResultT]]) -> None:
        try:
            errand.result = await work()
        except WanxError as error:
            errand.error = error
        except Exception:
            log.exception("an errand met an unexpected fault")
            errand.error = errand.fault("this server met an unexpected fault while the call was under way")
        finally:
            self._open.discard(errand)
            errand.done.set()
