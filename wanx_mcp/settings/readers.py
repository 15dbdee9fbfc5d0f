"""From the text of a variable to its value. Each raises ValueError with words that follow the variable's name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

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
    """The provider's address, in one spelling."""
    parts, host = _parts(text)
    if "?" in text or "#" in text or parts.username is not None:
        raise ValueError("must be an https URL, or http on loopback, without query or password")
    port = f":{parts.port}" if parts.port not in (None, {"https": 443, "http": 80}[parts.scheme]) else ""
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"


def webhook(text: str) -> str:
    """The address that the provider calls."""
    _parts(text)
    return text


def _parts(text: str) -> tuple[SplitResult, str]:
    """The address taken apart, and its host as it stands in a URL."""
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname or "", parts.port  # both raise ValueError for what is no address
        literal = "[" in parts.netloc and bool(ip_address(host))
    except ValueError:
        raise ValueError("is not a URL") from None
    plain = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    if not plain or not (literal or re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", host)):
        raise ValueError("must be an https URL, or http on loopback")
    return parts, f"[{host}]" if literal else host


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


def no_price(value: object) -> str | None:
    """Why an assumed price is none. Orders that need it are refused; the others have a price of their own."""
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
    """Several folders, separated like PATH. All are read or none: a picture is not looked for in half of them."""
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
    """The platform's folder, None where there is none: without a home folder, older versions of platformdirs answer
    with a path that begins with a folder named ~ in the working directory, newer ones raise RuntimeError."""
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


def seconds(text: str) -> int:
    if not re.fullmatch(r"\d{1,2}", text) or not 1 <= int(text) <= 45:
        raise ValueError("must be a whole number from 1 to 45")
    return int(text)


def reads(text: str) -> int:
    if not re.fullmatch(r"\d{1,3}", text) or not 1 <= int(text) <= 600:
        raise ValueError("must be a whole number from 1 to 600")
    return int(text)


def speed(text: str) -> float:
    if not re.fullmatch(r"\d{1,5}(\.\d+)?", text) or not 0.1 <= float(text) <= 10_000:
        raise ValueError("must be a number from 0.1 to 10000")
    return float(text)
