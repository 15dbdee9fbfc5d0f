"""Reads and parses bodies of answers within bounds: a body far larger than any real answer is not parsed."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from wanx_mcp.limits.provider import ANSWER_BYTES, ANSWER_PIECE_BYTES, MOST_ANSWER_PARTS

if TYPE_CHECKING:
    import httpx


# A string of base64, alone or in a data URI, longer than any text; JSON can escape a slash as `\/`.
_PICTURE = re.compile(rb'"((?:data:[\w.+/;=\\-]{1,80},)?[A-Za-z0-9+/=_\\-]{65536,})"')
_CUT = b"-Infinity"  # not valid JSON outside strings, and Python's parser calls parse_constant for it


class _UnfitError(Exception):
    """This body is not read to its end: its encoding was not asked for."""


async def receive(response: httpx.Response, most: int) -> bytearray | None:
    """The decoded body; None for more than `most` bytes, a damaged one, or an encoding that was not asked for."""
    content = bytearray()
    try:
        async for piece in _pieces(response):
            content += piece
            if len(content) > most:
                return None
    except (_UnfitError, zlib.error):
        return None
    return content


async def _pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body in pieces of bounded size, however well it was compressed (httpx would decode each chunk whole)."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if response.is_stream_consumed:  # made in memory, by a test
        yield response.content
    elif encoding in ("", "identity"):
        async for piece in response.aiter_raw():
            yield piece
    elif encoding in ("gzip", "x-gzip", "deflate"):
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 32)  # either header
        async for piece in response.aiter_raw():
            for unpacked in _unpacked(unpacking, piece):
                yield unpacked
        yield unpacking.flush()
    else:
        raise _UnfitError


def _unpacked(unpacking: zlib._Decompress, piece: bytes) -> Iterator[bytes]:
    while piece and not unpacking.eof:
        yield unpacking.decompress(piece, ANSWER_PIECE_BYTES)
        piece = unpacking.unconsumed_tail


def parse_body(content: bytes | bytearray) -> dict[str, Any] | None:
    """The JSON object in `content`; None if there is none, or if it is too large."""
    pictures = list[str]()
    try:
        plain = _without_pictures(content, pictures)
        if len(plain) > ANSWER_BYTES or sum(map(plain.count, (b"{", b"[", b","))) > MOST_ANSWER_PARTS:
            return None
        left = iter(pictures)
        body = json.loads(plain, parse_constant=lambda name: _constant(name, left)) if pictures else json.loads(plain)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) and next(left, None) is None else None


def _without_pictures(content: bytes | bytearray, pictures: list[str]) -> bytes | bytearray:
    if len(content) <= ANSWER_BYTES or content.count(b'"') > 4 * MOST_ANSWER_PARTS:
        return content
    return _PICTURE.sub(lambda found: _cut(found[1], pictures), content)


def _cut(text: bytes, pictures: list[str]) -> bytes:
    """Move the picture in a JSON string to `pictures`; the parser asks for them in the same order."""
    text = text.replace(rb"\/", b"/")
    if b"\\" in text:
        raise ValueError("base64 has no other escapes")
    pictures.append(text.decode("ascii"))
    return _CUT


def _constant(name: str, pictures: Iterator[str]) -> str | None:
    """The value of a word that Python's parser accepts and JSON does not have: the next picture for _CUT, else null."""
    if name != _CUT.decode():
        return None
    picture = next(pictures, None)
    if picture is None:
        raise ValueError("the body itself has this word")
    return picture
