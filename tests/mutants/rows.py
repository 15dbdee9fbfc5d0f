"""Which modules are mutated when none is named on the command line."""

from __future__ import annotations

# A row is a module without its suffix or a whole folder, below wanx_mcp. A row without a file is reported and passed
# over, so that a renamed module costs no more than a changed row.
CORE = (
    "retry",
    "money",
    "studio/account",
    "strict",
    "catalog/order",
    "studio/ordering",
    "ledger/ledger",
    "provider/client",
    "studio/reconciling",
    "provider/answers",
    "provider/wire",
    "ledger/schema",
    "media/places",
    "ledger/book",
    "studio/background",
    "media/addresses",
    "media/download",
    "provider/classify",
)
