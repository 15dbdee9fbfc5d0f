"""One picture, checked in bounded memory and made fit to send: upright, still, small enough, without metadata."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from wanx_mcp.limits.pictures import SENT_BYTES
from wanx_mcp.media.contact import SHEET, looks_like_sheet
from wanx_mcp.media.formats import JPEG, PNG, Kind, Unfit
from wanx_mcp.media.inspecting import Inspected, decoder_errors, inspected, opened
from wanx_mcp.media.repairs import encoded, foreign_profile, has_clear_parts, in_srgb, is_deep, on_white, scaled
from wanx_mcp.media.stripping import stripped

if TYPE_CHECKING:
    from PIL.Image import Image


_PLAIN = frozenset({"L", "RGB", "RGBA", "LA", "P", "PA", "1", "RGBX"})
_ORIENTATION = 0x0112
_END = b"\xff\xd9"
_FILLING = b"\x55\x2a\x77\x13" * 64
"""Entropy-coded data that means something: it shows where a JPEG without an end is incomplete."""

CarryOn = Callable[[], None]
"""Called between the steps of the work; raises Abandoned where nobody waits for the picture any more."""


@dataclass(frozen=True)
class Picture:
    """A picture as it is sent. `notes` are participles that say what was changed."""

    content: bytes = field(repr=False)
    kind: Kind
    size: tuple[int, int]
    notes: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class _Decoded:
    """The pixels at the size that is sent, and what the file said about them."""

    image: Image = field(repr=False)
    mode: str
    turned: bool
    deep: bool
    profile: bytes | None = field(repr=False)


def _always() -> None:
    """Somebody waits."""


def checked(content: bytes, claimed: Kind | None = None, carry_on: CarryOn = _always) -> Picture:
    """`content` fit to send. `claimed` is the kind that somebody said it is. Raises Unfit."""
    return prepared(inspected(content), claimed, carry_on)


def prepared(seen: Inspected, claimed: Kind | None = None, carry_on: CarryOn = _always) -> Picture:
    """An inspected picture fit to send. Raises Unfit, and what `carry_on` raises."""
    with decoder_errors(seen.kind):
        carry_on()
        decoded = _decoded(seen)
        carry_on()
        if seen.scans and not seen.scans.ended:
            _check_complete(seen, decoded.image)
        if looks_like_sheet(decoded.image):
            raise Unfit(SHEET)
        bare = stripped(seen.content, seen.kind) if _may_stay(seen) else None
        steps = _steps(seen, decoded, bare)
        notes = _notes(seen, claimed, bare, steps)
        if bare is not None and not steps and _shows(bare, seen, decoded.image):
            return Picture(bare, seen.kind, seen.size, notes)
        carry_on()
        return _encoded(seen, decoded, notes if steps or seen.page else (*notes, "encoded anew"))


def _decoded(seen: Inspected, content: bytes | None = None) -> _Decoded:
    with seen.opened(content) as image:
        profile = image.info.get("icc_profile")
        turned = image.getexif().get(_ORIENTATION, 1) != 1
        if seen.target != seen.size:
            image.draft(None, seen.target)  # a large JPEG is decoded no larger than needed
        mode = image.mode
        image.load()
        turned = turned or image.getexif().get(_ORIENTATION, 1) != 1  # a PNG may tell it after the pixels
        made = image.copy() if seen.target == seen.size else scaled(image, seen.target)
        return _Decoded(made, mode, turned, is_deep(seen.content, seen.kind), profile)


def _check_complete(seen: Inspected, image: Image) -> None:
    """Refuse a JPEG that lacks more than its end marker: there, whatever follows the data changes the picture."""
    other = _decoded(seen, seen.content[: -len(_END)] + _FILLING + _END).image
    if other.tobytes() != image.tobytes():
        raise Unfit(f"is a damaged or truncated {seen.kind.name} picture")


def _may_stay(seen: Inspected) -> bool:
    """Whether the pixels may be sent as they are coded."""
    return seen.kind.sent and not seen.page and (seen.scans is None or seen.scans.usual)


def _steps(seen: Inspected, decoded: _Decoded, bare: bytes | None) -> tuple[str, ...]:
    """What has to be done to the pixels."""
    steps = {
        "turned upright": decoded.turned,
        f"scaled down from {seen.size[0]}x{seen.size[1]}": seen.target != seen.size,
        f"converted from {seen.kind.name}": not seen.kind.sent,
        "brought to 8-bit RGB": decoded.mode not in _PLAIN or decoded.deep,
        "brought to sRGB": foreign_profile(decoded.image, decoded.profile),
        "laid on white where it was transparent": has_clear_parts(decoded.image),
        "compressed": seen.target == seen.size and bare is not None and len(bare) > SENT_BYTES,
    }
    return tuple(words for words, wanted in steps.items() if wanted)


def _notes(seen: Inspected, claimed: Kind | None, bare: bytes | None, steps: tuple[str, ...]) -> tuple[str, ...]:
    """What is said of the picture: everything that was done to it."""
    others = {
        f"recognised as {seen.kind.name}": claimed not in (None, seen.kind),
        seen.several: bool(seen.several),
        "completed by its missing end marker": seen.scans is not None and not seen.scans.ended,
    }
    freed = ("freed of metadata",) if bare is not None and bare != seen.whole else ()
    return (*(words for words, wanted in others.items() if wanted), *steps, *freed)


def _shows(bare: bytes, seen: Inspected, image: Image) -> bool:
    """Whether the file without its metadata is the same picture, pixel by pixel."""
    if bare == seen.content:
        return True
    try:
        with opened(bare, seen.kind) as again:
            again.load()
            return (again.size, again.mode, again.tobytes()) == (image.size, image.mode, image.tobytes())
    except Exception:  # what the stripper made of an unusual file is no picture
        return False


def _encoded(seen: Inspected, decoded: _Decoded, notes: tuple[str, ...]) -> Picture:
    """The pixels as a new file, opened again before it counts."""
    from PIL import ImageOps

    image = decoded.image
    ImageOps.exif_transpose(image, in_place=True)
    if "brought to sRGB" in notes:
        image = in_srgb(image, decoded.profile)
    flat = on_white(image)
    into = JPEG if seen.kind.lossy else PNG
    made = encoded(flat, into)
    if len(made) > SENT_BYTES:
        into, made = JPEG, encoded(flat, JPEG)
    with opened(made, into) as again:
        again.load()
        if again.size != flat.size:
            raise Unfit(f"could not be encoded as {into.name}")
    return Picture(made, into, flat.size, notes)
