"""Orders without their pictures: what the ledger keeps of an order, and what is compared with the provider's echo."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from wanx_mcp.catalog.pictures import PICTURES


def without_pictures(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """`arguments` with each picture replaced by a digest that tells links and inline pictures apart."""
    return {name: digest(value) if name in PICTURES else value for name, value in arguments.items()}


def delivered(arguments: Mapping[str, Any]) -> dict[str, str]:
    """The digests of the pictures in `arguments` as they are really sent: addresses, or bytes."""
    return {name: digest(str(value)) for name, value in arguments.items() if name in PICTURES and value is not None}


def digest(picture: str) -> str:
    """A picture's address or bytes, so that neither is kept."""
    if picture[:6].lower() == "https:":
        return f"link:{hashlib.sha256(picture.encode('utf-8', 'surrogatepass')).hexdigest()}"
    return inline_digest(_content(picture))


def inline_digest(content: bytes) -> str:
    """The bytes of a picture that is sent inside an order or uploaded for it: the same wherever they lie."""
    return f"inline:{hashlib.sha256(content).hexdigest()}"


def is_link(digested: str) -> bool:
    """Whether the digest is that of an address."""
    return digested.startswith("link:")


def _content(picture: str) -> bytes:
    """The bytes that an inline picture spells, with or without the head of a data URI."""
    body = picture.partition(",")[2] if picture[:5].lower() == "data:" else picture
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        return picture.encode("utf-8", "surrogatepass")
