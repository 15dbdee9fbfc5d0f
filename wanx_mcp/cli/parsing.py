"""argparse, with refusals that show the usage of the command that was meant, and the word that was meant."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

_CHOICE = re.compile(r"invalid choice: '([^']*)' \(choose from (.*)\)\Z", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """A parser whose branches refuse by themselves: argparse would hand what they do not know to the trunk."""

    # The same signature as argparse has for those who call it: what it returns beside the namespace is always empty.
    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        found, strange = super().parse_known_args(args, namespace)
        if strange:
            known = [name for action in self._actions for name in action.option_strings]
            self.error(f"unrecognized arguments: {' '.join(strange)}{_meant(strange, known)}")
        return found, strange

    def error(self, message: str) -> NoReturn:
        if refused := _CHOICE.search(message):
            choices = re.findall(r"[\w-]+", refused[2])
            message += _meant([refused[1]], choices)
        super().error(message)


def _meant(words: Iterable[str], known: Sequence[str]) -> str:
    """A question after the nearest known word, if any is near."""
    near = [found for word in words for found in get_close_matches(word.partition("=")[0], known, n=1)]
    return f"; did you mean {' '.join(dict.fromkeys(near))}?" if near else ""
