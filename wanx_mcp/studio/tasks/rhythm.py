"""When a task is read next: for callers that wait, by the estimate; for the follower, evenly and seldom (pure)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from wanx_mcp.limits import FOLLOW_SECONDS, LINK_SECONDS, TWO_READS_SECONDS
from wanx_mcp.studio.tasks.pace import SHORTEST_SLEEP, Pace
from wanx_mcp.studio.tasks.read_queue import MINUTE


@dataclass(slots=True)
class Rhythm:
    """Seconds of a clock on which tasks run `speed` times faster than in life. `apart`: seconds between two reads of
    one order that keep all orders which the account follows, over all processes, within WANX_READS_PER_MINUTE."""

    speed: float = 1.0
    apart: float = 0.0

    def share(self, orders: int, per_minute: float) -> None:
        """So many orders share `per_minute` reads: each has a whole number of them a minute, so that no 60 seconds see
        more. Where there are more orders than reads, each waits for its turn."""
        whole = per_minute // max(orders, 1)
        self.apart = (MINUTE / whole if whole else MINUTE * orders / per_minute) / self.speed

    def gap(self, pace: Pace | None, left: float | None) -> float:
        """Seconds from one read to the next. `pace` is None where only the link is missing; `left` is what is left of
        the wait that ends first, None while nobody waits."""
        if left is not None:
            return pace.next_look(left) if pace else LINK_SECONDS
        shortest, longest = (max(seconds / self.speed, SHORTEST_SLEEP) for seconds in FOLLOW_SECONDS)
        usual = pace.next_look(math.inf) if pace else shortest
        return max(min(max(usual, shortest), longest), self.apart)

    def after(self, read_at: float, before: float, gap: float, pace: Pace | None) -> float:
        """When the next read is due, `gap` seconds after the last one at `read_at`. `before`: when the one before that
        was: three reads are not closer together than TWO_READS_SECONDS, unless a caller waits whose reads are placed by
        what is known of such tasks."""
        known = gap * self.speed < FOLLOW_SECONDS[0] and (pace is None or not pace.durations.unsure)
        return read_at + gap if known else max(read_at + gap, before + TWO_READS_SECONDS / self.speed)
