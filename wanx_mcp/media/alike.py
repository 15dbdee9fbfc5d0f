"""Names that look the same to a person: blanks, quotes, dashes, capitals and Unicode forms set aside."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable
from itertools import islice

from wanx_mcp.limits.pictures import MOST_NAMES_COMPARED, MOST_NEAR_NAMES
from wanx_mcp.media.formats import named

_DOUBLE = '"\u00ab\u00bb\u201c\u201d\u201e\u201f\u2033\u301d\u301e'
_SINGLE = "'`\u00b4\u02b9\u02bc\u02bb\u2018\u2019\u201a\u201b\u2032\u2039\u203a\u05f3"
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2e3a\u2e3b\ufe58\ufe63"
_COLONS = ":\u02d0\u2236\ua789"
_MARKS = {
    ord(char): plain
    for chars, plain in ((_DOUBLE, '"'), (_SINGLE, "'"), (_DASHES, "-"), (_COLONS, ":"), ("\u2215\u2044", "/"))
    for char in chars
}
_SELECTORS = frozenset({*range(0xFE00, 0xFE10), *range(0x200B, 0x2010), 0x2060, 0xFEFF})

_NEAR_ENOUGH = 0.6


def plain(name: str) -> str:
    """The form that names share which differ by such marks alone."""
    seen = "".join(char for char in name if ord(char) not in _SELECTORS and unicodedata.category(char) != "Cf")
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen.translate(_MARKS)).casefold())
    spaced = "".join(" " if char.isspace() else char for char in folded.translate(_MARKS))
    return " ".join(spaced.split())


def nearest(name: str, names: Iterable[str]) -> list[str]:
    """The names of pictures that are nearest to a name that does not exist, the best first; at most MOST_NEAR_NAMES."""
    some = islice((other for other in names if named(other.rpartition(".")[2])), MOST_NAMES_COMPARED)
    pictures = {plain(other): other for other in some}
    found = difflib.get_close_matches(plain(name), pictures, MOST_NEAR_NAMES, _NEAR_ENOUGH)
    return [pictures[other] for other in found]
