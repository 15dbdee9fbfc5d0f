"""The contact sheet: frames in a grid, each with its number and time code, under a line that says what they show."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wanx_mcp.limits.videos import SHEET_BYTES, SHEET_PIXELS
from wanx_mcp.media.contact import ACCENT, GROUND, INK, MARK, MUTED
from wanx_mcp.quoting import clean

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

    from wanx_mcp.media.frames import Clip

SUFFIX, MIME = ".jpg", "image/jpeg"

GAP = 6
HEAD, FOOT = 30, 22
HEAD_LETTERS, FOOT_LETTERS = 18, 16
QUALITIES = ((86, 0), (78, 0), (78, 2), (68, 2), (58, 2), (48, 2), (38, 2))
"""The JPEG's quality, and whether its colours are stored in half the width and height (2), which costs less sharpness
than a lower quality does."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Where `count` frames stand: columns, rows, and the size of one frame, in pixels."""

    count: int
    columns: int
    width: int
    height: int

    @property
    def rows(self) -> int:
        return -(-self.count // self.columns)

    @property
    def size(self) -> tuple[int, int]:
        """Of the whole sheet."""
        return GAP + self.columns * (self.width + GAP), HEAD + self.rows * (self.height + FOOT)

    def place(self, number: int) -> tuple[int, int]:
        """The upper left corner of a frame; the first is number 0."""
        row, column = divmod(number, self.columns)
        return GAP + column * (self.width + GAP), HEAD + row * (self.height + FOOT)


def lay_out(count: int, width: int, height: int) -> Grid:
    """The grid that shows `count` frames of that shape the largest; of equals, the one with the fewest gaps."""

    def grid(columns: int) -> Grid:
        rows = -(-count // columns)
        wide = (SHEET_PIXELS - GAP) / columns - GAP
        high = (SHEET_PIXELS - HEAD) / rows - FOOT
        scale = min(wide / width, high / height, 1.0)
        return Grid(count, columns, max(1, int(width * scale)), max(1, int(height * scale)))

    grids = [grid(columns) for columns in range(1, count + 1)]
    return max(grids, key=lambda grid: (grid.width, -(grid.rows * grid.columns)))


def draw(clip: Clip, title: str) -> bytes:
    """The sheet as a JPEG, under 100 kB, at most 768 pixels wide and high."""
    from PIL import Image, ImageDraw, ImageFont

    grid = lay_out(len(clip.frames), clip.width, clip.height)
    sheet = Image.new("RGB", grid.size, GROUND)
    pen = ImageDraw.Draw(sheet)
    small = ImageFont.load_default(FOOT_LETTERS)
    _head(pen, title, f"{clip.seconds:.2f} s, {clip.width}x{clip.height}", sheet.width)
    for number, frame in enumerate(clip.frames):
        x, y = grid.place(number)
        sheet.paste(frame.image.resize((grid.width, grid.height), Image.Resampling.LANCZOS), (x, y))
        middle = y + grid.height + FOOT / 2
        pen.text((x + 2, middle), str(number + 1), fill=MUTED, font=small, anchor="lm")
        pen.text((x + grid.width / 2, middle), f"{frame.seconds:.2f} s", fill=ACCENT, font=small, anchor="mm")
    return encoded(sheet)


def _head(pen: ImageDraw.ImageDraw, title: str, facts: str, width: int) -> None:
    from PIL import ImageFont

    plain = clean(title, 60).encode("ascii", "replace").decode()
    letters = HEAD_LETTERS
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont = ImageFont.load_default(letters)
    while letters > 11 and pen.textlength(f"{plain}   {facts}", font) > width - 2 * GAP:
        letters -= 1
        font = ImageFont.load_default(letters)
    pen.text((GAP + 2, HEAD / 2), plain, fill=INK, font=font, anchor="lm")
    pen.text((width - GAP - 2, HEAD / 2), facts, fill=MUTED, font=font, anchor="rm")


def _jpeg(sheet: Image.Image, quality: int, subsampling: int, comment: bytes) -> bytes:
    for optimize in (True, False):  # Pillow's buffer can be too small to optimize a small and noisy picture
        file = io.BytesIO()
        try:
            sheet.save(file, "JPEG", quality=quality, subsampling=subsampling, optimize=optimize, comment=comment)
        except OSError:
            if not optimize:
                raise
        else:
            break
    return file.getvalue()


def encoded(sheet: Image.Image, comment: bytes = MARK) -> bytes:
    """The picture as a JPEG under 100 kB, with that comment."""
    for quality, subsampling in QUALITIES:
        content = _jpeg(sheet, quality, subsampling, comment)
        if len(content) < SHEET_BYTES:
            return content
    return encoded(sheet.resize((sheet.width * 3 // 4, sheet.height * 3 // 4)), comment)
