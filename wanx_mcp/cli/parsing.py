"""argparse with better errors: the usage of the subcommand, and a suggestion for a mistyped word."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

_CHOICE = re.compile(r"invalid choice: '([^']*)' \(choose from (.*)\)\Z", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """A parser whose subparsers report unknown arguments themselves; argparse leaves that to the main parser."""

    # The signature is that of argparse; the second value returned is always empty.
    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            known = [name for action in self._actions for name in action.option_strings]
            self.error(f"unrecognized arguments: {' '.join(unknown)}{_suggestion(unknown, known)}")
        return found, unknown

    def error(self, message: str) -> NoReturn:
        if refused := _CHOICE.search(message):
            choices = re.findall(r"[\w-]+", refused[2])
            message += _suggestion([refused[1]], choices)
        super().error(message)


def _suggestion(words: Iterable[str], known: Sequence[str]) -> str:
    """A question with the nearest known words, empty if none is near."""
    near = [found for word in words for found in get_close_matches(word.partition("=")[0], known, n=1)]
    return f"; did you mean {' '.join(dict.fromkeys(near))}?" if near else ""
