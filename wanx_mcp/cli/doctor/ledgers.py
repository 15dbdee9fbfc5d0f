"""A check for a second ledger: orders in it count in no budget of this installation."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from wanx_mcp.cli.doctor.checks import Check, Finding, Installation, warning
from wanx_mcp.ledger.schema import holds_orders
from wanx_mcp.settings import Settings
from wanx_mcp.settings.state_folders import others, state_folders


def second_ledgers(settings: Settings) -> list[Check]:
    """A row if this user has another ledger with orders, none otherwise."""
    found = [path for path in others(settings.ledger_path, state_folders()) if holds_orders(path)]
    return [Check("second ledger", partial(_second, found))] if found else []


async def _second(found: list[Path], installation: Installation) -> Finding:
    used = installation.settings.ledger_path
    listed = ", ".join(map(str, found))
    several = f"are {len(found)} more ledgers" if len(found) > 1 else "is a second ledger"
    words = (
        f"there {several} with orders: {listed}. This installation uses {used}; each ledger has a budget of its own, "
        "and its orders are not in the other"
    )
    fix = (
        "Find out which hosts use which one: wanx-mcp ledger, with WANX_STATE_DIR set to its folder, shows its orders. "
        "Set WANX_STATE_DIR to the same folder in all hosts; when no order in the other ledger is open, move it away."
    )
    return warning(words, fix, "second_ledger")
