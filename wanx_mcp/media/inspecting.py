"""A picture before it is decoded: what it is, how large, which of its images counts, whether it may be decoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from wanx_mcp.media.contact import SHEET, is_marked
from wanx_mcp.media.formats import AVIF, ICO, JPEG, PNG, TIFF, WEBP, Kind, Unfit, brands, kind_of, stranger
from wanx_mcp.media.headers import Scans, check_headers, check_pixels, scans_of
from wanx_mcp.media.stripping import stripped
from wanx_mcp.media.tiffs import largest_page
from wanx_mcp.quoting import one

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

SHORTEST_SIDE = 64
MAX_SIDE = 1920
"""Longer pictures are scaled down: no video is wider."""

MOST_IMAGES = 16
"""So many images of a JPEG (MPO) are compared to find the largest."""

_END = b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class Inspected:
    """A picture that may be decoded. `content` is what the decoder gets; `whole` is what was given, and its end."""

    content: bytes = field(repr=False)
    whole: bytes = field(repr=False)
    kind: Kind
    size: tuple[int, int]
    page: int = 0
    several: str = ""
    """What has to be said about its other images."""

    scans: Scans | None = None
    """Of a JPEG."""

    @property
    def target(self) -> tuple[int, int]:
        """The size that is sent."""
        return target_of(self.size)

    @contextmanager
    def opened(self, content: bytes | None = None) -> Iterator[ImageFile]:
        """The image that counts, not yet decoded."""
        with opened(self.content if content is None else content, self.kind) as image:
            if self.page:
                image.seek(self.page)
            yield image


def inspected(content: bytes) -> Inspected:
    """`content`, if it may be decoded: its headers are looked at and nothing else. Raises Unfit."""
    kind = kind_of(content)
    if kind is None:
        raise Unfit(f"is {stranger(content)}")
    if is_marked(content):
        raise Unfit(SHEET)
    check_headers(content, kind)
    scans = scans_of(content) if kind is JPEG else None
    if scans and not scans.ended:
        content = content.rstrip(b"\0\xff") + _END
    with decoder_errors(kind):
        readable = next(_readable(content, kind))
        with opened(readable, kind) as image:
            check_pixels(image.size, kind)
            if scans:
                scans.check(image.size, len(image.getbands()))
            page, several = _chosen(image, kind, readable)
            if page:
                image.seek(page)
            check_size(image.size, kind)
            return Inspected(readable, content, kind, image.size, page, several, scans)


@contextmanager
def opened(content: bytes, kind: Kind) -> Iterator[ImageFile]:
    """The picture, its header read, by the one decoder of its kind."""
    from PIL import Image

    Image.preinit()
    if kind.name not in Image.OPEN:
        Image.init()
    factory, accepts = Image.OPEN[kind.name]
    if accepts and not accepts(content[:16]):
        raise SyntaxError(f"no {kind.name}")
    # Not by Image.open, whose own limit for all kinds would refuse a photo of 200 million pixels, and warn at 90.
    with factory(BytesIO(content), "") as image:
        yield image


@contextmanager
def decoder_errors(kind: Kind) -> Iterator[None]:
    """Whatever a decoder raises, in words. Raises Unfit."""
    from PIL import Image

    try:
        yield
    except (Unfit, Abandoned):
        raise
    except Image.DecompressionBombError:
        raise Unfit(f"is {one(kind.name)} picture of too many pixels") from None
    except (KeyError, ImportError):
        raise Unfit(f"is {one(kind.name)} picture, which cannot be read here") from None
    except Exception:  # decoders meet hostile bytes in ways that nobody has listed
        raise Unfit(f"is a damaged or truncated {kind.name} picture") from None


class Abandoned(Exception):
    """Nobody waits for this picture any more."""


def check_size(size: tuple[int, int], kind: Kind) -> None:
    """Refuse a picture that is too small, too large for the memory, or a mere strip. Raises Unfit."""
    check_pixels(size, kind)
    words = f"is {size[0]}x{size[1]}"
    if min(size) < SHORTEST_SIDE:
        raise Unfit(f"{words}; each side needs at least {SHORTEST_SIDE} pixels")
    if min(target_of(size)) < SHORTEST_SIDE:
        raise Unfit(f"{words}; scaled to {MAX_SIDE} pixels, less than {SHORTEST_SIDE} are left of a side")


def target_of(size: tuple[int, int]) -> tuple[int, int]:
    """`size`, scaled down so that no side is longer than MAX_SIDE."""
    longest = max(size)
    if longest <= MAX_SIDE:
        return size
    width, height = (max(1, round(side * MAX_SIDE / longest)) for side in size)
    return width, height


def _readable(content: bytes, kind: Kind) -> Iterator[bytes]:
    """`content` in the first form that the decoder opens. Viewers are more tolerant of its metadata than Pillow."""
    fault: Exception | None = None
    for form in _forms(content, kind):
        try:
            with opened(form, kind):
                pass
        except Exception as error:
            fault = fault or error
        else:
            yield form
            return
    raise fault or Unfit(f"is a damaged or truncated {kind.name} picture")


def _forms(content: bytes, kind: Kind) -> Iterator[bytes]:
    if kind is AVIF:
        yield from _under_its_brand(content)
        return
    yield content
    if kind in (JPEG, PNG, WEBP):
        for turn in (True, False):
            if (bare := stripped(content, kind, turn=turn)) is not None:
                yield bare


def _under_its_brand(content: bytes) -> Iterator[bytes]:
    """An AVIF whose major brand is its own: Pillow goes by that one alone, the decoder below by all of them."""
    major, *others = brands(content)
    first = (
        b"avis" if major == b"avis" or (b"avis" in others and (major == b"msf1" or b"avif" not in others)) else b"avif"
    )
    for brand in (first, b"avif"):
        yield content if brand == major else content[:8] + brand + content[12:]


def _chosen(image: ImageFile, kind: Kind, content: bytes) -> tuple[int, str]:
    """Which image of the file counts, and what has to be said about the others. Raises Unfit for an animation."""
    if kind is TIFF:
        page, count, alone = largest_page(content)
    elif kind is ICO:
        page, count, alone = 0, len(image.info.get("sizes", ())), True
    elif image.format == "MPO":
        page, count, alone = _largest_of_mpo(content, image)
    elif getattr(image, "is_animated", False):
        raise Unfit("is animated; a single picture is needed")
    else:
        return 0, ""
    if count < 2:
        return 0, ""
    return page, f"reduced to the {'largest' if alone or page else 'first'} of its {count} pictures"


def _largest_of_mpo(content: bytes, image: ImageFile) -> tuple[int, int, bool]:
    """Like `largest_page`, for the images of a camera's MPO. A broken one behind the first counts for nothing."""
    count = int(getattr(image, "n_frames", 1))
    areas = [image.width * image.height]
    with opened(content, JPEG) as other:
        for number in range(1, min(count, MOST_IMAGES)):
            try:
                other.seek(number)
            except Exception:  # whatever stands where the directory points
                areas.append(0)
            else:
                areas.append(other.width * other.height)
    return areas.index(max(areas)), count, areas.count(max(areas)) == 1
