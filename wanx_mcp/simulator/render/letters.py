"""Typesetting: cleans any text, picks a font for it, and breaks it into lines that fit a box."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from PIL import ImageFont

Font = ImageFont.FreeTypeFont

LONGEST = 900  # characters of a text that are used; more would not be legible in one frame
FIRST_MEASURED = 64  # characters of a text that are measured first: about a line of the smallest letters
PROBE_SIZE = 16  # font size at which a font is asked which letters it has
NONCHARACTER = "\U0010ffff"  # no font has it, so every missing letter looks like it
IDEOGRAPHS = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60"
PIECES = re.compile(rf"[{IDEOGRAPHS}] ?|[^ {IDEOGRAPHS}]+ ?| ")  # a line may be broken between these, not inside them
# Pillow's own font has little more than ASCII. These are tried, in this order, for a text that needs more, if the
# machine has them. What no font can show is drawn as the font's own placeholder for a missing letter.
INSTALLED = ("DejaVuSans.ttf", "arial.ttf", "NotoSansCJK-Regular.ttc", "msyh.ttc", "PingFang.ttc", "malgun.ttf")


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Lines of text in one font; `step` is the distance from line to line, in pixels."""

    font: Font
    lines: tuple[str, ...]
    step: int

    @property
    def height(self) -> int:
        """Height of all lines, in pixels."""
        return self.step * len(self.lines)

    @property
    def width(self) -> int:
        """Width of the longest line, in pixels."""
        return max((round(self.font.getlength(line)) for line in self.lines), default=0)


def set_text(text: str, box: tuple[int, int], sizes: tuple[int, ...]) -> TextBlock:
    """The text in the first of the sizes (largest first) that fits the box; what fits in none is cut short."""
    words = clean(text)
    face = face_for("".join(sorted(set(words))))
    tries = (laid(words, load(face, size), round(size * 1.28), box) for size in sizes)
    block = next(tries)
    while block.height > box[1] and (smaller := next(tries, None)):
        block = smaller
    return cut(block, box)


def laid(words: str, font: Font, step: int, box: tuple[int, int]) -> TextBlock:
    """The words in one font: as many lines as the box holds, and one more if they do not fit."""
    return TextBlock(font, tuple(islice(wrap(words, font, box[0]), lines_in(box, step) + 1)), step)


def lines_in(box: tuple[int, int], step: int) -> int:
    """How many lines the box holds, at least one."""
    return max(1, box[1] // step)


def cut(block: TextBlock, box: tuple[int, int]) -> TextBlock:
    """The lines that the box holds, the last one with an ellipsis if some were left out."""
    most = lines_in(box, block.step)
    if len(block.lines) <= most:
        return block
    last = block.lines[most - 1].rstrip()
    while last and block.font.getlength(last + "...") > box[0]:
        last = last[:-1]
    return TextBlock(block.font, (*block.lines[: most - 1], last.rstrip() + "..."), block.step)


def clean(text: str) -> str:
    """The text without control, format, private and unassigned characters, white space collapsed, at most LONGEST."""
    composed = unicodedata.normalize("NFC", text[: LONGEST * 4])  # Pillow draws combining marks beside their letters
    kept = (" " if unicodedata.category(ch) in ("Cc", "Zl", "Zp", "Zs") else ch for ch in composed)
    plain = "".join(ch for ch in kept if not unicodedata.category(ch).startswith("C"))
    words = " ".join(plain.split())
    return words if len(words) <= LONGEST else words[:LONGEST] + "..."


def wrap(text: str, font: Font, width: int) -> Iterator[str]:
    """Greedy lines no wider than `width` pixels; a word too long for a line is broken, and CJK may break anywhere."""
    line = ""
    for piece in PIECES.findall(text):
        whole = line + piece.rstrip()
        if fitting(whole, font, width) == len(whole):
            line += piece
            continue
        if line.strip():
            yield line.rstrip()
        line = piece
        while (fits := fitting(line.rstrip(), font, width)) < len(line.rstrip()):
            yield line[: max(1, fits)]
            line = line[max(1, fits) :]
    if line.strip():
        yield line.rstrip()


def fitting(text: str, font: Font, width: int) -> int:
    """How many characters of the text, from the first, fit; of a long text hardly more is measured than that."""
    reach = min(len(text), FIRST_MEASURED)
    while (fits := font.getlength(text[:reach]) <= width) and reach < len(text):
        reach = min(len(text), 2 * reach)
    return reach if fits else bisect_right(range(reach), float(width), key=lambda n: font.getlength(text[:n])) - 1


@lru_cache(maxsize=64)
def face_for(letters: str) -> str | None:
    """The font that lacks the fewest of the letters: None, Pillow's own, if it has them all."""
    best, fewest = None, missing(letters, load(None, PROBE_SIZE))
    for face in INSTALLED if fewest else ():
        try:
            lacks = missing(letters, load(face, PROBE_SIZE))
        except OSError:
            continue
        if lacks < fewest:
            best, fewest = face, lacks
    return best


def missing(letters: str, font: Font) -> int:
    """How many of the letters the font cannot draw."""

    def drawn(letter: str) -> tuple[tuple[int, int], bytes]:
        mask = font.getmask(letter)
        return mask.size, bytes(mask)

    placeholder = drawn(NONCHARACTER)
    return sum(not letter.isspace() and drawn(letter) == placeholder for letter in letters)


@lru_cache(maxsize=32)
def load(face: str | None, size: int) -> Font:
    """A font by file name, or Pillow's own. Raises OSError if the machine does not have it."""
    font = ImageFont.load_default(size) if face is None else ImageFont.truetype(face, size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise OSError("this Pillow was built without FreeType")
    return font
