"""The directories of a TIFF: a camera's raw file is one too, whose first picture is only a thumbnail."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from wanx_mcp.limits.pictures import MOST_TIFF_PAGES, MOST_TIFF_VALUES
from wanx_mcp.media.formats import TIFF, Unfit

_WIDTH, _HEIGHT, _PHOTOMETRIC, _MAKE, _CHILDREN, _DNG = 256, 257, 262, 271, 330, 50706
_MOSAICS = frozenset({32803, 34892})
"""Photometric interpretations of a sensor's own data: colour filter array, linear raw."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_MAKERS = (
    ("NIKON", "NEF"),
    ("CANON", "CR2"),
    ("SONY", "ARW"),
    ("PENTAX", "PEF"),
    ("RICOH", "PEF"),
    ("SAMSUNG", "SRW"),
    ("HASSELBLAD", "3FR"),
    ("PHASE ONE", "IIQ"),
    ("EPSON", "ERF"),
    ("KODAK", "DCR"),
    ("MAMIYA", "MEF"),
    ("LEAF", "MOS"),
)
_NEXT = "; save it as a JPEG or PNG first"


@dataclass(frozen=True, slots=True)
class Directory:
    """One picture in a TIFF. `child`: it hangs from another one, where Pillow does not look."""

    width: int
    height: int
    photometric: int
    maker: str = ""
    is_dng: bool = False
    child: bool = False
    children: tuple[int, ...] = field(default=(), repr=False)

    @property
    def area(self) -> int:
        return self.width * self.height


def check_tiff(content: bytes) -> None:
    """Refuse a camera's raw file, and one whose full picture Pillow does not see. Raises Unfit, struct.error."""
    found = list(directories(content))
    if name := _raw(content, found):
        raise Unfit(f"is a camera's raw file ({name}), which cannot be read here{_NEXT}")
    most = max((one.area for one in found if not one.child), default=0)
    for one in found:
        if one.child and one.area > most:
            size = f"{one.width}x{one.height}"
            raise Unfit(f"is a TIFF whose full picture ({size}) lies where it cannot be read here{_NEXT}")


def largest_page(content: bytes) -> tuple[int, int, bool]:
    """Number of the page with the most pixels, how many pages there are, whether it is larger than all others."""
    areas = [one.area for one in directories(content) if not one.child]
    best = areas.index(max(areas)) if areas else 0
    return best, max(len(areas), 1), areas.count(max(areas, default=0)) == 1


def directories(content: bytes) -> Iterator[Directory]:
    """The pictures of a TIFF in their order, each with its children behind it; at most MOST_TIFF_PAGES."""
    order = "<" if content[:2] == b"II" else ">"
    big = 43 in (content[2], content[3])
    pointer = "Q" if big else "I"
    (at,) = struct.unpack_from(order + pointer, content, 8 if big else 4)
    seen: set[int] = set()
    while at and at not in seen and len(seen) < MOST_TIFF_PAGES:
        seen.add(at)
        page, at = _directory(content, at, order, big)
        yield page
        for child in page.children[:16]:
            if child not in seen:
                seen.add(child)
                yield _directory(content, child, order, big, child=True)[0]


def _directory(content: bytes, at: int, order: str, big: bool, *, child: bool = False) -> tuple[Directory, int]:
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), content, at)
    at += 8 if big else 2
    if count > 4096:
        raise Unfit(f"is a damaged or truncated {TIFF.name} picture")
    found: dict[int, tuple[int, ...]] = {}
    maker = ""
    for _ in range(count):
        tag, values, words = _entry(content, at, order, big)
        found[tag] = values
        maker = words if tag == _MAKE else maker
        at += 20 if big else 12
    (reading,) = struct.unpack_from(order + ("Q" if big else "I"), content, at)
    one = {tag: values[0] for tag, values in found.items() if values}
    page = Directory(
        one.get(_WIDTH, 0),
        one.get(_HEIGHT, 0),
        one.get(_PHOTOMETRIC, -1),
        maker,
        _DNG in found,
        child,
        found.get(_CHILDREN, ()),
    )
    return page, reading


def _entry(content: bytes, at: int, order: str, big: bool) -> tuple[int, tuple[int, ...], str]:
    """Tag, its values if they are a few whole numbers, and its text."""
    tag, kind, count = struct.unpack_from(order + ("HHQ" if big else "HHI"), content, at)
    if count > MOST_TIFF_VALUES and kind not in (1, 2, 7):
        raise Unfit(f"is a {TIFF.name} picture of so many parts that it is not read")
    place, room = (at + 12, 8) if big else (at + 8, 4)
    if _SIZES.get(kind, 1) * count > room:
        (place,) = struct.unpack_from(order + ("Q" if big else "I"), content, place)
    if kind == 2:
        return tag, (), content[place : place + min(count, 64)].split(b"\0")[0].decode("latin-1").upper()
    letter = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}.get(kind)
    if letter is None or tag not in (_WIDTH, _HEIGHT, _PHOTOMETRIC, _CHILDREN):
        return tag, (), ""
    return tag, struct.unpack_from(f"{order}{min(count, 16)}{letter}", content, place), ""


def _raw(content: bytes, found: list[Directory]) -> str | None:
    """The kind of raw file, if it is one."""
    if content[8:10] == b"CR":
        return "CR2"
    if any(one.is_dng for one in found):
        return "DNG"
    if not any(one.photometric in _MOSAICS for one in found) and content[8:12] != b"IIII":
        return None
    maker = next((one.maker for one in found if one.maker), "")
    return next((name for begin, name in _MAKERS if begin in maker), "RAW")
