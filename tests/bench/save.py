"""Throughput and memory of save_wanx_video beside a bare httpx loop: `python -m tests.bench.save [MB] [rounds]`.

A process of its own serves the clip on loopback; ratios are of medians of interleaved rounds in the same run."""

from __future__ import annotations

import multiprocessing
import socket
import statistics
import sys
import tempfile
import threading
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import anyio
import httpx

from tests.mediahost import clip
from tests.world import World


def serve(port: multiprocessing.SimpleQueue[int], over: Event, size: int) -> None:
    """A media host that writes the clip and then a box of zeros, as fast as it can."""
    head = clip()
    rest = size - len(head)
    head += (1).to_bytes(4, "big") + b"free" + rest.to_bytes(8, "big")
    zeros = bytes(1 << 20)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port.put(listener.getsockname()[1])
        listener.settimeout(0.2)
        while not over.is_set():
            try:
                line, _ = listener.accept()
            except TimeoutError:
                continue
            with line:
                line.recv(65_536)
                line.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % size + head)
                left = size - len(head)
                while left > 0:
                    line.sendall(zeros[: min(left, len(zeros))])
                    left -= len(zeros)


def resident() -> float:
    """Megabytes that this process holds now."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


class Poller:
    """The highest memory of this process while the context lasts, above what it began with."""

    def __enter__(self) -> Poller:
        self.idle = self.peak = resident()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def _look(self) -> None:
        while not self._over.wait(0.01):
            self.peak = max(self.peak, resident())

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def growth(self) -> float:
        return self.peak - self.idle


async def bare(url: str, path: Path) -> float:
    """Seconds of the plainest loop."""
    started = time.perf_counter()
    async with httpx.AsyncClient(trust_env=False) as client, client.stream("GET", url) as response:
        with path.open("wb") as file:
            async for piece in response.aiter_bytes():
                file.write(piece)
    seconds = time.perf_counter() - started
    await anyio.Path(path).unlink()
    return seconds


async def saved(url: str) -> tuple[float, float]:
    """Seconds of one save through the whole server, and its growth in megabytes."""
    world = World()
    world.simulator.media = url
    async with world.client() as agent:
        warm = await agent.order(request_id="warm")
        task = await agent.order()
        world.clock.advance(3600)
        await agent.ok("get_wanx_task", task_id=warm["task_id"])
        with Poller() as watch:
            started = time.perf_counter()
            result = await agent.ok("save_wanx_video", task_id=task["task_id"])
            seconds = time.perf_counter() - started
    if "path" not in result:
        raise SystemExit("the save took longer than one call")
    return seconds, watch.growth


async def compare(url: str, size: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        loops, saves, growths = [], [], []
        await bare(url, Path(folder, "warm"))
        await saved(url)
        for number in range(rounds):
            loops.append(await bare(url, Path(folder, f"{number}")))
            seconds, growth = await saved(url)
            saves.append(seconds)
            growths.append(growth)
            print(f"round {number + 1}: bare loop {loops[-1]:.2f} s, save {seconds:.2f} s, growth {growth:.1f} MB")
    loop, save = statistics.median(loops), statistics.median(saves)
    print(f"{size / 1e6:.0f} MB: bare loop {size / loop / 1e6:.0f} MB/s, save {size / save / 1e6:.0f} MB/s")
    print(f"throughput ratio {loop / save:.2f} (target 0.90), peak growth {max(growths):.1f} MB (target 20)")


def main() -> None:
    size = int(sys.argv[1] if len(sys.argv) > 1 else 500) * 1_000_000
    rounds = int(sys.argv[2] if len(sys.argv) > 2 else 3)
    port: multiprocessing.SimpleQueue[int] = multiprocessing.SimpleQueue()
    over = multiprocessing.Event()
    host = multiprocessing.Process(target=serve, args=(port, over, size), daemon=True)
    host.start()
    try:
        anyio.run(compare, f"http://127.0.0.1:{port.get()}/clip.mp4", size, rounds)
    finally:
        over.set()
        host.join()


if __name__ == "__main__":
    main()
