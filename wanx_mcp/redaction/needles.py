"""What is looked for of each secret: all of it, parts of it, and its forms in base64 and hexadecimal."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from wanx_mcp.redaction.views import plainest

PART = 8
"""So many characters in a row give a secret away. A shorter secret is struck out only as a word of its own."""

SHORT = 4
"""A secret shorter than this is struck out only where it stands as a value: it may be an ordinary word otherwise."""

CODED_PART = 10
"""Characters of base64 that stand for PART bytes wherever they begin."""

_END = re.compile(r"[/?#]")
_SEPARATOR = re.compile(r"[/?&=#;:@,]+")
_USUAL_PORT = re.compile(r":(443|80)$")
_TELLING = 6
_LONG = 12


@dataclass(frozen=True, slots=True)
class Needles:
    """`parts`: runs of equal length in lower case; `coded`: runs of base64; `hexed`: of hexadecimal digits; `wholes`
    and `coded_wholes`: what counts only in full; `words`: what counts only as a word (`exact`: in its own case);
    `values`: what counts only behind a colon, an equals sign or a quotation mark."""

    parts: set[bytes] = field(default_factory=set)
    coded: set[bytes] = field(default_factory=set)
    hexed: set[bytes] = field(default_factory=set)
    wholes: set[bytes] = field(default_factory=set)
    coded_wholes: set[bytes] = field(default_factory=set)
    words: set[bytes] = field(default_factory=set)
    exact: set[bytes] = field(default_factory=set)
    values: set[bytes] = field(default_factory=set)

    def add(self, secret: str) -> None:
        """Look for `secret`: an address (`scheme://...`) or a plain text."""
        _scheme, colon, rest = secret.partition("://")
        if colon:
            self._add_address(rest)
        else:
            self._add_text(secret)

    def _add_text(self, secret: str) -> None:
        folded, raw = b"".join(plainest(secret).lower().split()), secret.encode("utf-8", "surrogatepass")
        if len(folded) < SHORT:
            self.values.add(raw)
            return
        if len(folded) < PART:
            self.words.add(folded)
            coded = base64.b64encode(raw)
            self.exact.update({coded, coded.rstrip(b"=")})
            return
        self.parts.update(_runs(folded, PART))
        for core in _cores(raw):
            self.coded.update(_runs(core, CODED_PART))
        self.hexed.update(_runs(raw.hex().encode(), 2 * PART))

    def _add_address(self, rest: str) -> None:
        """The address without its scheme; where they tell something, also its path with the query, and each piece."""
        authority = _END.split(rest, maxsplit=1)[0]
        user, _at, host = authority.rpartition("@")
        tail = rest[len(authority) :].rstrip("/")
        for name in {host, _USUAL_PORT.sub("", host)}:
            if tail:
                self._add_whole(name + tail)
            else:
                self.words.add(name.lower().encode("utf-8", "surrogatepass"))
        telling = [piece for piece in _SEPARATOR.split(tail) if _tells(piece)]
        if telling or len(tail) >= _LONG:
            self._add_whole(tail)
        labels = (label for label in re.split("[.:]", host) if len(label) >= PART and _tells(label))
        for piece in (*telling, *labels, *user.split(":")):
            if piece:
                self._add_text(piece)

    def _add_whole(self, text: str) -> None:
        self.wholes.add(b"".join(plainest(text).lower().split()))
        self.coded_wholes.update(_cores(text.encode("utf-8", "surrogatepass")))


def needles_for(secrets: Iterable[str]) -> Needles:
    """What to look for so that none of the `secrets` is shown."""
    needles = Needles()
    for secret in secrets:
        needles.add(secret)
    return needles


def _tells(piece: str) -> bool:
    """Whether a piece of an address looks random, and so like a secret, rather than like a word."""
    if any(char.isdigit() for char in piece):
        return len(piece) >= _TELLING
    return len(piece) >= _LONG and piece != piece.lower() and piece != piece.upper()


def _runs(text: bytes, length: int) -> Iterator[bytes]:
    for start in range(max(1, len(text) - length + 1)):
        yield text[start : start + length]


def _cores(raw: bytes) -> Iterator[bytes]:
    """The base64 of `raw` inside that of a longer text: one for each of three alignments, without the characters that
    its neighbours share. In the standard alphabet, without padding."""
    for offset in range(3):
        coded = base64.b64encode(bytes(offset) + raw + bytes(2))
        yield coded[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]
