"""The last check of an order: made once its connection is up, directly before its first byte is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Leave = Callable[[], Awaitable[None]]
"""Called before each attempt of an order is sent. Raises the WanxError that forbids it; nothing is sent then."""

_FIRST_BYTE = "send_request_headers.started"


# connecting --(first byte due)--> ask `leave` --(allowed)--> left
#                                       |
#                                       +------(forbidden)--> stayed
#
# An error before `left` means that nothing was sent. After `left` the outcome is unknown.
class LastCheck:
    """The last check of one attempt of an order. `left`: its first bytes may have been written."""

    def __init__(self, leave: Leave) -> None:
        self._leave = leave
        self._refusal: Exception | None = None
        self.left = False

    @property
    def stayed(self) -> Exception | None:
        """The error that forbade sending the order; None if nothing did, or if bytes had been sent before."""
        return None if self.left else self._refusal

    async def ask(self) -> None:
        """Check that the order may be sent. Raises the error that forbids it."""
        try:
            await self._leave()
        except Exception as error:
            self._refusal = error  # kept, since the HTTP client may swallow or wrap it
            raise

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """httpcore's `trace` extension: this event comes directly before the first write of a request."""
        if event.endswith(_FIRST_BYTE) and not _builds_tunnel(info):
            await self.ask()
            self.left = True


def _builds_tunnel(info: Mapping[str, Any]) -> bool:
    """Whether these are the headers of a proxy's CONNECT, not those of the order."""
    return getattr(info.get("request"), "method", b"") in (b"CONNECT", "CONNECT")
