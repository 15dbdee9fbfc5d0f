"""The last check before an order leaves: asked when its connection stands, before its first byte."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Leave = Callable[[], Awaitable[None]]
"""Asked before each attempt of an order leaves. Raises the WanxError that forbids it; nothing is sent then."""

_FIRST_BYTE = "send_request_headers.started"


# connecting --(first byte due)--> ask leave --(allowed)--> left
#                                      |
#                                      +-----(refused)--> stayed
#
# An error while connecting means that nothing was sent; after an error in `left` nobody knows.
class Departure:
    """One attempt of an order. `left`: its first bytes may have been written."""

    def __init__(self, leave: Leave) -> None:
        self._leave = leave
        self._refusal: Exception | None = None
        self.left = False

    @property
    def stayed(self) -> Exception | None:
        """What forbade the order to leave; None if nothing did, or if bytes had left before."""
        return None if self.left else self._refusal

    async def ask(self) -> None:
        """Ask whether the order may leave. Raises what forbids it."""
        try:
            await self._leave()
        except Exception as error:
            self._refusal = error  # kept: what lies between may swallow or wrap it
            raise

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """httpcore's `trace` extension: this event comes directly before the first write of a request."""
        if event.endswith(_FIRST_BYTE) and not _builds_tunnel(info):
            await self.ask()
            self.left = True


def _builds_tunnel(info: Mapping[str, Any]) -> bool:
    """Whether these headers are not the order's but those of a proxy's CONNECT."""
    return getattr(info.get("request"), "method", b"") in (b"CONNECT", "CONNECT")
