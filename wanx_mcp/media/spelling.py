"""What a picture argument is: a link, the picture itself in base64, or a path. Told by spelling and signature alone."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from wanx_mcp.catalog.pictures import is_link
from wanx_mcp.media.formats import HEAD, Kind, Unfit, is_known, named

_DATA = re.compile(r"\s*data:(?P<type>[^;,]*)(?P<parameters>(?:;[^;,]*)*),", re.IGNORECASE)
_SHORTEST = 32
"""Base64 shorter than this (24 bytes) is no picture."""

_ALPHABET = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")
_URL_SAFE = str.maketrans("-_", "+/")
_UNTYPED = ("", "application/octet-stream")


@dataclass(frozen=True, slots=True)
class Link:
    """An https URL, passed on untouched."""

    url: str


@dataclass(frozen=True, slots=True)
class Inline:
    """The picture itself, and the kind that its data: URI says."""

    content: bytes = field(repr=False)
    claimed: Kind | None = None


@dataclass(frozen=True, slots=True)
class Local:
    """A path or a bare file name."""

    path: str


def read_spelling(value: str) -> Link | Inline | Local:
    """What `value` is. Raises Unfit for a data: URI without a picture and for base64 that is broken."""
    if found := _DATA.match(value):
        return _data(found, value[found.end() :])
    if is_link(value):
        return Link(value)
    if _begins_a_picture(value):
        return Inline(_decoded(value))
    return Local(value)


def _data(found: re.Match[str], body: str) -> Inline:
    media = found["type"].strip().lower()
    if media not in _UNTYPED and not media.startswith("image/"):
        raise Unfit("is a data: URI of something that is no picture")
    parameters = [parameter.strip().lower() for parameter in found["parameters"].split(";")]
    if "base64" not in parameters:
        return Inline(unquote_to_bytes(body), named(media.removeprefix("image/")))
    if "%" in body:
        body = unquote_to_bytes(body).decode("ascii", "replace")
    return Inline(_decoded(body), named(media.removeprefix("image/")))


def _begins_a_picture(value: str) -> bool:
    """A JPEG in base64 begins with /9j/ like a path, so the bytes decide; base64 has no dot, a picture's path has."""
    head = "".join(value[: 4 * HEAD].split())[: 2 * HEAD]
    if len(head) < _SHORTEST or "." in value or not _ALPHABET.fullmatch(head):
        return False
    return is_known(base64.b64decode(head.rstrip("=")[: len(head.rstrip("=")) // 4 * 4].translate(_URL_SAFE)))


def _decoded(body: str) -> bytes:
    packed = "".join(body.split())
    if not _ALPHABET.fullmatch(packed):
        raise Unfit("is not valid base64")
    packed = packed.rstrip("=").translate(_URL_SAFE)
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except binascii.Error:
        raise Unfit("is not valid base64") from None
