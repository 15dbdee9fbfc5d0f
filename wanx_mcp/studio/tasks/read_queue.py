"""The read limit: at most so many reads in any 60 seconds over all pollers, first come, first served."""

from __future__ import annotations

from dataclasses import dataclass, field

BURST_SHARE = 5
"""One part in so many of a minute's reads may come at once; the rest keeps an even distance."""

MINUTE = 60.0
SLACK = 1e-6
"""Sums of floats miss their mark by less than this."""


@dataclass(eq=False)
class Turn:
    """A place in the queue, for one read. One `for_callers` goes before those that nobody waits for."""

    for_callers: bool = True


@dataclass(eq=False)
class ReadQueue:
    """A leaky bucket with a queue before it. It knows no clock: every question brings the time, in seconds."""

    per_minute: float
    _waiting: list[Turn] = field(default_factory=list, init=False)
    _filled_until: float = field(default=float("-inf"), init=False)
    _held_until: float = field(default=float("-inf"), init=False)

    @property
    def _burst(self) -> int:
        return max(1, int(self.per_minute) // BURST_SHARE)

    @property
    def _distance(self) -> float:
        """The burst, and what leaks in 60 seconds after it, are together no more than the limit."""
        return MINUTE / (self.per_minute - self._burst + 1)

    def join(self, *, for_callers: bool = True) -> Turn:
        """The last place; for callers, the last one before those that nobody waits for."""
        turn = Turn(for_callers)
        self._waiting.append(turn)
        self._waiting.sort(key=lambda turn: not turn.for_callers)  # stable: first come, first served
        return turn

    def leave(self, turn: Turn) -> None:
        """Give the place up; those behind move on."""
        if turn in self._waiting:
            self._waiting.remove(turn)

    def due(self, turn: Turn, now: float) -> float:
        """When the read may go out, if nobody before it gives up."""
        place = self._waiting.index(turn)
        burst = self._burst if turn.for_callers else 1  # what may come at once is kept for callers
        free = max(self._filled_until, now) + (place - burst + 1) * self._distance
        return max(now, free, self._held_until)

    def take(self, turn: Turn, now: float) -> bool:
        """Whether the read may go out now; then the turn is used up."""
        if self.due(turn, now) > now + SLACK:
            return False
        self._waiting.remove(turn)
        self._filled_until = max(self._filled_until, now) + self._distance
        return True

    def hold(self, until: float) -> None:
        """Let nobody through before `until`: the provider has asked for it."""
        self._held_until = max(self._held_until, until)
