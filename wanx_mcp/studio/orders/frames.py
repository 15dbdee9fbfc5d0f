"""The pictures of an order that are frames of one's own videos: in hand, and known, before anything is paid."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from wanx_mcp.catalog import Order
from wanx_mcp.catalog.frames import FrameOf, frame_of
from wanx_mcp.catalog.pictures import PICTURES
from wanx_mcp.errors import DownloadFailed, ImageRejected, InvalidArguments, NotFinished, TaskNotFound, WanxError
from wanx_mcp.ledger import Origin
from wanx_mcp.studio.account import Account
from wanx_mcp.toolnames import GET, LIST, PREVIEW

DRIFTS_FROM = 4
"""The link of a chain of clips from which the loss of quality shows: each starts with what the last one made."""


class Taken(Protocol):
    """A frame that was taken: a PNG, its number among the clip's frames, when it is shown, how many black or faded
    frames behind it were skipped, and the digest of the clip."""

    @property
    def content(self) -> bytes: ...

    @property
    def number(self) -> int: ...

    @property
    def frames(self) -> int: ...

    @property
    def seconds(self) -> float: ...

    @property
    def skipped(self) -> int: ...

    @property
    def clip(self) -> str: ...


Take = Callable[[str, str, float], Awaitable[Taken]]
"""Takes a frame of a task's video: the task's id, the moment, and the seconds that it may take."""


@dataclass(frozen=True, slots=True)
class Frames:
    """The pictures, what the ledger keeps of them, and what is worth knowing."""

    pictures: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    origins: tuple[Origin, ...] = ()
    notes: tuple[str, ...] = ()


NO_FRAMES = Frames()


class OwnFrames:
    """Finds the frames that an order names."""

    def __init__(self, account: Account, take: Take) -> None:
        self._account = account
        self._take = take

    async def of(self, order: Order, within: float) -> Frames:
        """The frames of `order`, each taken within so many seconds.

        Raises TaskNotFound for a task that was not ordered here, NotFinished, ImageRejected, DownloadFailed,
        LedgerUnusable and the errors of a get.
        """
        named = {
            name: frame for name, value in order.arguments.items() if name in PICTURES and (frame := frame_of(value))
        }
        if not named:
            return NO_FRAMES
        for name, frame in named.items():
            await self._check_ours(name, frame)
        taken = {name: await self._taken(name, frame, within) for name, frame in named.items()}
        origins = tuple(
            Origin(name, named[name].task_id, found.number, found.frames, found.clip) for name, found in taken.items()
        )
        notes = [_words(name, named[name], found) for name, found in taken.items()]
        return Frames(
            {name: found.content for name, found in taken.items()}, origins, (*notes, *await self._drift(origins))
        )

    async def _check_ours(self, name: str, frame: FrameOf) -> None:
        if await self._account.find(frame.task_id) is None:
            raise TaskNotFound(
                f"{name} names a frame of task {frame.task_id}, which was not ordered with this account here",
                advice=f"take a task_id from {LIST}, or set {name} to another picture; then order again",
            )

    async def _taken(self, name: str, frame: FrameOf, within: float) -> Taken:
        what = f"{name} cannot be a frame of task {frame.task_id}"
        try:
            return await self._take(frame.task_id, frame.moment, within)
        except NotFinished as error:
            advice = error.next if error.next != NotFinished.advice else None
            advice = (
                advice or f"call {GET} with that task_id and wait_seconds until its video is ready, then order again"
            )
            raise NotFinished(f"{what}: {error.what}", advice=advice) from error
        except DownloadFailed as error:
            raise DownloadFailed(f"{what}: {error.what}", advice=error.next) from error
        except InvalidArguments as error:
            raise ImageRejected(f"{what}: {error.what}", advice=f"{error.next}, then order again") from error
        except WanxError as error:
            if error.code not in ("preview_failed", "extra_missing"):
                raise
            advice = f"look at the video with {PREVIEW}, or set {name} to another picture; then order again"
            raise ImageRejected(f"{what}: {error.what}", advice=advice) from error

    async def _drift(self, origins: tuple[Origin, ...]) -> tuple[str, ...]:
        """What is said from the fourth link of a chain on."""
        links = [1 + await self._account.links(origin.task_id) for origin in origins if origin.is_start]
        if not links or max(links) < DRIFTS_FROM:
            return ()
        return (
            f"this is link {max(links)} of a chain of clips that each begin with a frame of the one before; quality "
            "drifts from link to link: compare it with the first, and begin anew from an original picture if it shows",
        )


def _words(name: str, frame: FrameOf, found: Taken) -> str:
    place = f"{name} is frame {found.number + 1} of {found.frames} of task {frame.task_id}, at {found.seconds:.2f} s"
    if found.skipped:
        return f"{place}; the {found.skipped} frames behind it are black, white or faded and were skipped"
    return place
