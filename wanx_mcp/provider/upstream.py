"""The other end of the wire: where the provider is, and how to get in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class Upstream:
    """The other end: its name for the ledger, where it is, how to get in. `transport` replaces the network.

    `locate_uploads` is where files go; None: the same place."""

    origin: str
    locate: Callable[[], Awaitable[str]]
    key: str = field(repr=False)
    loopback: bool
    transport: httpx.AsyncBaseTransport | None = None
    locate_uploads: Callable[[], Awaitable[str]] | None = None

    @property
    def uploads(self) -> Upstream:
        """The host that takes files: the same key, another door."""
        return replace(self, locate=self.locate_uploads or self.locate)
