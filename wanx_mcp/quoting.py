"""Text from outside (provider's words, stored prompts), made short and harmless before it is quoted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
MARK = "[hidden]"
_LINK = re.compile(r"(?:[a-z][a-z0-9+.-]*://|data:)\S+", re.IGNORECASE)


def clean(text: str, limit: int = 200) -> str:
    """`text` on one line without control, zero-width, bidirectional and tag characters, at most `limit` characters."""
    spaced = (" " if char.isspace() else char for char in text[: limit * 4])
    seen = "".join(char for char in spaced if not _hidden(char))
    line = " ".join(seen.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def one(words: str) -> str:
    """`words` behind their indefinite article, which goes by the first letter."""
    return f"{'an' if words[:1].lower() in set('aeiou') else 'a'} {words}"


def without_links(text: str) -> str:
    """`text` without addresses and data URIs: they can carry signatures, and pictures that are the caller's."""
    return _LINK.sub("[link]", text)


def without(text: str, secrets: Iterable[str]) -> str:
    """`text` with each of the `secrets` struck out, wherever it stands."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, MARK)
    return text


def _hidden(char: str) -> bool:
    # Variation selectors are marks, not format characters, and can carry a smuggled message.
    point = ord(char)
    selector = 0xFE00 <= point <= 0xFE0F or 0xE0100 <= point <= 0xE01EF
    return selector or unicodedata.category(char) in _HIDDEN
