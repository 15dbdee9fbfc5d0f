"""The life cycle of a simulated task: drawn once at random, then a pure function of the time."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from wanx_mcp.catalog import CATALOG, Terms
from wanx_mcp.catalog.wire import MODEL
from wanx_mcp.money import to_points

QUICKEST, SHAPE, SCALE = 0.45, 4.0, 0.15
"""Durations, in units of the usual one of the catalog: QUICKEST plus a gamma distribution, with a median of about 1.
Deliberately not the distribution that the server's estimates assume: that would prove nothing."""

STRAGGLERS, STRAGGLING = 0.06, (1.5, 4.5, 1.7)
"""The share of tasks that take far longer: low, high and mode of a triangular distribution."""

PENDING_SHARE = 0.08
ASSUMED_POINTS = 4_000_000
"""The simulator's price where the provider publishes none: an invented $0.40."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will happen to a task: real seconds in the queue and of work, and the error if it fails."""

    pending: float
    processing: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class SimulatedTask:
    """One order as the simulated provider stores it. `owner` is the account, `quirks` are names of rows."""

    task_id: str
    owner: str
    task_type: str
    input: dict[str, Any] = field(repr=False)
    config: dict[str, Any] = field(repr=False)
    points: int
    created_at: datetime
    plan: Plan
    cancelled_at: datetime | None = None
    called: bool = False
    model: str = MODEL
    key_id: int = 0
    quirks: tuple[str, ...] = ()

    @property
    def is_of_other_product(self) -> bool:
        """Whether it was ordered from another product of the provider."""
        return self.model not in CATALOG.models

    @property
    def started_at(self) -> datetime:
        return self.created_at + timedelta(seconds=self.plan.pending)

    @property
    def ended_at(self) -> datetime:
        return self.cancelled_at or self.started_at + timedelta(seconds=self.plan.processing)

    def status(self, now: datetime) -> str:
        """The provider's status at `now`."""
        if self.cancelled_at is not None:
            return "cancelled"
        if now < self.started_at:
            return "pending"
        if now < self.ended_at:
            return "processing"
        return "failed" if self.plan.error else "completed"

    def frozen(self, now: datetime) -> int:
        """Points that are frozen while the task is open [contract 12]."""
        return self.points if self.status(now) in ("pending", "processing") else 0

    def consumed(self, now: datetime) -> int:
        """Points charged: only a completed task costs anything."""
        return self.points if self.status(now) == "completed" else 0

    def cancelled(self, now: datetime) -> SimulatedTask:
        return replace(self, cancelled_at=now)

    @property
    def webhook(self) -> Mapping[str, str]:
        """`endpoint` and perhaps `secret`; anything outside `config` is ignored, as by the provider [contract 4]."""
        found = self.config.get("webhook_config")
        return found if isinstance(found, dict) else {}


def draw_plan(usual: float, rng: random.Random, *, speed: float, failing: float) -> Plan:
    """A plan for a task that usually takes `usual` seconds, `speed` times faster than that. It fails with the
    probability `failing`."""
    straggling = rng.random() < STRAGGLERS
    length = rng.triangular(*STRAGGLING) if straggling else QUICKEST + rng.gammavariate(SHAPE, SCALE)
    total = usual / speed * length
    error = "the generation failed (invented by the simulator)" if rng.random() < failing else None
    return Plan(total * PENDING_SHARE, total * (1 - PENDING_SHARE), error)


def points_of(terms: Terms) -> int:
    """The price of a task with these terms, in points."""
    return ASSUMED_POINTS if terms.price is None else to_points(terms.price)
