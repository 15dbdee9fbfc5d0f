"""The table of settings: one row for each environment variable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from wanx_mcp.settings import readers
from wanx_mcp.settings.hosts import PROVIDER, UPLOADS


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
    doubt: Callable[[object], str | None] = lambda _value: None
    """What is wrong with a value that can be read, in words that follow the variable's name; None if nothing is."""


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "PIAPI_API_KEY",
        "api_key",
        "none",
        "The PiAPI key. Without it the server starts and lists, and says how to set it.",
        readers.key,
        Stops.EVERYTHING,
        secret=True,
    ),
    Setting(
        "PIAPI_BASE_URL",
        "base_url",
        PROVIDER,
        "The provider: https, or http on loopback.",
        readers.url,
        Stops.EVERYTHING,
    ),
    Setting(
        "PIAPI_UPLOAD_URL",
        "upload_url",
        UPLOADS,
        "Where local pictures are uploaded. With the provider on loopback the default is the provider itself.",
        readers.url,
        Stops.ORDERS,
    ),
    Setting(
        "WANX_DAILY_BUDGET_USD",
        "daily_budget",
        "5.00",
        "The most that may be booked in any 24 hours, over all processes; 0 forbids spending, unlimited lifts it.",
        readers.budget,
        Stops.ORDERS,
    ),
    Setting(
        "WANX_ASSUMED_PRICE_USD",
        "assumed_price",
        "0.60",
        "What is booked for an order whose price is unpublished, until the real figure is known.",
        readers.usd,
        Stops.ORDERS,
        doubt=readers.no_price,
    ),
    Setting(
        "WANX_OUTPUT_DIR",
        "output_dir",
        "`wanx` in the videos folder",
        "Where videos are saved.",
        readers.folder,
        Stops.NOTHING,
    ),
    Setting(
        "WANX_INPUT_DIRS",
        "input_dirs",
        "none",
        "Further folders from which local pictures may be sent, beside the output folder; separated like PATH.",
        readers.folders,
        Stops.NOTHING,
    ),
    Setting(
        "WANX_STATE_DIR",
        "state_dir",
        "the platform's data folder",
        "Where the ledger of orders is kept.",
        readers.folder,
        Stops.ORDERS,
    ),
    Setting(
        "WANX_ALLOW_ADULT",
        "allow_adult",
        "false",
        "Lets LoRA types marked adult through.",
        readers.switch,
        Stops.NOTHING,
    ),
    Setting(
        "WANX_WEBHOOK_URL",
        "webhook_url",
        "none",
        "Sent with each order: the provider calls it when the task has ended. Never shown to the model.",
        readers.webhook,
        Stops.ORDERS,
        secret=True,
    ),
    Setting(
        "WANX_WEBHOOK_SECRET",
        "webhook_secret",
        "none",
        "Comes back in the header x-webhook-secret of that call. Never stored or shown.",
        readers.key,
        Stops.ORDERS,
        secret=True,
    ),
    Setting(
        "WANX_MAX_WAIT_SECONDS",
        "max_wait_seconds",
        "45",
        "The longest wait of one call, 1 to 45; lower it for clients that give up early.",
        readers.seconds,
        Stops.NOTHING,
    ),
    Setting(
        "WANX_READS_PER_MINUTE",
        "reads_per_minute",
        "30",
        "The most reads a minute that waiting may cause, over all tasks, 1 to 600; the first read of a call is free.",
        readers.reads,
        Stops.NOTHING,
    ),
    Setting(
        "WANX_SIMULATE",
        "simulate",
        "false",
        "Use the built-in simulator: free, no key, no network.",
        readers.switch,
        Stops.EVERYTHING,
    ),
    Setting(
        "WANX_SIMULATE_SPEED",
        "simulate_speed",
        "20",
        "How many times faster than life the simulator works.",
        readers.speed,
        Stops.NOTHING,
    ),
)
