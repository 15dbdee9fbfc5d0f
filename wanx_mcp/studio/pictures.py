"""The pictures of an order: read and checked before anything is spent, brought to the provider before it is placed."""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
import anyio.to_thread

from wanx_mcp.catalog import Order
from wanx_mcp.catalog.pictures import PICTURES
from wanx_mcp.clock import Clock
from wanx_mcp.errors import ImageRejected, WanxError
from wanx_mcp.media.formats import Unfit, named
from wanx_mcp.media.pictures import Picture, checked
from wanx_mcp.media.places import read_local
from wanx_mcp.media.ratios import nearest as nearest_ratio
from wanx_mcp.media.ratios import remarks
from wanx_mcp.media.spelling import Inline, Link, read_spelling
from wanx_mcp.provider import Provider
from wanx_mcp.quoting import clean
from wanx_mcp.settings import Settings
from wanx_mcp.studio.digests import inline_digest, without_pictures

INLINE_BYTES = 64 * 1024
"""A picture up to this size travels inside the order: sending 87 kB of base64 takes less than reaching a second host,
which can fail, and a link that dies after a day is one thing more that can go wrong."""

UPLOAD_SECONDS = 8.0
"""The longest for all uploads of an order, so that a create still answers within 20 s. What is late goes inline."""

LIFE_SECONDS = 20 * 3600.0
"""The provider deletes an upload after 24 h [contract 7.5]; an order may wait in its queue for hours before."""

SULK_SECONDS = 600.0
"""How long no upload is tried after one that failed (a plan that has none, a host that is away)."""

_ATTACHED = (
    "; a picture attached in a chat does not reach tools: ask the user to put the file into that folder, or for an "
    "https link"
)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An order whose pictures are fit: `pictures` are those that are no links, `notes` are for the caller."""

    order: Order
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def kept(self) -> dict[str, Any]:
        """The arguments as the ledger keeps them: the same wherever the same pictures lie."""
        rest = {name: value for name, value in self.order.arguments.items() if name not in self.pictures}
        digests = {name: inline_digest(picture.content) for name, picture in self.pictures.items()}
        return without_pictures(rest) | digests


class Pictures:
    """Prepares orders, one picture at a time, and delivers what they show."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._one = anyio.CapacityLimiter(1)
        self._lock = anyio.Lock()
        self._uploaded: dict[str, tuple[str, float]] = {}
        self._sulking_until = float("-inf")

    async def prepare(self, order: Order) -> Prepared:
        """`order` with its local and inline pictures checked, and the ratio that suits them. Raises ImageRejected."""
        given = {name: value for name, value in order.arguments.items() if name in PICTURES}
        if not given:
            return Prepared(order)
        pictures = await anyio.to_thread.run_sync(self._read, given, limiter=self._one)
        sizes = {name: picture.size for name, picture in pictures.items()}
        ratio = order.input.aspect_ratio
        notes = [f"{name} was {', '.join(picture.notes)}" for name, picture in pictures.items() if picture.notes]
        notes += remarks(sizes, ratio)
        if sizes and ratio is None:
            order = _changed(order, {"aspect_ratio": nearest_ratio(sizes)})
        return Prepared(order, pictures, tuple(notes))

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
        if within <= 0 or now < self._sulking_until:
            return None
        try:
            url = await provider.upload(
                f"{picture.digest[:16]}.{picture.kind.extension}", picture.content, within=within
            )
        except WanxError as error:
            log.info("a picture goes inside its order, since it could not be uploaded: %s", error.code)
            self._sulking_until = self._clock.seconds() + SULK_SECONDS
            return None
        self._uploaded[picture.digest] = (url, now + LIFE_SECONDS)
        return url

    def _read(self, given: Mapping[str, str]) -> dict[str, Picture]:
        """Runs in a thread."""
        found: dict[str, Picture] = {}
        wrong: dict[str, Unfit] = {}
        for name, value in given.items():
            try:
                picture = self._picture(value)
            except Unfit as unfit:
                wrong[name] = unfit
            else:
                found |= {name: picture} if picture else {}
        if wrong:
            what = "; ".join(f"{name} {unfit}" for name, unfit in wrong.items())
            raise ImageRejected(what, advice=self._advice(wrong))
        return found

    def _picture(self, value: str) -> Picture | None:
        match read_spelling(value):
            case Link():
                return None
            case Inline() as inline:
                return checked(inline.content, inline.claimed)
            case local:
                content = read_local(local.path, self._settings.picture_folders)
                return checked(content, named(local.path.rpartition(".")[2]))

    def _advice(self, wrong: Mapping[str, Unfit]) -> str:
        folders = " or ".join(clean(str(folder), 120) for folder in self._settings.picture_folders[:3])
        fix = f"an https URL, or to the path of a JPEG, PNG or WebP picture (64 to 8000 pixels a side) in {folders}"
        steps = "; ".join(f"set {name} to {fix if n == 0 else 'an https URL likewise'}" for n, name in enumerate(wrong))
        attached = _ATTACHED if any(unfit.misplaced for unfit in wrong.values()) else ""
        return f"{steps}; then order again{attached}"


def _changed(order: Order, arguments: Mapping[str, Any]) -> Order:
    return replace(order, input=order.input.model_copy(update=dict(arguments)))


def _data_uri(picture: Picture) -> str:
    return f"data:{picture.kind.mime};base64,{base64.b64encode(picture.content).decode()}"
