"""Orders and money: what was intended, accepted, declined or is unknown, durable before anything leaves."""

from wanx_mcp.ledger.entry import OPEN, Copy, Draft, Entry, Intention, Observation, Spending, State
from wanx_mcp.ledger.ledger import Ledger

__all__ = ["OPEN", "Copy", "Draft", "Entry", "Intention", "Ledger", "Observation", "Spending", "State"]
