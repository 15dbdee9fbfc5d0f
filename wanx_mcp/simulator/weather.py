"""Bad weather on demand: what can go wrong, and the odd but legal clothes of an answer, replayed by one seed."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum


class Fault(StrEnum):
    """What happens to one request. The acting ones do the work first, so an order is taken and the answer is not."""

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
        """Whether the provider does what was asked before it goes wrong."""
        return self in (Fault.NONE, Fault.LOSE_ANSWER, Fault.ACT_THEN_500, Fault.ACT_THEN_HTML) or self.garbles

    @property
    def garbles(self) -> bool:
        return self in (Fault.HALF_BODY, Fault.EMPTY_BODY)


class Dress(StrEnum):
    """A legal oddity that an answer wears."""

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
    """Decides the fault and the dress of each request: first from a script, then by the odds.

    `link_life` is how long a signed link leads to its video; each answer brings a fresh one.
    """

    def __init__(
        self,
        *,
        odds: Mapping[Fault, float] | None = None,
        dresses: Iterable[Dress] = (),
        failing: float = 0.0,
        retry_after: int = 2,
        link_life: timedelta = timedelta(hours=1),
        seed: int = 0,
    ) -> None:
        self.dresses = frozenset(dresses)
        self.failing = failing
        self.retry_after = retry_after
        self.link_life = link_life
        self.random = random.Random(seed)  # noqa: S311  # weather, not secrets
        self._odds = dict(odds or {})
        self._script: dict[str, deque[Fault]] = {}

    def coming(self, method: str, *faults: Fault) -> None:
        """The next requests of that HTTP method meet these faults, one each."""
        self._script.setdefault(method, deque()).extend(faults)

    def clear(self) -> None:
        """Forget the script."""
        self._script.clear()

    def fault(self, method: str) -> Fault:
        """The fault of the request that has just come in."""
        if script := self._script.get(method):
            return script.popleft()
        roll = self.random.random()
        for fault, chance in self._odds.items():
            roll -= chance
            if roll < 0:
                return fault
        return Fault.NONE


CLIMATES: Mapping[str, Mapping[Fault, float]] = {
    "fair": {},
    "rough": {fault: 0.04 for fault in Fault if fault is not Fault.NONE},
    "stormy": {fault: 0.08 for fault in Fault if fault is not Fault.NONE},
}
"""Odds by name, for the command line."""
