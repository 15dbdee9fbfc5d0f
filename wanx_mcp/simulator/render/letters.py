"""Type: any text, cleaned, spelled with the letters that a font has, broken into lines that fit a box."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, islice

from PIL import ImageFont

Font = ImageFont.FreeTypeFont

LONGEST = 900  # characters of a text that are looked at; more would not be legible in one frame
GLANCE = 64  # characters of a text that are measured first: about a line of the smallest letters
PROBE = 16  # font size at which fonts are asked for the letters they have
ABSENT = "\U0010ffff"  # a noncharacter: no font has it, so its shape is the shape of every missing letter
IDEOGRAPHS = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60"
PIECES = re.compile(rf"[{IDEOGRAPHS}] ?|[^ {IDEOGRAPHS}]+ ?| ")  # what a line may not be broken inside
# Pillow's own font has little more than ASCII. These are asked, in this order, only for a text that needs more,
# and only if the machine happens to have them.
INSTALLED = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "arial.ttf",
    "Arial Unicode.ttf",
    "NotoSansCJK-Regular.ttc",
    "msyh.ttc",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "malgun.ttf",
)


@dataclass(frozen=True, slots=True)
class Setting:
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


def set_text(text: str, box: tuple[int, int], sizes: tuple[int, ...]) -> Setting:
    """The text in the first of the sizes (largest first) that fits the box; what fits in none is cut short."""
    plain = clean(text)
    face = face_for("".join(sorted(set(plain))))
    words = spell(plain, load(face, PROBE))
    tries = (laid(words, load(face, size), leading(size), box) for size in sizes)
    setting = next(tries)
    while setting.height > box[1] and (smaller := next(tries, None)):
        setting = smaller
    return cut(setting, box)


def laid(words: str, font: Font, step: int, box: tuple[int, int]) -> Setting:
    """The words in one font: the lines that the box has room for and one more, which tells that they do not fit."""
    return Setting(font, tuple(islice(wrap(words, font, box[0]), room(step, box) + 1)), step)


def room(step: int, box: tuple[int, int]) -> int:
    """How many lines the box has room for; never none."""
    return max(1, box[1] // step)


def leading(size: int) -> int:
    """The distance from line to line for a font size, in pixels."""
    return round(size * 1.28)


def cut(setting: Setting, box: tuple[int, int]) -> Setting:
    """The lines that the box has room for, the last one ending in an ellipsis when some had to go."""
    most = room(setting.step, box)
    if len(setting.lines) <= most:
        return setting
    last = setting.lines[most - 1].rstrip()
    while last and setting.font.getlength(last + "...") > box[0]:
        last = last[:-1]
    return Setting(setting.font, (*setting.lines[: most - 1], last.rstrip() + "..."), setting.step)


def clean(text: str) -> str:
    """The text without control, format, private and unassigned characters, white space collapsed, and not too long."""
    kept = (" " if unicodedata.category(ch) in ("Cc", "Zl", "Zp", "Zs") else ch for ch in text[: LONGEST * 4])
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
    reach = min(len(text), GLANCE)
    while (fits := font.getlength(text[:reach]) <= width) and reach < len(text):
        reach = min(len(text), 2 * reach)
    return reach if fits else bisect_right(range(reach), float(width), key=lambda n: font.getlength(text[:n])) - 1


def spell(text: str, font: Font) -> str:
    """The text in letters that the font has: accents dropped, symbols named, what is left told as a count."""
    lost = missing(text, font)
    plain = "".join(substitute(ch, font) if ch in lost else ch for ch in text)
    lost = missing(plain, font)
    runs = groupby(plain, key=lambda ch: ch in lost)
    told = "".join(count_of("".join(run)) if absent else "".join(run) for absent, run in runs)
    return " ".join(told.split())


def count_of(letters: str) -> str:
    """The note that stands for letters which cannot be drawn."""
    scripts = dict.fromkeys(unicodedata.name(ch, "unnamed").split()[0].capitalize() for ch in letters)
    return f" [{len(letters)} x {' and '.join(list(scripts)[:2])}] ".replace("Cjk", "CJK")


def substitute(ch: str, font: Font) -> str:
    """What to write for a letter that the font lacks: its base letter, its name if it is a symbol, or itself."""
    name = unicodedata.name(ch, "")
    base = "".join(part for part in unicodedata.normalize("NFKD", ch) if not unicodedata.combining(part))
    for other in (base, ch.casefold()):
        if other and not missing(other, font):
            return other
    match unicodedata.category(ch):
        case "Mn" | "Me" | "Mc" | "Sk":
            return ""
        case "Pd":
            return "-"
        case "So" | "Sm" | "Sc":
            return f" ({name.lower()}) " if name else ""
    letter = re.match(r"LATIN (CAPITAL|SMALL) LETTER ([A-Z])\b", name)
    if letter:
        return letter[2] if letter[1] == "CAPITAL" else letter[2].lower()
    return ch


@lru_cache(maxsize=64)
def face_for(letters: str) -> str | None:
    """The font that lacks the fewest of the letters: None, the one that comes with Pillow, wherever it will do."""
    best, fewest = None, len(missing(letters, load(None, PROBE)))
    for face in INSTALLED if fewest else ():
        try:
            lacks = len(missing(letters, load(face, PROBE)))
        except OSError:
            continue
        if lacks < fewest:
            best, fewest = face, lacks
    return best


def missing(text: str, font: Font) -> set[str]:
    """The characters of the text that the font cannot draw."""
    absent = shape(font, ABSENT)
    return {ch for ch in set(text) if not ch.isspace() and shape(font, ch) == absent}


def shape(font: Font, ch: str) -> tuple[tuple[int, int], bytes]:
    """What a character looks like in the font: two missing ones look the same."""
    mask = font.getmask(ch)
    return mask.size, bytes(mask)


@lru_cache(maxsize=32)
def load(face: str | None, size: int) -> Font:
    """A font by file name, or Pillow's own; OSError when the machine does not have it."""
    font = ImageFont.load_default(size) if face is None else ImageFont.truetype(face, size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise OSError("this Pillow was built without FreeType")
    return font
