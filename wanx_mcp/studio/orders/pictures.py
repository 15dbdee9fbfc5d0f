"""The pictures of an order: read and checked before anything is spent, brought to the provider before it is placed."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import anyio
from anyio.to_thread import run_sync

from wanx_mcp.catalog import Order
from wanx_mcp.catalog.frames import is_frame
from wanx_mcp.catalog.pictures import PICTURES
from wanx_mcp.clock import Clock
from wanx_mcp.errors import ImageRejected, WanxError
from wanx_mcp.ledger import Origin
from wanx_mcp.limits import UPLOAD_SECONDS
from wanx_mcp.limits.pictures import FILE_BYTES
from wanx_mcp.media.contact import SHEET, is_sheet_name
from wanx_mcp.media.formats import Kind, Unfit, kind_of, named, stranger
from wanx_mcp.media.inspecting import Inspected, inspected
from wanx_mcp.media.pictures import CarryOn, Picture, prepared
from wanx_mcp.media.places import read_local
from wanx_mcp.media.ratios import nearest as nearest_ratio
from wanx_mcp.media.ratios import remarks
from wanx_mcp.media.spelling import Inline, Link, Local, read_spelling
from wanx_mcp.provider import Provider
from wanx_mcp.quoting import clean
from wanx_mcp.settings import Settings
from wanx_mcp.studio.orders.decoding import Decoding
from wanx_mcp.studio.orders.digests import inline_digest, without_pictures
from wanx_mcp.studio.orders.frames import NO_FRAMES, Frames
from wanx_mcp.toolnames import PREVIEW

INLINE_BYTES = 64 * 1024
"""A picture up to this size travels inside the order: sending 87 kB of base64 takes less than reaching a second host,
which can fail, and a link that dies after a day is one thing more that can go wrong."""

LIFE_SECONDS = 20 * 3600.0
"""The provider deletes an upload after 24 h [contract 7.5]; an order may wait in its queue for hours before."""

UPLOAD_PAUSE_SECONDS = 600.0
"""How long no upload is tried after one that failed (a plan that has none, a host that is away)."""

PRECHECK_BYTES = 65536
"""As much of a file as tells its kind."""

MOST_REMEMBERED, MOST_REMEMBERED_BYTES = 8, 32_000_000
"""Pictures that are kept as they were sent: several takes of one picture are the usual case."""

_BUSY = "could not be prepared in time because this server is busy with others"
_AGAIN = "make the same call again in a few seconds; nothing was sent"
_FRAME = (
    "order with one clean frame of the video instead: task:ID for its last one, task:ID@first or task:ID@SECONDS, or a "
    f"picture that {PREVIEW} saves with frame (first, last or seconds)"
)
_ATTACHED = (
    "; a picture attached in a chat does not reach tools: ask the user to put the file into that folder, or for an "
    "https link"
)
log = logging.getLogger(__name__)
GivenT = TypeVar("GivenT")
FoundT = TypeVar("FoundT")


@dataclass(frozen=True, slots=True)
class Prepared:
    """An order whose pictures are fit: `pictures` are those that are no links, `origins` tell which of them are frames
    of videos, `notes` are for the caller."""

    order: Order
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    origins: tuple[Origin, ...] = ()

    @property
    def kept(self) -> dict[str, Any]:
        """The arguments as the ledger keeps them: the same wherever the same pictures lie, and however the moment of a
        frame was written."""
        rest = {name: value for name, value in self.order.arguments.items() if name not in self.pictures}
        digests = {name: inline_digest(picture.content) for name, picture in self.pictures.items()}
        return without_pictures(rest) | digests | {origin.argument: origin.key for origin in self.origins}


@dataclass(frozen=True, slots=True)
class _Source:
    """The bytes of a picture, the kind that they are said to be, and another name that the file was found by."""

    content: bytes = field(repr=False)
    claimed: Kind | None = None
    renamed: str | None = None


class Pictures:
    """Prepares orders, one at a time, and delivers what they show."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._prechecks = anyio.CapacityLimiter(4)
        self._decoding = Decoding(clock)
        self._recent: dict[tuple[bytes, Kind | None], Picture] = {}
        self._lock = anyio.Lock()
        self._uploaded: dict[str, tuple[str, float]] = {}
        self._no_uploads_until = float("-inf")

    async def prepare(self, order: Order, frames: Frames = NO_FRAMES, *, within: float) -> Prepared:
        """`order` with its local and inline pictures and `frames` checked, and the ratio that suits them.

        Raises ImageRejected, at the latest after `within` seconds.
        """
        given = {name: frames.pictures.get(name, value) for name, value in order.arguments.items() if name in PICTURES}
        if not given:
            return Prepared(order)
        pictures = await self._read_in_time(given, within)
        sizes = {name: picture.size for name, picture in pictures.items()}
        shaped = "aspect_ratio" in order.row.allowed  # elsewhere the picture decides the shape of the video
        ratio = order.arguments.get("aspect_ratio")
        notes = [f"{name} was {', '.join(picture.notes)}" for name, picture in pictures.items() if picture.notes]
        notes = [*frames.notes, *notes, *(remarks(sizes, ratio) if shaped else [])]
        if shaped and sizes and ratio is None:
            order = _changed(order, {"aspect_ratio": nearest_ratio(sizes)})
        return Prepared(order, pictures, tuple(notes), frames.origins)

    async def _read_in_time(self, given: Mapping[str, str | bytes], within: float) -> dict[str, Picture]:
        until = self._clock.seconds() + within
        try:
            # What names and first bytes show does not wait for a turn.
            with anyio.fail_after(within):
                if not await run_sync(self._precheck, given, limiter=self._prechecks, abandon_on_cancel=True):
                    return {}
            return await self._decoding.run(lambda carry_on: self._read(given, carry_on), until - self._clock.seconds())
        except TimeoutError:
            what = "the picture" if len(given) == 1 else "the pictures"
            raise ImageRejected(f"{what} {_BUSY}", advice=_AGAIN) from None

    async def deliver(self, prepared: Prepared, provider: Provider, *, until: float) -> Order:
        """The order as it is sent, its pictures uploaded or inside; most of the time before `until` is left for it.

        Never fails for want of an upload.
        """
        now = self._clock.seconds()
        within = max(0.0, min(UPLOAD_SECONDS, (until - now) / 2))
        urls: dict[str, str | None] = {}
        with anyio.move_on_after(within):
            for name, picture in prepared.pictures.items():
                if len(picture.content) > INLINE_BYTES:
                    async with self._lock:
                        urls[name] = await self._upload(picture, provider, now + within - self._clock.seconds())
        places = {name: urls.get(name) or _data_uri(picture) for name, picture in prepared.pictures.items()}
        return _changed(prepared.order, places) if places else prepared.order

    async def _upload(self, picture: Picture, provider: Provider, within: float) -> str | None:
        now = self._clock.seconds()
        self._uploaded = {digest: known for digest, known in self._uploaded.items() if known[1] > now}
        if known := self._uploaded.get(picture.digest):
            return known[0]
        if within <= 0 or now < self._no_uploads_until:
            return None
        try:
            url = await provider.upload(
                f"{picture.digest[:16]}.{picture.kind.extension}", picture.content, within=within
            )
        except WanxError as error:
            log.info("a picture goes inside its order, since it could not be uploaded: %s", error.code)
            self._no_uploads_until = self._clock.seconds() + UPLOAD_PAUSE_SECONDS
            return None
        self._uploaded[picture.digest] = (url, now + LIFE_SECONDS)
        return url

    def _precheck(self, given: Mapping[str, str | bytes]) -> bool:
        """Whether there is anything to decode. Runs in a thread. Raises ImageRejected for what is plainly wrong."""
        return bool(self._each(given, self._plain))

    def _plain(self, value: str | bytes) -> bool | None:
        source = self._source(value, PRECHECK_BYTES)
        if source and kind_of(source.content) is None:
            raise Unfit(f"is {stranger(source.content)}")
        return None if source is None else True

    def _read(self, given: Mapping[str, str | bytes], carry_on: CarryOn) -> dict[str, Picture]:
        """The pictures, fit to send. Runs in a thread. The headers of all are looked at before one is decoded."""
        sources = self._each(given, self._source)
        seen = self._each(sources, lambda source: (source, inspected(source.content)))
        carry_on()
        return self._each(seen, lambda one: self._picture(*one, carry_on))

    def _source(self, value: str | bytes, most: int = FILE_BYTES) -> _Source | None:
        """What was given, or the first `most` bytes of a file; None for a link. Bytes are a frame of a video."""
        if isinstance(value, bytes):
            return _Source(value)
        if is_frame(value):
            raise Unfit("is a frame of a video, which cannot be taken here", misplaced=True)
        match read_spelling(value):
            case Link():
                return None
            case Inline(content, claimed):
                return _Source(content, claimed)
            case Local(path):
                found = read_local(path, self._settings.picture_folders, most)
                if is_sheet_name(found.name):
                    raise Unfit(SHEET)
                return _Source(found.content, named(found.name.rpartition(".")[2]), found.renamed)

    def _picture(self, source: _Source, seen: Inspected, carry_on: CarryOn) -> Picture:
        key = (hashlib.sha256(source.content).digest(), source.claimed)
        picture = self._recent.pop(key, None) or prepared(seen, source.claimed, carry_on)
        self._recent[key] = picture
        while len(self._recent) > MOST_REMEMBERED or self._remembered() > MOST_REMEMBERED_BYTES:
            del self._recent[next(iter(self._recent))]
        if source.renamed is None:
            return picture
        return replace(picture, notes=(f"found as {clean(source.renamed, 100)}", *picture.notes))

    def _remembered(self) -> int:
        return sum(len(picture.content) for picture in self._recent.values())

    def _each(self, given: Mapping[str, GivenT], do: Callable[[GivenT], FoundT | None]) -> dict[str, FoundT]:
        """What `do` makes of each picture, without what it answers None for. Raises ImageRejected, naming all that
        is wrong."""
        found: dict[str, FoundT] = {}
        wrong: dict[str, Unfit] = {}
        for name, value in given.items():
            try:
                made = do(value)
            except Unfit as unfit:
                wrong[name] = unfit
            else:
                found |= {} if made is None else {name: made}
        if wrong:
            what = "; ".join(f"{name} {unfit}" for name, unfit in wrong.items())
            raise ImageRejected(what, advice=self._advice(wrong))
        return found

    def _advice(self, wrong: Mapping[str, Unfit]) -> str:
        if any(str(unfit) == SHEET for unfit in wrong.values()):
            return _FRAME
        steps = "; ".join(
            f"set {name} to {self._fix() if n == 0 else 'an https URL likewise'}" for n, name in enumerate(wrong)
        )
        misplaced = any(unfit.misplaced for unfit in wrong.values())
        attached = _ATTACHED if misplaced and self._settings.picture_folders else ""
        return f"{steps}; then order again{attached}"

    def _fix(self) -> str:
        folders = " or ".join(clean(str(folder), 120) for folder in self._settings.picture_folders[:3])
        if not folders:
            return "an https URL (for local pictures, the user has to set WANX_INPUT_DIRS to a folder)"
        return f"an https URL, or to the path of a JPEG, PNG or WebP picture (at least 64 pixels a side) in {folders}"


def _changed(order: Order, arguments: Mapping[str, Any]) -> Order:
    return replace(order, input=order.input.model_copy(update=dict(arguments)))


def _data_uri(picture: Picture) -> str:
    return f"data:{picture.kind.mime};base64,{base64.b64encode(picture.content).decode()}"
