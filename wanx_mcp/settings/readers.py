"""From the text of a variable to its value. Each raises ValueError with words that follow the variable's name."""

from __future__ import annotations

import os
import re
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(url: str) -> bool:
    """Whether `url` names this machine."""
    try:
        return (urlsplit(url).hostname or "") in LOOPBACK
    except ValueError:
        return False


def key(text: str) -> str:
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("holds characters that no key has (only printable ASCII without blanks is possible)")
    return text


def url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port  # both raise ValueError for what is no address
    except ValueError:
        raise ValueError("is not a URL") from None
    plain = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    if not host or not plain or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("must be an https URL, or http on loopback, without query or password")
    return text.rstrip("/")


def webhook(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)):
        raise ValueError("must be an https URL, or http on loopback")
    return text


def budget(text: str) -> Decimal | None:
    return None if text.lower() == "unlimited" else usd(text)


def usd(text: str) -> Decimal:
    if not re.fullmatch(r"\d{1,6}(\.\d{1,4})?", text):
        raise ValueError("must be US dollars as a plain number, for example 5.00")
    return Decimal(text)


def folder(text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_absolute():
        raise ValueError("must be an absolute path (or begin with ~)")
    return path


def folders(text: str) -> tuple[Path, ...]:
    try:
        return tuple(folder(part.strip()) for part in text.split(os.pathsep) if part.strip())
    except (ValueError, RuntimeError):
        raise ValueError(f"must be absolute paths (or begin with ~), separated by {os.pathsep}") from None


def switch(text: str) -> bool:
    match text.lower():
        case "1" | "true" | "yes" | "on":
            return True
        case "0" | "false" | "no" | "off":
            return False
    raise ValueError("must be true or false")


def seconds(text: str) -> int:
    if not re.fullmatch(r"\d{1,2}", text) or not 1 <= int(text) <= 45:
        raise ValueError("must be a whole number from 1 to 45")
    return int(text)


def speed(text: str) -> float:
    if not re.fullmatch(r"\d{1,5}(\.\d+)?", text) or not 0.1 <= float(text) <= 10_000:
        raise ValueError("must be a number from 0.1 to 10000")
    return float(text)
