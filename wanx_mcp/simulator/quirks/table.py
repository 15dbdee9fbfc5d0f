"""All quirks by name."""

from __future__ import annotations

from collections.abc import Mapping

from wanx_mcp.simulator.quirks import accounts, clocks, denials, echo, history, ids, messages, pages, prices
from wanx_mcp.simulator.quirks.quirk import Lasts, Quirk
from wanx_mcp.simulator.weather import Variant

_VARIANTS = tuple(
    Quirk(
        name=f"variant_{variant}",
        about=f"answers in the variant {variant}",
        lasts=Lasts.TASK,
        variants=frozenset({variant}),
    )
    for variant in Variant
)
_MODULES = (echo, history, clocks, prices, ids, denials, messages, pages, accounts)
QUIRKS: Mapping[str, Quirk] = {
    row.name: row for row in (*(row for module in _MODULES for row in module.QUIRKS), *_VARIANTS)
}


def named(*names: str) -> tuple[Quirk, ...]:
    """The quirks of those names, in that order. Raises KeyError."""
    return tuple(QUIRKS[name] for name in names)
