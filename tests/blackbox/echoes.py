"""How the provider may change what it repeats of an order: its input, its usage, its ids, its dates (contract, 5.6 and 5.7)."""

from __future__ import annotations

import html
import itertools
import unicodedata
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

Json = dict[str, Any]
Echo = Callable[[Json], Any]
PICTURES = ("image", "start_image", "end_image")


def words(change: Callable[[str], str]) -> Echo:
    """The prompt and the negative prompt told otherwise."""
    names = ("prompt", "negative_prompt")
    return lambda sent: {name: change(value) if name in names else value for name, value in sent.items()}


def prompt(change: Callable[[str], str]) -> Echo:
    return lambda sent: {**sent, **({"prompt": change(sent["prompt"])} if "prompt" in sent else {})}


def without(*names: str) -> Echo:
    return lambda sent: {name: value for name, value in sent.items() if name not in names}


def filled(sent: Json) -> Json:
    return {"negative_prompt": "chaos, bad video", "aspect_ratio": "16:9", "seed": 0, **sent}


def copied(sent: Json) -> Json:
    """Pictures under the provider's own addresses."""
    return {**sent, **{name: f"https://storage.theapi.app/image/{name}.png" for name in PICTURES if name in sent}}


ECHOES: dict[str, Echo] = {
    "escaped": words(html.escape),
    "escaped twice": words(lambda text: html.escape(html.escape(text))),
    "NFC": words(lambda text: unicodedata.normalize("NFC", text)),
    "NFD": words(lambda text: unicodedata.normalize("NFD", text)),
    "NFKC": words(lambda text: unicodedata.normalize("NFKC", text)),
    "collapsed": words(lambda text: " ".join(text.split())),
    "line break": prompt(lambda text: text + "\n"),
    "extended": prompt(lambda text: text + ", masterpiece, 4k"),
    "no prompt": without("prompt"),
    "empty": lambda _: {},
    "null": lambda _: None,
    "no negative prompt": without("negative_prompt"),
    "no ratio": without("aspect_ratio"),
    "filled": filled,
    "copied pictures": copied,
    "no pictures": without(*PICTURES),
}

USAGES: dict[str, Callable[[Json], Json | None]] = {
    "quota": lambda _: {"type": "quota", "frozen": 0, "consume": 1},
    "fraction": lambda usage: {**usage, "frozen": 1.2, "consume": 1.2},
    "none": lambda _: None,
    "late": lambda usage: None if usage["frozen"] else usage,
    "alike": lambda usage: {**usage, **dict.fromkeys(("frozen", "consume"), usage["frozen"] or usage["consume"])},
    "untyped": lambda usage: {name: value for name, value in usage.items() if name != "type"},
    "nothing consumed": lambda usage: {**usage, "consume": 0},
    "little consumed": lambda usage: {**usage, "consume": usage["consume"] * 2 // 5},
    "still frozen": lambda usage: {**usage, "frozen": 2_800_000},
}

_numbers = itertools.count(1)
IDS: dict[str, Callable[[], str]] = {
    "underscore": lambda: f"_{next(_numbers)}",
    "slash": lambda: f"a/b{next(_numbers)}",
    "reserved": lambda: f"a%2F?b=c#d{next(_numbers)}",
    "long": lambda: f"{next(_numbers):x>200}",
    "capitals": lambda: str(uuid.uuid4()).upper(),
    "the same": lambda: "the-same-for-all",
}


def local(text: str) -> str:
    """A date of the provider's in the time of its place, eight hours ahead of UTC, without saying so."""
    return (datetime.fromisoformat(text) + timedelta(hours=8)).replace(tzinfo=None).isoformat()


Dating = Callable[[datetime], datetime | None]


def off(seconds: float) -> Dating:
    return lambda now: now + timedelta(seconds=seconds)


def cached(now: datetime) -> datetime:
    """An answer out of a cache: its date is up to an hour old."""
    return now.replace(minute=0, second=0, microsecond=0)


DATES: dict[str, Dating] = {
    "none": lambda _: None,
    "an hour ahead": off(3600),
    "an hour behind": off(-3600),
    "cached": cached,
}
