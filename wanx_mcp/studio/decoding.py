"""Decoding, one order's pictures at a time: bounded in memory, and in time for whoever waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

from wanx_mcp.clock import Clock
from wanx_mcp.media.inspecting import Abandoned

ResultT = TypeVar("ResultT")
Work = Callable[[Callable[[], None]], ResultT]
"""What is to be done in a thread. It calls its argument between its steps, which raises Abandoned at the deadline."""

MOST_WAITING = 32
"""Callers beyond this are turned away at once: at half a second each, the last of these waits in vain already."""


class Decoding:
    """One piece of work at a time, in a thread.

    A caller leaves at its deadline, whatever the thread does: C code cannot be interrupted. Its thread ends at the
    next step. Until then nothing else is decoded, so that abandoned work neither piles up nor takes more memory.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turn = anyio.CapacityLimiter(1)
        self._busy = threading.Lock()
        self._waiting = 0

    async def run(self, work: Work[ResultT], within: float) -> ResultT:
        """The result of `work`, at most `within` seconds from now. Raises TimeoutError and what `work` raises."""
        if self._waiting >= MOST_WAITING:
            raise TimeoutError
        deadline = self._clock.seconds() + within
        gone = threading.Event()

        def carry_on() -> None:
            if gone.is_set() or self._clock.seconds() >= deadline:
                raise Abandoned

        def job() -> ResultT:
            if not self._busy.acquire(timeout=within):
                raise Abandoned
            try:
                carry_on()
                result = work(carry_on)
                carry_on()
                return result
            finally:
                self._busy.release()

        self._waiting += 1
        try:
            with anyio.fail_after(within):
                return await anyio.to_thread.run_sync(job, abandon_on_cancel=True, limiter=self._turn)
        except Abandoned:
            raise TimeoutError from None
        finally:
            gone.set()
            self._waiting -= 1
