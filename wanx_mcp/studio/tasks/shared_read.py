"""One read for everybody who asks for the same while it runs: the first one reads, the others hear of it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Generic, TypeVar

import anyio

from wanx_mcp.errors import Unreachable

ResultT = TypeVar("ResultT")


class SharedRead(Generic[ResultT]):
    """A read under way. If its reader leaves, it ends, and whoever still wants to know reads anew.

    A `patient` one repeats what fails.
    """

    def __init__(self, *, patient: bool) -> None:
        self.patient = patient
        self._done = anyio.Event()
        self._outcome: ResultT | Exception | None = None

    @property
    def over(self) -> bool:
        """Whether whoever comes now comes too late."""
        return self._done.is_set()

    async def run(self, read: Awaitable[ResultT]) -> ResultT:
        """The answer to the reader itself. Raises the error of the read."""
        try:
            self._outcome = await read
        except Exception as error:
            self._outcome = error
            raise
        finally:
            self._done.set()
        return self._outcome

    async def wait_for(self, within: float) -> ResultT | None:
        """The answer to one of the others, None if the reader has left without one. Raises the error of the read, and
        Unreachable after `within` seconds."""
        with anyio.move_on_after(within):
            await self._done.wait()
        if not self._done.is_set():
            raise Unreachable("the provider has not answered in time")
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome
