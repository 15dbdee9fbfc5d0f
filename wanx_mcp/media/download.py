"""One video from its link into a part file: constant memory, bounded time and size, resumed where the host can."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from wanx_mcp.clock import Clock
from wanx_mcp.errors import DownloadFailed
from wanx_mcp.limits.videos import (
    BLOCK_BYTES,
    DOWNLOAD_SECONDS,
    MEDIA_CONNECT_SECONDS,
    MOST_BLOCKS_AHEAD,
    MOST_FRUITLESS_TRIES,
    MOST_TRIES,
    REFUSAL_BYTES,
    STALL_SECONDS,
    VIDEO_BYTES,
)
from wanx_mcp.media.interruptions import CutError, IncompleteError, check_status, translated
from wanx_mcp.media.movie import BrokenError, Movie, read_movie
from wanx_mcp.media.network import Network
from wanx_mcp.media.ranges import resumed, validator, whole
from wanx_mcp.media.refusals import RefusedError, check_signature
from wanx_mcp.media.shelf import Part
from wanx_mcp.media.unpacking import SIGNATURE_BYTES, Unpacking
from wanx_mcp.retry import pauses
from wanx_mcp.toolnames import GET

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes and seconds, as they are unless others are handed in. `stall` is the longest silence; `fruitless` the tries
    in a row that bring nothing."""

    bytes: int = VIDEO_BYTES
    seconds: float = DOWNLOAD_SECONDS
    stall: float = STALL_SECONDS
    connect: float = MEDIA_CONNECT_SECONDS
    fruitless: int = MOST_FRUITLESS_TRIES
    tries: int = MOST_TRIES


@dataclass(slots=True)
class Meter:
    """How far a download is, for whoever watches it. `total` is None until the host has said."""

    done: int = 0
    total: int | None = None


class Download:
    """Fills a part file from a link."""

    def __init__(self, network: Network, part: Part, meter: Meter, clock: Clock, limits: Limits) -> None:
        self._network = network
        self._part = part
        self._meter = meter
        self._clock = clock
        self._limits = limits
        self._validator: str | None = None
        self._encoding = ""

    async def run(self, link: str) -> Movie:
        """Fetch `link` to the end and check it. Raises DownloadFailed, and RefusedError where another link may help."""
        try:
            with anyio.fail_after(self._limits.seconds):
                return await self._persist(link)
        except TimeoutError:
            raise DownloadFailed(f"the video did not arrive within {self._limits.seconds / 60:.0f} minutes") from None

    async def _persist(self, link: str) -> Movie:
        fruitless, furthest = 0, 0
        resting = pauses(iter(lambda: 0.5, None))
        for _ in range(self._limits.tries):
            try:
                with translated():
                    await self._once(link)
                    return await anyio.to_thread.run_sync(self._movie)
            except CutError as cut:
                fruitless = 0 if self._part.size > furthest else fruitless + 1
                furthest = max(furthest, self._part.size)
                reason = cut
            if fruitless >= self._limits.fruitless:
                break
            await self._clock.sleep(next(resting))
        raise RefusedError(f"the video could not be fetched: {reason}", lasting=reason.lasting)

    def _movie(self) -> Movie:
        try:
            return read_movie(self._part.path)
        except BrokenError as error:
            self._validator = None  # what was put together does not fit: begin again
            raise IncompleteError(f"what came is broken, {error}") from error

    async def _once(self, link: str) -> None:
        start = self._part.size if self._validator else 0
        headers = {"accept": "video/mp4,*/*;q=0.5", "accept-encoding": "identity", "user-agent": "wanx-mcp"}
        if start and self._validator:
            headers |= {"range": f"bytes={start}-", "if-range": self._validator}
        limits = self._limits
        async with self._network.answer(link, headers, connect=limits.connect, stall=limits.stall) as response:
            await check_status(response)
            total = self._accepted(response, start)
            unpacking = None
            if not start or response.status_code != 206:
                self._part.restart()
                self._validator = validator(response)
                self._encoding = response.headers.get("content-encoding", "").strip().lower()
                unpacking = Unpacking(self._encoding)
            self._meter.done, self._meter.total = self._part.size, total
            await self._pour(self._content(response, unpacking))
        if total is not None and not (unpacking and unpacking.packed) and self._part.size != total:
            raise CutError(f"{self._part.size} of {total} bytes came")

    def _accepted(self, response: httpx.Response, start: int) -> int | None:
        """The length of the whole video, None where the host does not say. Raises CutError for a wrong range."""
        headers = response.headers
        if response.status_code == 206:
            ranged = headers.get("content-range", "")
            total = resumed(ranged, start, self._meter.total) if start else whole(ranged)
            if total is None or (start and validator(response) not in (None, self._validator)):
                self._validator = None
                raise CutError("the media host resumed at the wrong offset")
        elif response.status_code == 416:
            self._validator = None
            raise CutError("the media host refused to resume")
        else:
            length = headers.get("content-length", "")
            total = int(length) if length.isdecimal() and length.isascii() else 0
        if total > self._limits.bytes:
            raise self._too_large()
        return total or None

    async def _content(self, response: httpx.Response, unpacking: Unpacking | None) -> AsyncIterator[bytes]:
        """The pieces of the video, unpacked if need be. A body that comes compressed cannot be resumed."""
        async for piece in response.aiter_raw():
            if unpacking is None:
                yield piece
                continue
            for part in unpacking.plain(piece):
                if unpacking.packed:
                    self._validator = self._meter.total = None
                yield part
        if unpacking is not None:
            for part in unpacking.end():
                yield part

    async def _pour(self, pieces: AsyncIterator[bytes]) -> None:
        """Write what comes, in another thread, while more comes."""
        failure: Exception | None = None
        send, receive = anyio.create_memory_object_stream[list[bytes]](MOST_BLOCKS_AHEAD)

        async def write() -> None:
            nonlocal failure
            async with receive:
                try:
                    async for block in receive:
                        await anyio.to_thread.run_sync(self._part.write, block)
                except OSError as error:
                    failure = error

        async with anyio.create_task_group() as group:
            group.start_soon(write)
            async with send:
                try:
                    async for block in self._blocks(pieces):
                        await send.send(block)
                except anyio.BrokenResourceError:
                    pass  # the writer's failure tells why
                except Exception as error:
                    failure = failure or error
        if failure is not None:
            raise failure

    async def _blocks(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
        """Pieces gathered to blocks, checked as they come. What was gathered when the stream breaks is not lost."""
        block: list[bytes] = []
        gathered, checked, broken = 0, self._part.size > 0, None
        try:
            async for piece in pieces:
                block.append(piece)
                gathered += len(piece)
                self._count(len(piece))
                if not checked and gathered >= SIGNATURE_BYTES:
                    checked = True
                    check_signature(b"".join(block)[:REFUSAL_BYTES], self._encoding)
                if gathered >= BLOCK_BYTES:
                    yield block
                    block, gathered = [], 0
        except (DownloadFailed, RefusedError):
            raise
        except Exception as error:
            broken = error
        if not checked and broken is None:
            check_signature(b"".join(block), self._encoding)
        if block and checked:
            yield block
        if broken is not None:
            raise broken

    def _count(self, length: int) -> None:
        self._meter.done += length
        if self._meter.done > self._limits.bytes:
            raise self._too_large()

    def _too_large(self) -> DownloadFailed:
        return DownloadFailed(
            f"the video is larger than {self._limits.bytes // 1_000_000} MB",
            advice=f"give the user the video link from {GET} instead",
        )
