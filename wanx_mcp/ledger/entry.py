"""An order as the ledger keeps it, and what is written into it: the intention, its outcome, what the provider said."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from wanx_mcp.ledger.sameness import normal
from wanx_mcp.ledger.spending import Spending

if TYPE_CHECKING:
    from wanx_mcp.ledger.lineage import Origin

OPEN = ("pending", "processing")
"""The states of a task that has not ended."""


class State(StrEnum):
    """What is known of an order.

    intended --accepted--> ACCEPTED        the provider answered with a task id, or its history showed the task
       |  \\--refused----> DECLINED        it certainly was not taken: nothing booked, its request_id is free
       \\----no answer---> UNKNOWN --found--> ACCEPTED
                              \\--proved absent--> RELEASED --appears after all--> ACCEPTED
    """

    INTENDED = "intended"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    RELEASED = "released"

    @property
    def doubtful(self) -> bool:
        """Whether the provider may have it without our knowing."""
        return self in (State.INTENDED, State.UNKNOWN)


class Found(StrEnum):
    """How an order came by its task id. The provider's own answer outweighs the other two."""

    ANSWER = "answer"
    HISTORY = "history"
    HAND = "hand"


@dataclass(frozen=True, slots=True)
class Draft:
    """An order about to be placed. Money in points.

    `account` is the hash of the key, `kind` what its price depends on. `arguments` hold digests in place of pictures.
    `created_at` is this machine's time; `ordered_at` the provider's, which differs by `skew` milliseconds, give or
    take `skew_error` (both None while the provider's clock is unknown). `sender` names the process that will send it.
    `waited`: the order has waited long enough for the first answer of its kind. `save_to` is the folder into which its
    video is to be saved without being asked for, None if it is not; `save_as` the name that the caller chose for it.
    `origins` are the pictures that are frames of videos.
    """

    account: str
    task_type: str
    arguments: Mapping[str, Any]
    request_id: str | None
    price: int
    created_at: datetime
    kind: str = ""
    origin: str = ""
    ordered_at: datetime | None = None
    skew: int | None = None
    skew_error: int | None = None
    sender: str | None = None
    waited: bool = False
    save_to: str | None = None
    save_as: str | None = None
    origins: tuple[Origin, ...] = ()
    least: int | None = None
    """The smallest charge of a completed task that is believed; None: half of the price."""

    @property
    def content(self) -> str:
        """The same for orders that ask for the same video."""
        plain = {name: normal(value) for name, value in self.arguments.items()}
        canonical = json.dumps([self.task_type, plain], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def moment(self) -> datetime:
        """The provider's time as far as it is known."""
        return self.ordered_at or self.created_at


@dataclass(frozen=True, slots=True)
class Observation:
    """What the provider said of a task, dates by its own clock. Money in points.

    `charged` is what an ended task cost, None while that is not certain; `shown` the larger of the frozen and the
    consumed figure, None where neither was given. `asked_at` is the provider's time of the answer; `by_get` whether a
    GET of this very task said it.
    """

    task_id: str
    status: str
    video_url: str | None = None
    error_message: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    charged: int | None = None
    shown: int | None = None
    placed_at: datetime | None = None
    asked_at: datetime | None = None
    by_get: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. Money in points; `booked` is what it holds of the budget, `reserved` what it held at first, `price` its
    published or assumed price, `least` the smallest charge that is believed, `figure` the last amount that the provider
    showed for it.

    `follower` is the process that follows the order while its lease lasts. `save_to` stays until the video is in that
    folder; `landing` is the file that is about to be put there.

    This machine's time: `created_at`, `lease_ends_at`, `save_again_at` and `absent_noted_at` (of the reading at
    `absent_at`). All other times are the provider's: `ordered_at` the moment of the intention, `sent_at` when the last
    attempt was about to leave, `placed_at` the provider's own date of the task, `seen_at` when a GET last showed it,
    `looked_at` when it was last searched for, `absent_at` and `canary_at` the first reading of the history that proves
    its absence and the task of ours that this reading showed.
    """

    number: int
    account: str
    owner: str
    state: State
    task_type: str
    content: str
    created_at: datetime
    booked: int
    kind: str = ""
    origin: str | None = None
    ordered_at: datetime | None = None
    sent_at: datetime | None = None
    skew: int | None = None
    skew_error: int | None = None
    sender: str | None = None
    request_id: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    delivered: Mapping[str, str] = field(default_factory=dict)
    task_id: str | None = None
    found: Found | None = None
    status: str | None = None
    video_url: str | None = None
    error_message: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    placed_at: datetime | None = None
    seen_at: datetime | None = None
    charged: int | None = None
    price: int = 0
    least: int = 0
    reserved: int = 0
    figure: int | None = None
    figure_at: datetime | None = None
    saved_path: str | None = None
    looked_at: datetime | None = None
    look: str | None = None
    absent_at: datetime | None = None
    absent_noted_at: datetime | None = None
    canary_at: datetime | None = None
    released_at: datetime | None = None
    denied_at: datetime | None = None
    gone_at: datetime | None = None
    same_as: int | None = None
    """The number of the order whose task the provider gave to this one as well: it is a repeat of that one."""
    follower: str | None = None
    lease_ends_at: datetime | None = None
    save_to: str | None = None
    save_as: str | None = None
    save_failures: int = 0
    save_problem: str | None = None
    save_again_at: datetime | None = None
    landing: Copy | None = None

    @property
    def open(self) -> bool:
        """Accepted, and not known to have ended."""
        return self.state is State.ACCEPTED and self.status in OPEN and self.gone_at is None

    @property
    def can_be_settled(self) -> bool:
        """Whether a person may settle it by hand: it is in doubt, was released, or was settled by hand and never seen
        since."""
        by_hand = self.found is Found.HAND and self.seen_at is None
        return self.state.doubtful or self.state is State.RELEASED or by_hand

    @property
    def moment(self) -> datetime:
        """When it was ordered, in the provider's time as far as that was known."""
        return self.ordered_at or self.created_at

    @property
    def error(self) -> timedelta | None:
        """How far `ordered_at` may be off; None where the provider's clock was unknown."""
        return None if self.skew_error is None else timedelta(milliseconds=self.skew_error)


@dataclass(frozen=True, slots=True)
class Intention:
    """A new entry: its order may now be sent, once, by whoever holds this.

    `beside` is an identical order of more than a day ago whose outcome is still unknown.
    """

    entry: Entry
    beside: Entry | None = None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An identical order that was placed with another key of the same provider, perhaps of the same account."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class FirstOfKind:
    """The first order of its kind is on its way: its answer will tell what such an order costs."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Accepted:
    """An order that was accepted. `other` is the order that already owns the task: the provider gave it to both."""

    entry: Entry
    other: Entry | None = None


Answer = Intention | Entry | Elsewhere | FirstOfKind | Spending
"""What the ledger answers to the wish to place an order."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A video on this machine's disk."""

    path: str
    bytes: int
    sha256: str
    automatic: bool = False
    """Nobody asked for it: the server saved it by itself."""

    moving_to: str | None = None
    """The path that it is being renamed to; where `path` is gone, it is there already."""
