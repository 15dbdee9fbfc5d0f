"""From the end of input to the end of the process, idle and in the middle of an order, and the whole demo.

Each against starting Python: targets 1 s for an end and 30 s for the demo, on a quiet machine.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.blackbox.conftest import House
from tests.blackbox.examples import example_of
from tests.blackbox.upstream import Upstream

ROUNDS = 9


def python() -> float:
    """Seconds of a Python that does nothing."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - begun


def end(folder: Path, *, busy: bool) -> float:
    """Seconds from the end of input to the end of the server."""
    with Upstream() as provider:
        house = House(folder, provider.base_url)
        server = house.start()
        server.tools()
        if busy:
            gate = provider.hold("create", "before")
            server.start_call("create_wanx_task", **example_of("txt2video-14b").order)
            gate.wait_until_reached()
        begun = time.perf_counter()
        server.close_stdin()
        server.wait_for_exit()
        return time.perf_counter() - begun


def demo(folder: Path) -> float:
    """Seconds of `wanx-mcp demo`."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "wanx_mcp", "demo"]
    subprocess.run(command, env={**os.environ, "WANX_OUTPUT_DIR": str(folder)}, check=True, capture_output=True)
    return time.perf_counter() - begun


def main() -> None:
    measured: dict[str, Callable[[Path], float]] = {
        "Python alone": lambda _: python(),
        "end, idle": lambda folder: end(folder, busy=False),
        "end, in an order": lambda folder: end(folder, busy=True),
        "the demo": demo,
    }
    base = 1.0
    for name, span in measured.items():
        spans = []
        for _ in range(1 if name == "the demo" else ROUNDS):
            with tempfile.TemporaryDirectory() as folder:
                spans.append(span(Path(folder)))
        middle = statistics.median(spans)
        base = middle if name == "Python alone" else base
        print(f"{name:>17}: {middle:6.2f} s, ratio {middle / base:.1f}")


if __name__ == "__main__":
    main()
