"""The address of the provider, and the key for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class Upstream:
    """One provider: its name in the ledger (`origin`), its address, its key.

    `transport` replaces the network. `locate_uploads`: the address of the upload host, None if it is the same host.
    """

    origin: str
    locate: Callable[[], Awaitable[str]]
    key: str = field(repr=False)
    loopback: bool
    transport: httpx.AsyncBaseTransport | None = None
    locate_uploads: Callable[[], Awaitable[str]] | None = None

    @property
    def uploads(self) -> Upstream:
        """The upload host, with the same key."""
        return replace(self, locate=self.locate_uploads or self.locate)
