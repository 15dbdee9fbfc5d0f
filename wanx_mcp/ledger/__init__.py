"""Orders and money: what was intended, accepted, declined or is unknown, durable before anything leaves."""

from wanx_mcp.ledger.entry import (
    OPEN,
    Accepted,
    Answer,
    Copy,
    Draft,
    Elsewhere,
    Entry,
    FirstOfKind,
    Found,
    Intention,
    Observation,
    State,
)
from wanx_mcp.ledger.ledger import Ledger
from wanx_mcp.ledger.lineage import FilmNote, Origin
from wanx_mcp.ledger.sender import Sender
from wanx_mcp.ledger.spending import Figure, Spending, Totals

__all__ = [
    "OPEN",
    "Accepted",
    "Answer",
    "Copy",
    "Draft",
    "Elsewhere",
    "Entry",
    "Figure",
    "FilmNote",
    "FirstOfKind",
    "Found",
    "Intention",
    "Ledger",
    "Observation",
    "Origin",
    "Sender",
    "Spending",
    "State",
    "Totals",
]
