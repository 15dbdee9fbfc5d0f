"""The search patterns of each secret: the whole, parts of it, and both in base64 and hexadecimal."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from wanx_mcp.redaction.views import plainest

PART = 8
"""Characters. A run of this length of a secret is removed. A shorter secret is removed only as a separate word."""

SHORT = 4
"""Characters. A secret shorter than this is removed only as a value (behind `=`, `:` or a quotation mark)."""

CODED_PART = 10
"""Characters of base64 that encode PART bytes at any offset."""

_END = re.compile(r"[/?#]")
_SEPARATOR = re.compile(r"[/?&=#;:@,]+")
_USUAL_PORT = re.compile(r":(443|80)$")
_RANDOM_WITH_DIGITS = 6
_RANDOM_MIXED_CASE = 12
"""Characters from which a piece of an address counts as random."""


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
        """Add the patterns of `secret`: an address (`scheme://...`) or a plain text."""
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
        """Add an address without its scheme; its path with the query, and each of its pieces, if they look random."""
        authority = _END.split(rest, maxsplit=1)[0]
        user, _at, host = authority.rpartition("@")
        tail = rest[len(authority) :].rstrip("/")
        for name in {host, _USUAL_PORT.sub("", host)}:
            if tail:
                self._add_whole(name + tail)
            else:
                self.words.add(name.lower().encode("utf-8", "surrogatepass"))
        random_pieces = [piece for piece in _SEPARATOR.split(tail) if _looks_random(piece)]
        if random_pieces or len(tail) >= _RANDOM_MIXED_CASE:
            self._add_whole(tail)
        labels = (label for label in re.split("[.:]", host) if len(label) >= PART and _looks_random(label))
        for piece in (*random_pieces, *labels, *user.split(":")):
            if piece:
                self._add_text(piece)

    def _add_whole(self, text: str) -> None:
        self.wholes.add(b"".join(plainest(text).lower().split()))
        self.coded_wholes.update(_cores(text.encode("utf-8", "surrogatepass")))


def needles_for(secrets: Iterable[str]) -> Needles:
    """The search patterns of all `secrets`."""
    needles = Needles()
    for secret in secrets:
        needles.add(secret)
    return needles


def _looks_random(piece: str) -> bool:
    """Whether a piece of an address looks random, like a secret, rather than like a word."""
    if any(char.isdigit() for char in piece):
        return len(piece) >= _RANDOM_WITH_DIGITS
    return len(piece) >= _RANDOM_MIXED_CASE and piece != piece.lower() and piece != piece.upper()


def _runs(text: bytes, length: int) -> Iterator[bytes]:
    for start in range(max(1, len(text) - length + 1)):
        yield text[start : start + length]


def _cores(raw: bytes) -> Iterator[bytes]:
    """The base64 of `raw` inside that of a longer text, one for each of three alignments, without the characters that
    also encode neighbouring bytes. In the standard alphabet, without padding."""
    for offset in range(3):
        coded = base64.b64encode(bytes(offset) + raw + bytes(2))
        yield coded[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]
