"""The sheet that compares clips: a row for each with its name above it, then the seams of a chain, two frames each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wanx_mcp.limits.videos import SHEET_PIXELS
from wanx_mcp.media.contact import ACCENT, GROUND, INK, MUTED
from wanx_mcp.media.sheet import GAP, encoded
from wanx_mcp.quoting import clean

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

    from wanx_mcp.media.frames import Frame

HEAD, FOOT, LETTERS = 20, 17, 13
SEAM_SIZE = 2
"""Seams are drawn so many times as large as the frames of a clip, where there is room."""


@dataclass(frozen=True, slots=True)
class Row:
    """Frames beside one another, under what they are. The frames of a `seam` are drawn larger."""

    title: str
    frames: tuple[Frame, ...]
    seam: bool = False

    @property
    def size(self) -> int:
        return SEAM_SIZE if self.seam else 1


def draw(rows: Sequence[Row]) -> bytes:
    """The rows as a JPEG, under 100 kB, at most 768 pixels wide and high."""
    from PIL import Image, ImageDraw

    first = rows[0].frames[0].image
    columns = max(len(row.frames) * row.size for row in rows)
    width = (SHEET_PIXELS - GAP) // columns - GAP
    room = SHEET_PIXELS - GAP - len(rows) * (HEAD + FOOT)
    tall = room // sum(row.size for row in rows)
    width = max(8, min(width, tall * first.width // first.height))
    height = max(8, width * first.height // first.width)
    high = sum(HEAD + FOOT + height * row.size for row in rows) + GAP
    sheet = Image.new("RGB", (GAP + columns * (width + GAP), high), GROUND)
    pen, y = ImageDraw.Draw(sheet), 0
    for row in rows:
        _draw_row(sheet, pen, row, y, (width * row.size, height * row.size))
        y += HEAD + FOOT + height * row.size
    return encoded(sheet)


def _draw_row(sheet: Image.Image, pen: ImageDraw.ImageDraw, row: Row, y: int, cell: tuple[int, int]) -> None:
    from PIL import Image, ImageFont

    font = ImageFont.load_default(LETTERS)
    title = clean(row.title, 100).encode("ascii", "replace").decode()
    pen.text((GAP, y + HEAD / 2), title, fill=INK if not row.seam else MUTED, font=font, anchor="lm")
    for number, frame in enumerate(row.frames):
        x = GAP + number * (cell[0] + GAP)
        image = frame.image.copy()
        image.thumbnail(cell, Image.Resampling.LANCZOS)
        sheet.paste(image, (x + (cell[0] - image.width) // 2, y + HEAD + (cell[1] - image.height) // 2))
        place = (x + cell[0] / 2, y + HEAD + cell[1] + FOOT / 2)
        pen.text(place, f"{frame.seconds:.2f} s", fill=ACCENT, font=font, anchor="mm")
