"""A clock whose idle sleepers wake at the moment that time passes, so that what happens in the background is exact."""

from __future__ import annotations

import anyio

from tests.world import Agent, World
from wanx_mcp.clock import VirtualClock


class BackgroundClock(VirtualClock):
    """A virtual clock for one event loop."""

    def __init__(self) -> None:
        super().__init__()
        self._idle: list[tuple[float, anyio.Event]] = []

    async def idle(self, seconds: float) -> None:
        sleeper = self.seconds() + seconds, anyio.Event()
        if seconds <= 0:
            await anyio.lowlevel.checkpoint()
            return
        self._idle.append(sleeper)
        try:
            await sleeper[1].wait()
        finally:
            self._idle.remove(sleeper)

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self.wake()

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        self.wake()

    def wake(self) -> None:
        for deadline, event in self._idle:
            if deadline <= self.seconds() + 1e-6:
                event.set()


def following(**environment: str) -> World:
    """A world whose servers follow their orders, as they do in life."""
    return World(environment, clock=BackgroundClock(), following=True)


async def settled(agent: Agent) -> None:
    """Whoever can go on has done so: the ledger answers one after the other, and these questions came later."""
    for _ in range(8):
        await agent.client.read_resource("wanx://budget")


async def passing(world: World, agent: Agent, seconds: float, step: float = 1.0) -> None:
    """Let time pass in steps, and let the background do at each of them what it wants to."""
    for _ in range(round(seconds / step)):
        world.clock.advance(step)
        await settled(agent)
