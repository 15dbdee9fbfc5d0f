"""Accounts of the simulated provider: the account of a key, its ids, and the account information [contract 7.2]."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from wanx_mcp.money import to_usd
from wanx_mcp.simulator.quirks.quirk import Json


def owner_of(key: str, accounts: Mapping[str, str]) -> str:
    """The account of `key`, as a digest: the one in `accounts`, or one of its own. No key is stored."""
    return _digest(accounts.get(key, key))


def key_number(key: str) -> int:
    """The id of a key in rows of the history."""
    return _number(_digest(f"key {key}"))


def account_number(owner: str) -> int:
    """The id of an account, the same for all its keys."""
    return _number(owner)


def account_json(owner: str, plan: str, *, free: int, frozen: int, used: int) -> Json:
    """`data` of the account's answer. Points: 10,000,000 = 1 USD."""
    return {
        "id": str(account_number(owner)),
        "name": "simulated account",
        "plan": plan,
        "is_enable": True,
        "max_concurrent_task_count": 30,
        "equivalent_in_usd": float(to_usd(free)),
        "wallet": {"point_remain": free, "point_frozen": frozen, "point_used": used},
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _number(digest: str) -> int:
    return int(digest[:7], 16) + 1
