"""The weather: which faults, variants and quirks requests meet, by a script or at random from one seed."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum

from wanx_mcp.simulator.quirks.quirk import Lasts, Quirk


class Fault(StrEnum):
    """What goes wrong with one request. With some faults the request is carried out, and only its answer is lost."""

    NONE = "none"
    LOSE_REQUEST = "lose_request"
    LOSE_ANSWER = "lose_answer"
    FAIL_500 = "fail_500"
    ACT_THEN_500 = "act_then_500"
    BUSY = "busy"
    BUSY_RETRY_AFTER = "busy_retry_after"
    HTML = "html"
    ACT_THEN_HTML = "act_then_html"
    HALF_BODY = "half_body"
    EMPTY_BODY = "empty_body"

    @property
    def acts(self) -> bool:
        """Whether the request is carried out."""
        return self in (Fault.NONE, Fault.LOSE_ANSWER, Fault.ACT_THEN_500, Fault.ACT_THEN_HTML) or self.garbles

    @property
    def garbles(self) -> bool:
        return self in (Fault.HALF_BODY, Fault.EMPTY_BODY)


class Variant(StrEnum):
    """A variant of an answer that the documentation allows, or that was seen."""

    FLAT = "flat"
    CODE_ZERO = "code_zero"
    NO_CODE = "no_code"
    CAPITALS = "capitals"
    TRAILING_TAB = "trailing_tab"
    NANOSECONDS = "nanoseconds"
    OFFSET_DATES = "offset_dates"
    NO_DATES = "no_dates"
    NO_USAGE = "no_usage"
    VIDEO = "video"
    VIDEO_OBJECT = "video_object"
    VIDEO_URLS = "video_urls"
    WORKS = "works"
    STRAY_URL = "stray_url"
    LATE_URL = "late_url"
    EARLY_URL = "early_url"
    STRANGE_STATUS = "strange_status"
    SIGNED_URL = "signed_url"


class Weather:
    """Decides what is wrong with each request: first by a script, then at random by the odds.

    `variants` and `quirks` apply to all requests; `quirk_odds` are the probabilities of others, each drawn for as long
    as it lasts. `link_life` is how long a signed link works; each answer has a new one.
    """

    def __init__(
        self,
        *,
        odds: Mapping[Fault, float] | None = None,
        quirk_odds: Mapping[Quirk, float] | None = None,
        variants: Iterable[Variant] = (),
        quirks: Iterable[Quirk] = (),
        failing: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.variants = frozenset(variants)
        self.failing = failing
        self.retry_after = 2
        """Seconds."""

        self.link_life = timedelta(hours=1)
        self.random = random.Random(seed)  # noqa: S311  # weather, not secrets
        self._odds = dict(odds or {})
        self._quirk_odds = dict(quirk_odds or {})
        self.quirks = (*quirks, *self.draw(Lasts.RUN))
        self.quirks_of: dict[str, tuple[Quirk, ...]] = {}
        """More quirks of single tasks, by task id."""

        self._script: dict[str, deque[Fault]] = {}
        self._quirk_script: dict[str, deque[tuple[Quirk, ...]]] = {}

    def coming(self, method: str, *faults: Fault) -> None:
        """Script: the next requests of that HTTP method meet these faults, one each."""
        self._script.setdefault(method, deque()).extend(faults)

    def coming_quirks(self, method: str, *quirks: Quirk | tuple[Quirk, ...]) -> None:
        """Script: the next requests of that HTTP method have these quirks, one or a tuple each. Those that last for a
        task stay with the task that the request creates."""
        each = (one if isinstance(one, tuple) else (one,) for one in quirks)
        self._quirk_script.setdefault(method, deque()).extend(each)

    def clear(self) -> None:
        """Clear the script."""
        self._script.clear()
        self._quirk_script.clear()

    def fault(self, method: str) -> Fault:
        """The fault of the next request of that method."""
        if script := self._script.get(method):
            return script.popleft()
        roll = self.random.random()
        for fault, chance in self._odds.items():
            roll -= chance
            if roll < 0:
                return fault
        return Fault.NONE

    def quirks_met(self, method: str) -> tuple[Quirk, ...]:
        """The quirks of the next request of that method."""
        script = self._quirk_script.get(method)
        return (*self.quirks, *(script.popleft() if script else ()), *self.draw(Lasts.REQUEST))

    def note(self, task_id: str, quirks: Iterable[Quirk]) -> None:
        """Note the quirks of the request that created a task: those that last for a task stay with it."""
        kept = tuple(quirk for quirk in quirks if quirk.lasts is Lasts.TASK and quirk not in self.quirks)
        if kept:
            self.quirks_of[task_id] = kept

    def draw(self, lasts: Lasts) -> tuple[Quirk, ...]:
        """Quirks of that duration, drawn by their odds."""
        likely = [(quirk, chance) for quirk, chance in self._quirk_odds.items() if quirk.lasts is lasts]
        return tuple(quirk for quirk, chance in likely if self.random.random() < chance)
