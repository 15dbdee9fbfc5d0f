"""Readers: from the text of a variable to its value. Messages of their ValueErrors follow the variable's name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from wanx_mcp.addresses import is_loopback_host, literal


def key(text: str) -> str:
    """A key or another secret."""
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError("must be printable ASCII characters without spaces")
    return text


def url(text: str) -> str:
    """The provider's address, normalised."""
    parts, host = _parts(text)
    if "?" in text or "#" in text or parts.username is not None:
        raise ValueError("must be an https URL, or http on loopback, without query or password")
    port = f":{parts.port}" if parts.port not in (None, {"https": 443, "http": 80}[parts.scheme]) else ""
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"


def webhook(text: str) -> str:
    """The URL that the provider calls."""
    _parts(text)
    return text


def _parts(text: str) -> tuple[SplitResult, str]:
    """The parts of a URL, and its host as a URL writes it."""
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname or "", parts.port  # both raise ValueError if invalid
    except ValueError:
        raise ValueError("is not a valid URL") from None
    bracketed = "[" in parts.netloc
    if bracketed and literal(host) is None:
        raise ValueError("is not a valid URL")
    plain = parts.scheme == "https" or (parts.scheme == "http" and is_loopback_host(host))
    if not plain or not (bracketed or re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", host)):
        raise ValueError("must be an https URL, or http on loopback")
    return parts, f"[{host}]" if bracketed else host


def budget(text: str) -> Decimal | None:
    if text.lower() == "unlimited":
        return None
    try:
        return usd(text)
    except ValueError as error:
        raise ValueError(f"{error}, or unlimited") from None


def usd(text: str) -> Decimal:
    if not re.fullmatch(r"\d{1,6}(\.\d{1,4})?", text):
        raise ValueError("must be US dollars as a plain number, for example 5.00")
    return Decimal(text)


def zero_price(value: object) -> str | None:
    """Why an assumed price of 0 cannot be used, None for any other. Only orders without a published price need it."""
    if value != 0:
        return None
    return "must be more than 0: until then, orders of task types without a published price are refused"


def folder(text: str) -> Path:
    """An absolute folder."""
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        other = re.match(r"~[^\\/]", text)
        who = "the home of a user who does not exist here" if other else "~, and this user has no home folder"
        raise ValueError(f"begins with {who}; use an absolute path") from None
    if not path.is_absolute():
        raise ValueError("must be an absolute path (or begin with ~)")
    return path


def folders(text: str) -> tuple[Path, ...]:
    """Several folders, separated like PATH. One invalid folder makes the whole value invalid."""
    found: list[Path] = []
    for number, part in enumerate(filter(None, map(str.strip, text.split(os.pathsep))), start=1):
        try:
            found.append(folder(part))
        except ValueError as wrong:
            raise ValueError(
                f"must be absolute paths (or begin with ~), separated by {os.pathsep}; folder {number} {wrong}"
            ) from None
    return tuple(found)


def usual_folder(find: Callable[[], Path]) -> Path | None:
    """The platform's folder, None if there is none."""
    # Without a home folder, older versions of platformdirs return a relative path that begins with ~, newer ones raise.
    try:
        path = find()
    except (RuntimeError, OSError, KeyError):
        return None
    return path if path.is_absolute() else None


def switch(text: str) -> bool:
    match text.lower():
        case "1" | "true" | "yes" | "on":
            return True
        case "0" | "false" | "no" | "off":
            return False
    raise ValueError("must be true or false")


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Reads a whole number from `least` to `most`."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,15}", text) or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    return read


def speed(text: str) -> float:
    """How many times faster than real time."""
    if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]+)?", text) or not 0.1 <= float(text) <= 10_000:
        raise ValueError("must be a number from 0.1 to 10000")
    return float(text)
