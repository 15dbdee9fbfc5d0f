"""A check is a row: a name, a function, and the checks that must pass before it. `run_checks` runs them in order."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from wanx_mcp.clock import Clock
from wanx_mcp.errors import WanxError
from wanx_mcp.provider.account_info import AccountInfo
from wanx_mcp.settings import Settings
from wanx_mcp.studio.account import Account
from wanx_mcp.transport.problem import Problem


class Result(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    SKIPPED = "skipped"

    @property
    def passed(self) -> bool:
        """Whether checks that need this one can run."""
        return self in (Result.OK, Result.WARNING)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found and how to fix it. `cause` is one word for programs."""

    result: Result
    found: str
    fix: str = ""
    cause: str = ""


@dataclass
class Installation:
    """What the checks examine. `wallet` and `refusal` are set by one check for those after it."""

    settings: Settings
    environment: Mapping[str, str]
    clock: Clock
    account: Account
    wallet: AccountInfo | None = None
    refusal: WanxError | None = None
    """Why the provider refused to show the account, although it answered."""


@dataclass(frozen=True, slots=True)
class Check:
    """One row. It is skipped unless all checks in `needs` passed."""

    name: str
    run: Callable[[Installation], Awaitable[Finding]]
    needs: tuple[str, ...] = ()


async def run_checks(installation: Installation, checks: Sequence[Check]) -> AsyncIterator[tuple[str, Finding]]:
    """Run the checks in order. Yields the name and the finding of each."""
    blocked_by: dict[str, str] = {}
    for check in checks:
        blocker = next((blocked_by[name] for name in check.needs if name in blocked_by), None)
        if blocker is None:
            finding = await _finding(check, installation)
        else:
            finding = Finding(Result.SKIPPED, f"not checked; fix this first: {blocker}")
        if not finding.result.passed:
            blocked_by[check.name] = blocker or check.name
        yield check.name, finding


async def _finding(check: Check, installation: Installation) -> Finding:
    try:
        return await check.run(installation)
    except Exception as error:  # a check that fails is a finding, and the others still run
        fix = "Please report this, with the version shown above."
        return wrong(f"This check itself failed: {type(error).__name__}.", fix, "failed_check")


def ok(found: str) -> Finding:
    return Finding(Result.OK, found)


def warning(found: str, fix: str, cause: str = "") -> Finding:
    return Finding(Result.WARNING, sentence(found), sentence(fix), cause)


def wrong(found: str, fix: str, cause: str) -> Finding:
    return Finding(Result.WRONG, sentence(found), sentence(fix), cause)


def from_error(error: WanxError, cause: str) -> Finding:
    """An error of the server as a finding, with advice for the person who reads this."""
    return wrong(error.what, to_person(error.next), cause)


def from_problem(problem: Problem) -> Finding:
    """A problem of the connection as a finding."""
    return wrong(problem.what, to_person(problem.fix), problem.cause)


def to_person(advice: str) -> str:
    """Advice for an agent ("ask the user to ..."), reworded for the user."""
    words = advice.removeprefix("ask the user to ").replace("make the same call again", "try again")
    return re.sub(r"\b(and|or) to (?=[a-z])", r"\1 ", words)


def sentence(words: str) -> str:
    """`words` with a capital and a full stop, unless they start with an address or a path, or end with a command."""
    first = words.partition(" ")[0]
    head = words[:1] if first.startswith("wanx") or set("/:\\") & set(first) else words[:1].upper()
    return head + words[1:] + ("" if words.endswith((".", "'", '"')) else ".")
