"""Fifty clips joined, beside a plain loop that decodes and encodes the same frames with the same library.

Targets: at most 1.2 times the loop's time, and at most 60 MB of memory beyond an idle server (the decoder's process
included)."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from fractions import Fraction
from pathlib import Path

import anyio

from wanx_mcp.media.decoder.encoding import QUALITY
from wanx_mcp.media.joining import Cut, FilmMeter, join
from wanx_mcp.media.shelf import Part
from wanx_mcp.simulator.render import Scene, render_clip

CLIPS = 50


def resident(process: str) -> int:
    """Megabytes in use by that process and its children (Linux only)."""
    total = 0
    for entry in (process, *children(process)):
        try:
            total += int(Path(f"/proc/{entry}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf(
                "SC_PAGESIZE"
            )
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total >> 20


def children(process: str) -> list[str]:
    found = []
    for task in Path(f"/proc/{process}/task").iterdir():
        found += (task / "children").read_text(encoding="ascii").split()
    return found


def plain_loop(paths: list[Path], target: Path) -> float:
    import av

    begun, number = time.perf_counter(), 0
    with av.open(str(target), "w") as out:
        stream = out.add_stream("libx264", rate=16, options=QUALITY)
        stream.width, stream.height, stream.pix_fmt = 832, 480, "yuv420p"
        stream.codec_context.thread_count = 2
        for path in paths:
            with av.open(str(path)) as film:
                film.streams.video[0].thread_type = "AUTO"
                for frame in film.decode(video=0):
                    frame.pts, frame.time_base, frame.pict_type = number, Fraction(1, 16), 0
                    number += 1
                    out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return time.perf_counter() - begun


def ours(paths: list[Path], folder: Path) -> tuple[float, int]:
    idle, most, over = resident("self"), 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(0.02):
            most = max(most, resident("self"))

    threading.Thread(target=watch).start()
    begun, part = time.perf_counter(), Part(folder)
    cuts = [Cut(path, first=int(number > 0)) for number, path in enumerate(paths)]
    try:
        anyio.run(lambda: join(cuts, part, FilmMeter()))
        part.publish("ours", ".mp4")
    finally:
        over.set()
        part.discard()
    return time.perf_counter() - begun, most - idle


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [folder / f"{number}.mp4" for number in range(CLIPS)]
        scenes = [render_clip(Scene("", f"shot {number}", portrait=False)) for number in range(5)]
        for number, path in enumerate(paths):
            path.write_bytes(scenes[number % len(scenes)])
        seconds, megabytes = ours(paths, folder)
        loop = plain_loop(paths, folder / "loop.mp4")
        print(f"{CLIPS} clips: {seconds:.1f} s, plain loop {loop:.1f} s (x{seconds / loop:.2f}), {megabytes} MB more")


if __name__ == "__main__":
    sys.exit(main())
