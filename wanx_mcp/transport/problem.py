"""What is wrong with a connection, in words that the provider's errors, downloads and the doctor share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """`what` happened; the `fix`, in words that follow "ask the user to"; the `cause`, one word for programs."""

    what: str
    fix: str
    cause: str

    @property
    def advice(self) -> str:
        """The fix for an agent."""
        return f"ask the user to {self.fix}"


class SettingError(Exception):
    """No client can be made with the settings of proxy and certificates; nothing was sent."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.what)
        self.problem = problem
