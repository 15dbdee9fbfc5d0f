"""Which pictures an order may have. Links are checked by their spelling: only the provider fetches them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from wanx_mcp.addresses import is_public_host
from wanx_mcp.catalog.frames import frame_of

PICTURES = frozenset({"image", "start_image", "end_image"})
"""The arguments that are pictures."""

LONGEST_PICTURE = 16_000_000
"""Characters: 10 MB in base64, with line breaks. The provider takes files up to 10 MB [contract 7.5]."""

_SCHEME = re.compile(
    r"\s*(?!data:)(?:[a-z][a-z0-9+.-]+://|(?:https?|file|ftp|blob|cid|attachment|sandbox|javascript):)", re.IGNORECASE
)
_EXPECTED = "must be an https URL, base64, or the path of a local picture"


def is_link(value: str) -> bool:
    """Whether `value` is an address of any scheme other than data:."""
    return _SCHEME.match(value) is not None


def check_picture(value: str) -> str:
    """`value` itself, unless it is a link that the provider cannot fetch, or no frame of a task. Paths and
    base64 are checked later.

    Raises ValueError; its message continues a sentence that begins with the argument's name.
    """
    if not value.strip():
        raise ValueError("is blank")
    if len(value) > LONGEST_PICTURE:
        raise ValueError(f"has more than {LONGEST_PICTURE} characters")
    if frame_of(value) is None and is_link(value):
        _check_url(value)
    return value


def _check_url(value: str) -> None:
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname or "", parts.port  # both raise ValueError for a malformed address
    except ValueError:
        raise ValueError(_EXPECTED) from None
    if parts.scheme.lower() != "https" or not host:
        raise ValueError(_EXPECTED)
    if len(value) > 4096 or any(char.isspace() or not char.isprintable() for char in value):
        raise ValueError("must be a URL of at most 4096 characters without white space")
    if parts.username is not None:
        raise ValueError("must not contain a user name or password in the URL")
    if not is_public_host(host):
        raise ValueError("must be a URL that the provider can reach from the internet")
