"""Makes text from others (the provider, stored prompts) short and safe to quote."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from wanx_mcp.lookalikes import LETTERS, MARKS
from wanx_mcp.redaction import without

LABEL = "[label]"
"""Replaces phrases that only our own texts may use."""

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# The scheme is bounded: otherwise each letter of a long word would start a search to the end of the word.
_LINK = re.compile(r"(?:[a-z][a-z0-9+.-]{0,30}://|data:)\S+", re.IGNORECASE)

_MARK = "\N{MODIFIER LETTER APOSTROPHE}"
"""Replaces quotation marks: being a letter, it cannot end a quotation of ours."""

_APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}"

# The labels of an error text. `[\W_]` matches spaces and other characters that could be inserted in between.
_LABELS = re.compile(
    r"(?<![a-z0-9])(?:charged[\W_]{0,9}by[\W_]{0,9}this[\W_]{0,9}call(?:[\W_]{0,9}:)?|(?:charged|next)[\W_]{0,9}:)"
)


def quote(text: str, limit: int = 200, secrets: Iterable[str] = (), *, links: bool = True) -> str:
    """`text` from others, safe between quotation marks: one line of at most `limit` characters.

    Quotation marks, the labels of our own texts, hidden characters and the `secrets` are removed or replaced; without
    `links` so are addresses, which can hold signatures and pictures.
    """
    piece = without(text[: 8 * limit + 2000], secrets)
    line = clean(piece if links else without_links(piece), limit)
    return _shortened(_without_labels(_without_marks(line)), limit)


def clean(text: str, limit: int = 200) -> str:
    """`text` on one line without control, zero-width, bidirectional and tag characters, at most `limit` characters."""
    spaced = (" " if char.isspace() else char for char in text[: limit * 4])
    seen = "".join(char for char in spaced if not _hidden(char))
    return _shortened(" ".join(seen.split()), limit)


def one(words: str) -> str:
    """`words` after "a" or "an", by their first letter."""
    return f"{'an' if words[:1].lower() in set('aeiou') else 'a'} {words}"


def without_links(text: str) -> str:
    """`text` without addresses and data URIs."""
    return _LINK.sub("[link]", text)


def _shortened(line: str, limit: int) -> str:
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _without_marks(line: str) -> str:
    around = zip(f" {line}", line, f"{line[1:]} ", strict=False)
    return "".join(_unmarked(before, char, after) for before, char, after in around)


def _unmarked(before: str, char: str, after: str) -> str:
    if char in _APOSTROPHES and before.isalnum() and after.isalnum():
        return "'"  # the apostrophe in "don't" ends no quotation
    quoting = char in MARKS or (not char.isascii() and unicodedata.category(char) in ("Pi", "Pf"))
    return _MARK if quoting else char


def _without_labels(line: str) -> str:
    plain, places = _skeleton(line)
    kept, done = list[str](), 0
    for found in _LABELS.finditer(plain):
        kept += [line[done : places[found.start()]], LABEL]
        done = places[found.end() - 1] + 1
    return "".join([*kept, line[done:]])


def _skeleton(line: str) -> tuple[str, list[int]]:
    """`line` in lower case with plain letters for lookalikes, without accents; and the index of each letter in it."""
    seen = [(letter, index) for index, char in enumerate(line) for letter in _letters(char)]
    return "".join(letter for letter, _ in seen), [index for _, index in seen]


def _letters(char: str) -> Iterator[str]:
    if char.isascii():
        yield char.lower()
        return
    for part in unicodedata.normalize("NFKD", char).casefold():
        if not unicodedata.combining(part):
            yield LETTERS.get(part, part)


def _hidden(char: str) -> bool:
    # Variation selectors are marks, not format characters, and can hide a message.
    point = ord(char)
    selector = 0xFE00 <= point <= 0xFE0F or 0xE0100 <= point <= 0xE01EF
    return selector or unicodedata.category(char) in _HIDDEN
