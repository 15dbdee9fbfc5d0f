"""Parses the account in an answer, and lists the fields of any answer; tolerant of odd shapes [contract 7.2]."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, TypeGuard

from wanx_mcp.limits.provider import (
    ACCOUNT_ID_CHARACTERS,
    FIELD_NAME_CHARACTERS,
    MOST_ACCOUNT_FIELDS,
    MOST_ACCOUNT_LEVELS,
)
from wanx_mcp.money import to_usd

_ACCOUNT_FIELDS = frozenset({"plan", "wallet", "equivalent_in_usd", "account_id", "remaining_credits"})
_QUOTED_FIELDS = frozenset({"status", "model", "task_type", "plan", "type"})
"""Fields whose values are the provider's words, not the user's data."""


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """Plan, balance and limits of the account; None where the provider does not say."""

    plan: str | None = None
    usd: Decimal | None = None
    most_tasks: int | None = None
    enabled: bool = True


def read_account_info(body: Any) -> AccountInfo | None:
    """The account in an answer, None if the answer has no known field."""
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, dict) or not _ACCOUNT_FIELDS & data.keys():
        return None
    plan, most = data.get("plan"), data.get("max_concurrent_task_count")
    return AccountInfo(
        plan=plan.strip()[:FIELD_NAME_CHARACTERS] or None if isinstance(plan, str) else None,
        usd=_balance(data),
        most_tasks=most if isinstance(most, int) and not isinstance(most, bool) else None,
        enabled=data.get("is_enable") is not False,
    )


@dataclass(frozen=True, slots=True)
class AccountIdentity:
    """The account that a key belongs to: the provider's id of it, None if its answer has none."""

    account_id: str | None


def read_identity(body: Any) -> AccountIdentity:
    """The account's id in an answer of any shape: `id`, else `account_id` [contract 7.2]."""
    outer = body if isinstance(body, dict) else {}
    data = outer.get("data")
    inner = data if isinstance(data, dict) else outer
    ids = (_id(inner.get(name)) for name in ("id", "account_id"))
    return AccountIdentity(next((found for found in ids if found), None))


def _id(value: Any) -> str | None:
    """An id as text; None for zeros (the server's default for "none") and for one that is too long."""
    # A long id is not cut: cut short, it could equal another account's.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip()
    return text if text.strip("0-") and len(text) <= ACCOUNT_ID_CHARACTERS else None


def _balance(data: dict[str, Any]) -> Decimal | None:
    usd, wallet = data.get("equivalent_in_usd"), data.get("wallet")
    if _is_number(usd):
        return Decimal(str(usd)).quantize(Decimal("0.01"))
    points = wallet.get("point_remain") if isinstance(wallet, dict) else None
    return to_usd(int(points)) if _is_number(points) else None


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**15


def shape(body: Any, quote: Callable[[str], str]) -> list[str]:
    """`body` as lines `path: type`, without its values, except for _QUOTED_FIELDS."""
    lines = []
    for path, value in islice(_leaves(body, "", 0), MOST_ACCOUNT_FIELDS):
        name = path.rpartition(".")[2]
        said = f' "{quote(value)}"' if name in _QUOTED_FIELDS and isinstance(value, str) else ""
        lines.append(f"{quote(path)}: {_kind(value)}{said}")
    return lines


def _leaves(value: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth < MOST_ACCOUNT_LEVELS and isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name[:FIELD_NAME_CHARACTERS]}".lstrip("."), depth + 1)
    elif depth < MOST_ACCOUNT_LEVELS and isinstance(value, list) and value:
        yield from _leaves(value[0], f"{path}[]", depth + 1)
    else:
        yield path, value


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list():
            return "list"
        case _:
            return "object"
