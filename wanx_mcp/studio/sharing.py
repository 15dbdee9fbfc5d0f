"""One read for everybody who asks for the same while it runs; it ends with the last of them."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import anyio
from anyio.abc import TaskGroup

from wanx_mcp.errors import ProviderFault, Unreachable

ResultT = TypeVar("ResultT")


class SharedRead(Generic[ResultT]):
    """A read under way in a task group that no call owns, so that a caller who leaves does not end it for the others.

    A `patient` one repeats what fails.
    """

    def __init__(self, group: TaskGroup, work: Callable[[], Awaitable[ResultT]], *, patient: bool) -> None:
        self.patient = patient
        self._scope = anyio.CancelScope()
        self._done = anyio.Event()
        self._callers = 0
        self._outcome: ResultT | Exception = ProviderFault("the server stopped reading")
        group.start_soon(self._run, work)

    @property
    def over(self) -> bool:
        """Whether whoever comes now comes too late: it has ended, or everybody has left."""
        return self._done.is_set() or self._scope.cancel_called

    async def outcome(self, within: float = math.inf) -> ResultT:
        """The answer. Raises the error of the read, and Unreachable after `within` seconds."""
        self._callers += 1
        try:
            with anyio.move_on_after(within):
                await self._done.wait()
        finally:
            self._callers -= 1
            if not self._callers:
                self._scope.cancel()
        if not self._done.is_set():
            raise Unreachable("the provider has not answered in time")
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome

    async def _run(self, work: Callable[[], Awaitable[ResultT]]) -> None:
        try:
            with self._scope:
                self._outcome = await work()
        except Exception as error:  # told to the callers; the studio's other work goes on
            self._outcome = error
        finally:
            self._done.set()
