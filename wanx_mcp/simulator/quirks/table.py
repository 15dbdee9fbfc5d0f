"""All quirks by name."""

from __future__ import annotations

from collections.abc import Mapping

from wanx_mcp.simulator.quirks import accounts, clocks, denials, echo, history, ids, messages, pages, prices
from wanx_mcp.simulator.quirks.quirk import Lasts, Quirk
from wanx_mcp.simulator.weather import Dress

_DRESSES = tuple(
    Quirk(name=f"dress_{dress}", about=f"answers in the dress {dress}", lasts=Lasts.TASK, dresses=frozenset({dress}))
    for dress in Dress
)
_ROOMS = (echo, history, clocks, prices, ids, denials, messages, pages, accounts)
QUIRKS: Mapping[str, Quirk] = {row.name: row for row in (*(row for room in _ROOMS for row in room.QUIRKS), *_DRESSES)}


def named(*names: str) -> tuple[Quirk, ...]:
    """The quirks of those names, in that order. Raises KeyError."""
    return tuple(QUIRKS[name] for name in names)
