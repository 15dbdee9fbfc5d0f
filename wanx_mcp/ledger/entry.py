"""An order as the ledger keeps it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

OPEN = ("pending", "processing")
"""The states of a task that has not ended."""


class State(StrEnum):
    """What is known of an order: from the intention, written before the request leaves, to an outcome."""

    INTENDED = "intended"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    RELEASED = "released"

    @property
    def doubtful(self) -> bool:
        """Whether the provider may have it without our knowing."""
        return self in (State.INTENDED, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Draft:
    """An order about to be placed. `arguments` hold digests for pictures; `points` is what will be booked."""

    account: str
    task_type: str
    arguments: Mapping[str, Any]
    request_id: str | None
    points: int
    created_at: datetime

    @property
    def content(self) -> str:
        """The same for orders that ask for the same video."""
        canonical = json.dumps([self.task_type, dict(self.arguments)], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Observation:
    """What the provider said of a task, dates by its own clock. `charged` is in points, None while it is open or the
    provider is silent."""

    task_id: str
    status: str
    video_url: str | None = None
    error_message: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    charged: int | None = None
    placed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. Money in points; `booked` is what it holds of the budget. `created_at` is by our clock, `placed_at` by
    the provider's."""

    number: int
    account: str
    state: State
    task_type: str
    content: str
    created_at: datetime
    booked: int
    request_id: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    task_id: str | None = None
    status: str | None = None
    video_url: str | None = None
    error_message: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    charged: int | None = None
    saved_path: str | None = None
    absences: int = 0
    reserved: int = 0
    placed_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Accepted, and not known to have ended."""
        return self.state is State.ACCEPTED and self.status in OPEN


@dataclass(frozen=True, slots=True)
class Intention:
    """A new entry: its order may now be sent, once, by whoever holds this."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Spending:
    """What the window holds, in points; `limit` is None where there is none."""

    booked: int
    limit: int | None
    asked: int = 0
    """What an order that was refused would have booked."""

    @property
    def remaining(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.booked)

    def allows(self, points: int) -> bool:
        """Whether `points` more may be booked."""
        return self.limit is None or self.booked + points <= self.limit


@dataclass(frozen=True, slots=True)
class Copy:
    """A video on this machine's disk."""

    path: str
    bytes: int
    sha256: str
