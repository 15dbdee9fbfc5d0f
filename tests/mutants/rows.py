"""Which modules are mutated when none is named on the command line."""

from __future__ import annotations

# A row is a module without its suffix or a whole folder, below wanx_mcp.
CORE = (
    "retry",
    "money",
    "strict",
    "catalog/order",
    "ledger",
    "provider/answers",
    "provider/classify",
    "provider/client",
    "provider/last_check",
    "provider/outcome",
    "provider/wire",
    "studio/access",
    "studio/account",
    "studio/background",
    "studio/bookings",
    "studio/orders/matching",
    "studio/orders/nearness",
    "studio/orders/objections",
    "studio/orders/outcomes",
    "studio/orders/placing",
    "studio/orders/proof",
    "studio/orders/reconciling",
    "addresses",
    "media/link_check",
    "media/download",
    "media/opening",
    "media/places",
)
