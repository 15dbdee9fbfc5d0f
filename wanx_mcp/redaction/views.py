"""Decodes the escapes of a text, and keeps the place of every byte in the original."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

ROUNDS = 4
"""Levels of nested escapes that are decoded."""

# Percent-encoding, HTML entities, and the backslashes of JSON and of programs.
_ESCAPE = re.compile(
    rb"%[0-9A-Fa-f]{2}|&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{0,30});?"
    rb"|\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[^ux])",
    re.DOTALL,
)
_CONTROLS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_UNSEEN = frozenset({"Cc", "Cf", "Mn"})


@dataclass(frozen=True, slots=True)
class View:
    """`content` in UTF-8; byte `i` of it comes from characters `starts[i]` to `ends[i]` of the original."""

    content: bytes
    starts: Sequence[int]
    ends: Sequence[int]

    @property
    def compact(self) -> View:
        """The same without white space, so that a line break inside a secret makes no difference."""
        places = [index for index, byte in enumerate(self.content) if byte > 0x20]
        if len(places) == len(self.content):
            return self
        return View(
            bytes(self.content[index] for index in places),
            [self.starts[index] for index in places],
            [self.ends[index] for index in places],
        )


def views(text: str) -> Iterator[View]:
    """`text` itself, then with its escapes decoded, level by level. Invisible characters are removed, and letters of
    other widths and styles become plain ones."""
    view = _plain(text)
    yield view
    for _ in range(ROUNDS):
        if not _ESCAPE.search(view.content):
            return
        view = _unescaped(view)
        yield view


def plainest(text: str) -> bytes:
    """The bytes of `text` with all its escapes decoded."""
    *_, last = views(text)
    return last.content


def _plain(text: str) -> View:
    if text.isascii() and text.isprintable():
        return View(text.encode(), range(len(text)), range(1, len(text) + 1))
    content, places = bytearray(), list[int]()
    for index, char in enumerate(text):
        piece = _bytes(char)
        content += piece
        places += [index] * len(piece)
    return View(bytes(content), places, [place + 1 for place in places])


def _bytes(char: str) -> bytes:
    if char.isspace():
        return b" "
    if unicodedata.category(char) in _UNSEEN:
        return b""
    # One character at a time: normalising a long run of combining marks takes quadratic time.
    plain = char if char.isascii() else unicodedata.normalize("NFKC", char)
    return plain.encode("utf-8", "surrogatepass")


def _unescaped(view: View) -> View:
    content, starts, ends, done = bytearray(), list[int](), list[int](), 0
    for found in _ESCAPE.finditer(view.content):
        begin, end = found.span()
        plain = _decoded(found.group())
        content += view.content[done:begin] + plain
        starts += [*view.starts[done:begin], *[view.starts[begin]] * len(plain)]
        ends += [*view.ends[done:begin], *[view.ends[end - 1]] * len(plain)]
        done = end
    content += view.content[done:]
    return View(bytes(content), [*starts, *view.starts[done:]], [*ends, *view.ends[done:]])


def _decoded(escape: bytes) -> bytes:
    """The bytes that one escape stands for; the escape itself if it stands for nothing."""
    import html  # late: its table of entities is large

    match escape[:1], escape[1:2]:
        case b"%", _:
            return bytes([int(escape[1:], 16)])
        case b"&", _:
            return html.unescape(escape.decode()).encode("utf-8", "surrogatepass")
        case _, b"u" | b"x":
            return chr(int(escape[2:], 16)).encode("utf-8", "surrogatepass")
        case _, letter:
            return _CONTROLS.get(letter, letter)
