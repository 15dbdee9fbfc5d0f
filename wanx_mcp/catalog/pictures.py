"""Which pictures an order may carry: https links that the provider can fetch, and inline data URIs."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from urllib.parse import urlsplit

MAX_BYTES = 10 * 1024 * 1024
"""The provider's limit for an uploaded picture, taken for inline ones too [contract 7.5]."""

_DATA = re.compile(r"data:image/(?P<type>jpeg|jpg|png|webp);base64,(?P<body>.*)", re.DOTALL | re.IGNORECASE)
_SIGNATURES = {"jpeg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n", "webp": b"RIFF"}
_EXPECTED = "must be an https URL or a data: URI with base64"


def check_picture(value: str) -> str:
    """`value` itself, if the provider can take it. Raises ValueError with words that follow the argument's name."""
    if value[:5].lower() == "data:":
        _check_data(value)
    else:
        _check_url(value)
    return value


def _check_url(value: str) -> None:
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname or "", parts.port  # both raise ValueError for what is no address
    except ValueError:
        raise ValueError(_EXPECTED) from None
    if parts.scheme.lower() != "https" or not host:
        raise ValueError(_EXPECTED)
    if len(value) > 4096 or any(char.isspace() or not char.isprintable() for char in value):
        raise ValueError("must be a URL of at most 4096 characters without white space")
    if parts.username is not None:
        raise ValueError("must not carry a user name or password in the URL")
    if _is_private(host):
        raise ValueError("must be a URL that the provider can reach from the internet")


def _is_private(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def _check_data(value: str) -> None:
    found = _DATA.fullmatch(value)
    if not found:
        raise ValueError("must be a data: URI of a JPEG, PNG or WebP picture in base64")
    try:
        content = base64.b64decode("".join(found["body"].split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not valid base64") from None
    kind = found["type"].lower().replace("jpg", "jpeg")
    if not content.startswith(_SIGNATURES[kind]):
        raise ValueError(f"is not the {kind.upper()} picture that its data: URI says")
    if len(content) > MAX_BYTES:
        raise ValueError(f"is larger than {MAX_BYTES // 1024 // 1024} MB")
