"""The simulated provider in a process of its own, so that its work does not count as ours."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

import anyio

from wanx_mcp.simulator.app import Simulator
from wanx_mcp.simulator.serving import serving
from wanx_mcp.simulator.weather import Fault, Weather


class Counting(Weather):
    """Fair weather that counts the reads."""

    reads = 0

    def fault(self, method: str) -> Fault:
        self.reads += method == "GET"
        return super().fault(method)


@dataclass(frozen=True)
class Provider:
    """Where it is; what it has counted."""

    address: str
    _line: Connection

    def reads(self) -> int:
        self._line.send("reads")
        count: int = self._line.recv()
        return count


@contextmanager
def running() -> Iterator[Provider]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(theirs,), daemon=True)
    process.start()
    try:
        yield Provider(ours.recv(), ours)
    finally:
        process.kill()


def _run(line: Connection) -> None:
    anyio.run(_serve, line)


async def _serve(line: Connection) -> None:
    weather = Counting()
    async with serving(Simulator(weather=weather)) as address:
        line.send(address)
        while True:
            await anyio.to_thread.run_sync(line.recv)
            line.send(weather.reads)
