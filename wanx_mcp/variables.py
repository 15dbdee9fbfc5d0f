"""Reads variables of the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping

_UNFILLED = re.compile(r"\$\{[^}]*\}")


def filled(text: str | None) -> str:
    """`text` trimmed; empty for a template such as `${NAME}` that a host did not fill in."""
    trimmed = (text or "").strip()
    return "" if _UNFILLED.fullmatch(trimmed) else trimmed


def variable(environment: Mapping[str, str], name: str) -> str:
    """The value of a variable, empty where it is not set."""
    return filled(environment.get(name))
