"""One video from its link into a part file: constant memory, bounded time and size, resumed where the host can."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socket import gaierror
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from wanx_mcp.clock import Clock
from wanx_mcp.errors import DownloadFailed
from wanx_mcp.media.addresses import ForbiddenError
from wanx_mcp.media.movie import BrokenError, Movie, looks_like_mp4, read_movie
from wanx_mcp.media.network import Network
from wanx_mcp.media.shelf import Part
from wanx_mcp.retry import pauses
from wanx_mcp.toolnames import GET, SAVE

if TYPE_CHECKING:
    import httpx

BLOCK_BYTES = 512 * 1024
BLOCKS_AHEAD = 2
"""Blocks that may wait for the disk: what is in memory is at most a few of them."""

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_NAME = f"ask the user to check the network connection; then call {SAVE} again"
_LIE = f"check the link with {GET}; if it is a video, call {SAVE} again"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes and seconds, as they are unless others are handed in. `stall` is the longest silence; `fruitless` the tries
    in a row that bring nothing."""

    bytes: int = 2_000_000_000
    seconds: float = 1800.0
    stall: float = 30.0
    connect: float = 8.0
    fruitless: int = 4
    tries: int = 40


class ExpiredError(Exception):
    """The host does not have the video under this link (any more)."""


class _CutError(Exception):
    """The answer broke off or made no sense: worth another try."""


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

    async def run(self, link: str) -> Movie:
        """Fetch `link` to the end and check it. Raises ExpiredError and DownloadFailed."""
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
                with _translated():
                    await self._once(link)
                    return await anyio.to_thread.run_sync(self._movie)
            except _CutError as cut:
                fruitless = 0 if self._part.size > furthest else fruitless + 1
                furthest = max(furthest, self._part.size)
                reason = str(cut)
            if fruitless >= self._limits.fruitless:
                break
            await self._clock.sleep(next(resting))
        raise DownloadFailed(f"the video could not be fetched: {reason}")

    def _movie(self) -> Movie:
        try:
            return read_movie(self._part.path)
        except BrokenError as error:
            self._validator = None  # what was put together does not fit: begin again
            raise _CutError(f"what came is broken, {error}") from error

    async def _once(self, link: str) -> None:
        start = self._part.size if self._validator else 0
        headers = {"accept": "video/mp4,*/*;q=0.5", "accept-encoding": "identity", "user-agent": "wanx-mcp"}
        if start and self._validator:
            headers |= {"range": f"bytes={start}-", "if-range": self._validator}
        limits = self._limits
        async with self._network.answer(link, headers, connect=limits.connect, stall=limits.stall) as response:
            total = self._accepted(response, start)
            if response.status_code != 206:
                self._part.restart()
                self._validator = _validator(response)
            self._meter.done, self._meter.total = self._part.size, total
            await self._pour(response.aiter_raw())
        if total is not None and self._part.size != total:
            raise _CutError(f"{self._part.size} of {total} bytes came")

    def _accepted(self, response: httpx.Response, start: int) -> int | None:
        """The length of the whole video, None where the host does not say. Raises what an unwanted answer means."""
        status, headers = response.status_code, response.headers
        if status in (403, 404, 410):
            raise ExpiredError(f"the media host answered {status}")
        if status == 416 or (status == 206 and not start):
            self._validator = None
            raise _CutError("the media host made nonsense of a range")
        if status == 206:
            total = _resumed(headers.get("content-range", ""), start, self._meter.total)
            if total is None or _validator(response) not in (None, self._validator):
                self._validator = None
                raise _CutError("the media host went on at the wrong place")
        elif status == 200:
            length = headers.get("content-length", "")
            total = int(length) if length.isdecimal() and length.isascii() else None
        elif status in (408, 425, 429) or status >= 500:
            raise _CutError(f"the media host answered {status}")
        else:
            raise DownloadFailed(f"the media host answered {status}", advice=_LIE)
        if total is not None and total > self._limits.bytes:
            raise self._too_large()
        return total

    async def _pour(self, pieces: AsyncIterator[bytes]) -> None:
        """Write what comes, in another thread, while more comes."""
        failure: Exception | None = None
        send, receive = anyio.create_memory_object_stream[list[bytes]](BLOCKS_AHEAD)

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
                if not checked and gathered >= 12:
                    checked = True
                    _check_signature(b"".join(block)[:12])
                if gathered >= BLOCK_BYTES:
                    yield block
                    block, gathered = [], 0
        except DownloadFailed:
            raise
        except Exception as error:
            broken = error
        if not checked and broken is None:
            _check_signature(b"".join(block))
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


def _check_signature(head: bytes) -> None:
    if looks_like_mp4(head):
        return
    page = head.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml", b"{"))
    raise DownloadFailed(f"the link leads to {'a web page' if page else 'something'} that is no MP4 video", advice=_LIE)


def _validator(response: httpx.Response) -> str | None:
    """What names this very content for If-Range: a strong ETag, else the date of its last change."""
    tag = response.headers.get("etag", "")
    if tag.startswith('"'):
        return str(tag)
    return None if tag else response.headers.get("last-modified")


def _resumed(content_range: str, start: int, known: int | None) -> int | None:
    """The whole length that a 206 tells, None if it does not go on where we stopped."""
    found = _RANGE.fullmatch(content_range.strip())
    if found is None or int(found[1]) != start or found[3] == "*":
        return None
    total = int(found[3])
    return total if int(found[2]) == total - 1 and known in (None, total) else None


@contextmanager
def _translated() -> Iterator[None]:
    """What the network says, as a reason to try again or to give up. What the disk says passes through."""
    import ssl

    import httpx

    try:
        yield
    except TimeoutError as error:
        raise _CutError("the media host's name was not found in time") from error
    except gaierror as error:
        raise _CutError("the media host's name was not found") from error
    except ForbiddenError as error:
        raise DownloadFailed(f"the video link is not followed: {error}", advice=_LIE) from error
    except httpx.ConnectError as error:
        if "CERTIFICATE_VERIFY" in str(error) or isinstance(error.__cause__, ssl.SSLCertVerificationError):
            advice = "ask the user to set SSL_CERT_FILE to the CA file of their network and restart this server"
            raise DownloadFailed("the media host's certificate is not trusted here", advice=advice) from error
        raise _CutError("no connection to the media host") from error
    except httpx.ProxyError as error:
        raise DownloadFailed("the proxy refuses the media host", advice=_NAME) from error
    except httpx.TimeoutException as error:
        raise _CutError("the media host fell silent") from error
    except (httpx.TransportError, httpx.StreamError) as error:
        raise _CutError(f"the connection broke ({type(error).__name__})") from error
    except (httpx.InvalidURL, ValueError) as error:
        raise DownloadFailed("the video link makes no sense", advice=_LIE) from error
    except ImportError as error:
        advice = "ask the user to install SOCKS support (pip install 'httpx[socks]') or to unset ALL_PROXY"
        raise DownloadFailed("a SOCKS proxy is set, without support for it", advice=advice) from error
