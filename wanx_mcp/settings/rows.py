"""The table of settings: one row for each environment variable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from wanx_mcp.limits import LONGEST_WAIT_SECONDS, MOST_READS_PER_MINUTE
from wanx_mcp.settings import readers
from wanx_mcp.settings.hosts import UPLOADS


class Stops(IntEnum):
    """What an invalid value of a setting blocks until it is corrected."""

    NOTHING = 0
    ORDERS = 1
    EVERYTHING = 2


@dataclass(frozen=True, slots=True)
class Setting:
    """One row: the variable, the field of `Settings` with its default, the meaning, and what an invalid value stops."""

    variable: str
    field: str
    meaning: str
    read: Callable[[str], object]
    stops: Stops
    unset: str = "none"
    """How the default is described where the field has none."""

    secret: bool = False
    check: Callable[[object], str | None] = lambda _value: None
    """What is wrong with a value that was read, in words that follow the variable's name; None if nothing is."""


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "PIAPI_API_KEY",
        "api_key",
        "The PiAPI key. Without it the server starts, lists its tools, and says how to set the key.",
        readers.key,
        Stops.EVERYTHING,
        secret=True,
    ),
    Setting(
        "PIAPI_BASE_URL",
        "base_url",
        "The address of the provider: https, or http on loopback.",
        readers.url,
        Stops.EVERYTHING,
    ),
    Setting(
        "PIAPI_UPLOAD_URL",
        "upload_url",
        "Where local pictures are uploaded. If the provider is on loopback, the default is the provider itself.",
        readers.url,
        Stops.ORDERS,
        unset=UPLOADS,
    ),
    Setting(
        "WANX_DAILY_BUDGET_USD",
        "daily_budget",
        "The most that may be booked in any 24 hours by all processes; 0 forbids spending, unlimited sets no limit.",
        readers.budget,
        Stops.ORDERS,
    ),
    Setting(
        "WANX_ASSUMED_PRICE_USD",
        "assumed_price",
        "What is booked for an order without a published price, until the actual price is known.",
        readers.usd,
        Stops.ORDERS,
        check=readers.zero_price,
    ),
    Setting(
        "WANX_OUTPUT_DIR",
        "output_dir",
        "Where videos are saved.",
        readers.folder,
        Stops.NOTHING,
        unset="`wanx` in the videos folder",
    ),
    Setting(
        "WANX_INPUT_DIRS",
        "input_dirs",
        "More folders from which local pictures may be sent, besides the output folder; separated like PATH.",
        readers.folders,
        Stops.NOTHING,
    ),
    Setting(
        "WANX_STATE_DIR",
        "state_dir",
        "Where the ledger of orders is kept.",
        readers.folder,
        Stops.ORDERS,
        unset="`.wanx-mcp` in the user's folder on Windows, else the platform's data folder",
    ),
    Setting(
        "WANX_ALLOW_ADULT",
        "allow_adult",
        "Allows LoRA types that are marked adult.",
        readers.switch,
        Stops.NOTHING,
    ),
    Setting(
        "WANX_WEBHOOK_URL",
        "webhook_url",
        "Sent with each order: the provider calls it when the task has ended. Never shown to the model.",
        readers.webhook,
        Stops.ORDERS,
        secret=True,
    ),
    Setting(
        "WANX_WEBHOOK_SECRET",
        "webhook_secret",
        "The provider sends it back in the header x-webhook-secret of that call. Never stored or shown.",
        readers.key,
        Stops.ORDERS,
        secret=True,
    ),
    Setting(
        "WANX_MAX_WAIT_SECONDS",
        "max_wait_seconds",
        f"The longest wait of one call, 1 to {LONGEST_WAIT_SECONDS}; lower it for clients that give up early.",
        readers.whole_number(1, LONGEST_WAIT_SECONDS),
        Stops.NOTHING,
    ),
    Setting(
        "WANX_READS_PER_MINUTE",
        "reads_per_minute",
        f"The most reads a minute that waiting may cause, over all tasks, 1 to {MOST_READS_PER_MINUTE}; the first read "
        "of a call does not count.",
        readers.whole_number(1, MOST_READS_PER_MINUTE),
        Stops.NOTHING,
    ),
    Setting(
        "WANX_AUTO_SAVE",
        "auto_save",
        "Saves each finished clip into the output folder without being asked.",
        readers.switch,
        Stops.NOTHING,
    ),
    Setting(
        "WANX_SIMULATE",
        "simulate",
        "Use the built-in simulator: free, no key, no network.",
        readers.switch,
        Stops.EVERYTHING,
    ),
    Setting(
        "WANX_SIMULATE_SPEED",
        "simulate_speed",
        "How many times faster than real time the simulator works.",
        readers.speed,
        Stops.NOTHING,
    ),
)
