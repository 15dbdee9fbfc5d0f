"""Orders without their pictures: what the ledger keeps of an order, and what is compared with the provider's echo."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from wanx_mcp.catalog.pictures import PICTURES

DEFAULTS: Mapping[str, tuple[Any, ...]] = {
    "negative_prompt": ("",),
    "aspect_ratio": ("", "16:9"),
    "lora_strength": (0, 1),
    "motion_speed": (0, 0.2),
    "motion_type": ("", "static"),
}
"""What the provider may add to the echo of an order that did not say it [contract 5.7: normalised]."""


def without_pictures(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """`arguments` with each picture replaced by a digest that tells links and inline pictures apart."""
    return {name: digest(value) if name in PICTURES else value for name, value in arguments.items()}


def digest(picture: str) -> str:
    """A picture's address or bytes, so that neither is kept."""
    content = picture.encode("utf-8", "surrogatepass")
    return f"link:{hashlib.sha256(content).hexdigest()}" if picture[:6].lower() == "https:" else inline_digest(content)


def inline_digest(content: bytes) -> str:
    """The bytes of a picture that is sent inside an order or uploaded for it: the same wherever they lie."""
    return f"inline:{hashlib.sha256(content).hexdigest()}"


def may_be_same(kept: Mapping[str, Any], echo: Mapping[str, Any]) -> bool:
    """Whether the `echo` leaves it open that this is the order that was `kept`: its prompt is missing or equal."""
    return echo.get("prompt") is None or _equal(kept.get("prompt"), echo["prompt"])


def same_order(kept: Mapping[str, Any], echo: Mapping[str, Any]) -> bool:
    """Whether the provider's `echo` (arguments read from a task's input) can be the order that was `kept`.

    The prompt must be there and equal. Anything else may be missing from the echo, or be a default in it.
    """
    if not _equal(kept.get("prompt"), echo.get("prompt")):
        return False
    return all(_fits(name, kept.get(name), value) for name, value in echo.items() if value is not None)


def _fits(name: str, kept: Any, echoed: Any) -> bool:
    if name in PICTURES:
        # An uploaded or inline picture comes back as an address of the provider's own, never a link under another.
        return kept is not None and (not str(kept).startswith("link:") or kept == digest(str(echoed)))
    if kept is None:
        return any(_equal(default, echoed) for default in DEFAULTS.get(name, ()))
    return _equal(kept, echoed)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.split() == other.split()
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) < 1e-9
    return bool(one == other)
