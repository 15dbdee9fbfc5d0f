"""Contact sheets of this server, recognised where somebody orders a video of one: by mark, by name, by look."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wanx_mcp.media.sheet import ACCENT, GROUND

if TYPE_CHECKING:
    from PIL.Image import Image

MARK = b"wanx-mcp contact sheet"
"""Stands in the metadata of every sheet (a comment of the JPEG). Programs that share pictures often remove it."""

SHEET = "is a contact sheet of this server, with several small frames and their times, and not one picture"

_NAME = re.compile(
    r"\d{4}-\d\d-\d\d_(?:txt2video|img2video|wan)[a-z0-9-]*_.*-sheet(?:-\d+)?\.(?:jpe?g|png|webp)", re.IGNORECASE
)
_LONGEST = 2000
_NEAR, _NEAR_ACCENT = 8, 70
"""How far each channel of a pixel may lie from the colour of the ground and of the time codes, after recompression."""

_EDGE = 3


def is_marked(content: bytes) -> bool:
    """Whether the file says that it is a sheet."""
    return MARK in content


def is_sheet_name(name: str) -> bool:
    """Whether a file is named as sheets are whose video nobody has named."""
    return _NAME.fullmatch(name) is not None


def looks_like_sheet(image: Image) -> bool:
    """Whether a decoded picture is laid out as a sheet: a dark ground on all sides, frames, and time codes under each
    row of frames, between two lines of ground."""
    if max(image.size) > _LONGEST or not _is_dark_in_its_corners(image):
        return False
    plain = image.convert("RGB")
    ground = _close_to(plain, GROUND, _NEAR)
    rows, columns = _shares(ground, (1, plain.height)), _shares(ground, (plain.width, 1))
    if min(*rows[:_EDGE], *rows[-_EDGE:], *columns[:_EDGE], *columns[-_EDGE:]) < 0.97:
        return False
    amber = _close_to(plain, ACCENT, _NEAR_ACCENT).getprojection()[1]
    # A row of time codes is mostly ground; amber in the frames themselves is not.
    lines = _bands([bool(is_set) and share > 0.55 for is_set, share in zip(amber, rows, strict=True)])
    for begin, end in lines:
        clear = min(rows[begin - 2], rows[min(end + 2, len(rows) - 1)]) > 0.97
        above = rows[_EDGE : begin - 2]
        if clear and above and sum(above) / len(above) < 0.5:
            return True
    return False


def _is_dark_in_its_corners(image: Image) -> bool:
    width, height = image.size
    corners = [(1, 1), (width - 2, 1), (1, height - 2), (width - 2, height - 2)]
    spots = [image.crop((x, y, x + 1, y + 1)).convert("RGB") for x, y in corners]
    return all(_close_to(spot, GROUND, _NEAR).getextrema()[0] == 255 for spot in spots)


def _close_to(image: Image, colour: str, most: int) -> Image:
    """255 where every channel is within `most` of the colour, else 0."""
    from PIL import Image as Images
    from PIL import ImageChops

    apart = ImageChops.difference(image, Images.new("RGB", image.size, colour))
    red, green, blue = apart.split()
    furthest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return furthest.point(lambda value: 255 if value <= most else 0)


def _shares(mask: Image, size: tuple[int, int]) -> list[float]:
    """How much of each row, or of each column, is set: 0 to 1."""
    from PIL import Image as Images

    return [value / 255 for value in mask.resize(size, Images.Resampling.BOX).tobytes()]


def _bands(rows: list[bool]) -> list[tuple[int, int]]:
    """First and last row of each run of rows that are set; gaps of up to three rows are bridged."""
    found: list[tuple[int, int]] = []
    for number, is_set in enumerate(rows):
        if is_set and found and number - found[-1][1] <= 4:
            found[-1] = (found[-1][0], number)
        elif is_set:
            found.append((number, number))
    return [(begin, end) for begin, end in found if begin > _EDGE]
