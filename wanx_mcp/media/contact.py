"""Contact sheets of this server, recognised where somebody orders a video of one: by mark, by name, by look."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from wanx_mcp.limits.pictures import CONTACT_SHEET_PIXELS

if TYPE_CHECKING:
    from PIL.Image import Image

MARK = b"wanx-mcp contact sheet"
"""Stands in the metadata of every sheet (a comment of the JPEG). Programs that share pictures often remove it."""

# The colours of the ground and of the time codes.
GROUND, INK, MUTED, ACCENT = "#15171c", "#ffffff", "#b9bfca", "#ffc440"

SHEET = "is a contact sheet of this server, with several small frames and their times, and not one picture"

_NAME = re.compile(
    r"\d{4}-\d\d-\d\d_(?:txt2video|img2video|wan)[a-z0-9-]*_.*-sheet(?:-\d+)?\.(?:jpe?g|png|webp)", re.IGNORECASE
)
_NEAR, _NEAR_ACCENT = 20, 90
"""How far each channel of a pixel may lie from the colour of the ground and of the time codes, after recompression."""

_EDGE, _MARGIN = 2, 6
"""Pixels at the edge that are ground, and pixels beside the time codes among which a line of ground is looked for."""

_MOSTLY = 0.92


def is_marked(content: bytes) -> bool:
    """Whether the file says that it is a sheet."""
    return MARK in content


def is_sheet_name(name: str) -> bool:
    """Whether a file is named as sheets are whose video nobody has named."""
    return _NAME.fullmatch(name) is not None


def looks_like_sheet(image: Image) -> bool:
    """Whether a decoded picture is laid out as a sheet: a dark ground on all sides, frames, and time codes under each
    row of frames, between two lines of ground."""
    if max(image.size) > CONTACT_SHEET_PIXELS or not _has_corners_like(image, GROUND):
        return False
    plain = image.convert("RGB")
    if not _has_edges_like(plain, GROUND):
        return False
    rows, strict = (_shares(_close_to(plain, GROUND, most)) for most in (_NEAR, _NEAR // 2))
    amber = _close_to(plain, ACCENT, _NEAR_ACCENT).getprojection()[1]
    # A row of time codes is mostly ground; amber in the frames themselves is not.
    lines = _bands([bool(is_set) and share > 0.5 for is_set, share in zip(amber, rows, strict=True)])
    if not any(_stands_under_frames(begin, end, rows, strict) for begin, end in lines):
        return False
    return _has_a_title(plain, next(number for number, share in enumerate(strict) if share < 0.5))


def _stands_under_frames(begin: int, end: int, rows: Sequence[float], strict: Sequence[float]) -> bool:
    """Whether the rows of pixels from `begin` to `end` lie between two lines of ground, with pictures above."""
    above, below = rows[max(0, begin - _MARGIN) : begin], rows[end + 1 : end + 1 + _MARGIN]
    if not above or not below or min(max(above), max(below)) < _MOSTLY:
        return False
    frames = strict[_EDGE : begin - _MARGIN]
    return bool(frames) and sum(frames) / len(frames) < 0.5


def _has_a_title(image: Image, rows: int) -> bool:
    """Whether the first `rows` of pixels hold something bright, on the left and on the right."""
    half = image.width // 2
    parts = [image.crop((x, 0, x + half, rows)).convert("L") for x in (0, half)] if rows else []
    return bool(parts) and all(float(part.getextrema()[1]) > 110 for part in parts)  # type: ignore[arg-type]  # one band


def _has_corners_like(image: Image, colour: str) -> bool:
    width, height = image.size
    corners = [(1, 1), (width - 2, 1), (1, height - 2), (width - 2, height - 2)]
    spots = [image.crop((x, y, x + 1, y + 1)).convert("RGB") for x, y in corners]
    return all(_close_to(spot, colour, _NEAR).getextrema()[0] == 255 for spot in spots)


def _has_edges_like(image: Image, colour: str) -> bool:
    """Whether the outermost lines of pixels have that colour, on the average of each."""
    from PIL import Image as Images

    for size in ((1, image.height), (image.width, 1)):
        means = _close_to(image.resize(size, Images.Resampling.BOX), colour, _NEAR).tobytes()
        if not all(means[:_EDGE] + means[-_EDGE:]):
            return False
    return True


def _close_to(image: Image, colour: str, most: int) -> Image:
    """255 where every channel is within `most` of the colour, else 0."""
    from PIL import Image as Images
    from PIL import ImageChops

    apart = ImageChops.difference(image, Images.new("RGB", image.size, colour))
    red, green, blue = apart.split()
    furthest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return furthest.point(lambda value: 255 if value <= most else 0)


def _shares(mask: Image) -> list[float]:
    """How much of each row is set: 0 to 1."""
    from PIL import Image as Images

    return [value / 255 for value in mask.resize((1, mask.height), Images.Resampling.BOX).tobytes()]


def _bands(rows: list[bool]) -> list[tuple[int, int]]:
    """First and last row of each run of rows that are set; gaps of up to three rows are bridged."""
    found: list[tuple[int, int]] = []
    for number, is_set in enumerate(rows):
        if is_set and found and number - found[-1][1] <= 4:
            found[-1] = (found[-1][0], number)
        elif is_set:
            found.append((number, number))
    return [(begin, end) for begin, end in found if begin > _EDGE]
