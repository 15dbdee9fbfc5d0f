"""The environment as one frozen object. A wrong value is a complaint to be told, never a crash."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum
from pathlib import Path
from urllib.parse import urlsplit

APP = "wanx-mcp"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_UNFILLED = re.compile(r"\$\{[^}]*\}")


class Stops(IntEnum):
    """What a wrong value of a setting makes impossible until it is mended."""

    NOTHING = 0
    ORDERS = 1
    EVERYTHING = 2


@dataclass(frozen=True, slots=True)
class Setting:
    """One row: variable, field of `Settings`, shown default, meaning, and what a wrong value stops."""

    variable: str
    field: str
    default: str
    meaning: str
    read: Callable[[str], object]
    stops: Stops
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Complaint:
    """A value that could not be used, in words that never quote it."""

    variable: str
    words: str
    stops: Stops

    def __str__(self) -> str:
        return f"{self.variable} {self.words}"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator decided. Folders that are None are the platform's usual ones, found when first needed."""

    api_key: str | None = field(default=None, repr=False)
    base_url: str = "https://api.piapi.ai"
    output_dir: Path | None = None
    state_dir: Path | None = None
    daily_budget: Decimal | None = Decimal("5.00")
    assumed_price: Decimal = Decimal("0.60")
    webhook_url: str | None = field(default=None, repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    allow_adult: bool = False
    max_wait_seconds: int = 45
    simulate: bool = False
    simulate_speed: float = 20.0
    complaints: tuple[Complaint, ...] = ()

    @property
    def output_folder(self) -> Path:
        """Where videos go: never the working directory, which hosts often make read-only."""
        if self.output_dir is not None:
            return self.output_dir
        from platformdirs import user_videos_path

        return user_videos_path() / "wanx"

    @property
    def state_folder(self) -> Path:
        """Where the server keeps what it must remember."""
        if self.state_dir is not None:
            return self.state_dir
        from platformdirs import user_data_path

        return user_data_path(APP, appauthor=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be shown, wherever it turns up."""
        return tuple(value for value in (self.api_key, self.webhook_secret, self.webhook_url) if value)

    def hindrances(self, least: Stops) -> tuple[Complaint, ...]:
        """The complaints that stop `least` or more."""
        return tuple(complaint for complaint in self.complaints if complaint.stops >= least)


def is_loopback(url: str) -> bool:
    """Whether `url` names this machine."""
    try:
        return (urlsplit(url).hostname or "") in LOOPBACK
    except ValueError:
        return False


def _key(text: str) -> str:
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("holds characters that no key has (only printable ASCII without blanks is possible)")
    return text


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port  # both raise ValueError for what is no address
    except ValueError:
        raise ValueError("is not a URL") from None
    plain = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    if not host or not plain or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("must be an https URL, or http on loopback, without query or password")
    return text.rstrip("/")


def _webhook(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)):
        raise ValueError("must be an https URL, or http on loopback")
    return text


def _budget(text: str) -> Decimal | None:
    return None if text.lower() == "unlimited" else _usd(text)


def _usd(text: str) -> Decimal:
    if not re.fullmatch(r"\d{1,6}(\.\d{1,4})?", text):
        raise ValueError("must be US dollars as a plain number, for example 5.00")
    return Decimal(text)


def _folder(text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_absolute():
        raise ValueError("must be an absolute path (or begin with ~)")
    return path


def _switch(text: str) -> bool:
    match text.lower():
        case "1" | "true" | "yes" | "on":
            return True
        case "0" | "false" | "no" | "off":
            return False
    raise ValueError("must be true or false")


def _seconds(text: str) -> int:
    if not re.fullmatch(r"\d{1,2}", text) or not 1 <= int(text) <= 45:
        raise ValueError("must be a whole number from 1 to 45")
    return int(text)


def _speed(text: str) -> float:
    if not re.fullmatch(r"\d{1,5}(\.\d+)?", text) or not 0.1 <= float(text) <= 10_000:
        raise ValueError("must be a number from 0.1 to 10000")
    return float(text)


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "PIAPI_API_KEY",
        "api_key",
        "none",
        "The PiAPI key. Without it the server starts and lists, and says how to set it.",
        _key,
        Stops.EVERYTHING,
        secret=True,
    ),
    Setting(
        "PIAPI_BASE_URL",
        "base_url",
        "https://api.piapi.ai",
        "The provider: https, or http on loopback.",
        _url,
        Stops.EVERYTHING,
    ),
    Setting(
        "WANX_DAILY_BUDGET_USD",
        "daily_budget",
        "5.00",
        "The most that may be booked in any 24 hours, over all processes; 0 forbids spending, unlimited lifts it.",
        _budget,
        Stops.ORDERS,
    ),
    Setting(
        "WANX_ASSUMED_PRICE_USD",
        "assumed_price",
        "0.60",
        "What is booked for an order whose price is unpublished, until the real figure is known.",
        _usd,
        Stops.ORDERS,
    ),
    Setting(
        "WANX_OUTPUT_DIR",
        "output_dir",
        "`wanx` in the videos folder",
        "Where videos are saved.",
        _folder,
        Stops.NOTHING,
    ),
    Setting(
        "WANX_STATE_DIR",
        "state_dir",
        "the platform's data folder",
        "Where the ledger of orders is kept.",
        _folder,
        Stops.ORDERS,
    ),
    Setting(
        "WANX_ALLOW_ADULT",
        "allow_adult",
        "false",
        "Lets LoRA types marked adult through.",
        _switch,
        Stops.NOTHING,
    ),
    Setting(
        "WANX_WEBHOOK_URL",
        "webhook_url",
        "none",
        "Sent with each order: the provider calls it when the task has ended. Never shown to the model.",
        _webhook,
        Stops.ORDERS,
        secret=True,
    ),
    Setting(
        "WANX_WEBHOOK_SECRET",
        "webhook_secret",
        "none",
        "Comes back in the header x-webhook-secret of that call. Never stored or shown.",
        _key,
        Stops.ORDERS,
        secret=True,
    ),
    Setting(
        "WANX_MAX_WAIT_SECONDS",
        "max_wait_seconds",
        "45",
        "The longest wait of one call, 1 to 45; lower it for clients that give up early.",
        _seconds,
        Stops.NOTHING,
    ),
    Setting(
        "WANX_SIMULATE",
        "simulate",
        "false",
        "Use the built-in simulator: free, no key, no network.",
        _switch,
        Stops.EVERYTHING,
    ),
    Setting(
        "WANX_SIMULATE_SPEED",
        "simulate_speed",
        "20",
        "How many times faster than life the simulator works.",
        _speed,
        Stops.NOTHING,
    ),
)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings that `environment` holds. Empty values and unfilled `${...}` templates count as unset."""
    found: dict[str, object] = {}
    complaints: list[Complaint] = []
    for row in SETTINGS:
        text = environment.get(row.variable, "").strip()
        if not text or _UNFILLED.fullmatch(text):
            continue
        try:
            found[row.field] = row.read(text)
        except ValueError as wrong:
            complaints.append(Complaint(row.variable, str(wrong), row.stops))
    complaints += _unknown(environment)
    return Settings(**found, complaints=tuple(complaints))  # type: ignore[arg-type]  # each row reads its field's type


def _unknown(environment: Mapping[str, str]) -> list[Complaint]:
    known = [row.variable for row in SETTINGS]
    strange = [name for name in environment if name.startswith(("WANX_", "PIAPI_")) and name not in known]
    found = []
    for name in sorted(strange):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; {near[0]} was perhaps meant" if near else ""
        found.append(Complaint(name, f"is not a setting of this server{hint}", Stops.NOTHING))
    return found
