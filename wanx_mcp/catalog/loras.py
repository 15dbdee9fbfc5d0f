"""Known LoRAs, what each does, and which task types take it. Unknown names are allowed, adult ones are not."""

from __future__ import annotations

import difflib
import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class Fits(StrEnum):
    """Whether a LoRA works with one kind of order."""

    YES = "yes"
    LIKELY = "likely"
    UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class Lora:
    """One LoRA. `text` and `picture`: does it work with that kind of order?"""

    name: str
    effect: str
    text: Fits = Fits.UNKNOWN
    picture: Fits = Fits.UNKNOWN
    adult: bool = False


# ghibli: the provider's example; the names: lvalics/n8n-nodes-piapi; the pairing is mostly inference [contract 3].
LORAS: tuple[Lora, ...] = (
    Lora("ghibli", "Ghibli-like animation style", text=Fits.YES),
    Lora("flat-color", "flat colours, no line art, little depth", text=Fits.LIKELY),
    Lora("pixel-art", "pixel-art animation", text=Fits.LIKELY),
    Lora("live-wallpaper", "live-wallpaper style", picture=Fits.LIKELY),
    Lora("singularunity-motioncraft", "fluid panning shots, turning subjects", text=Fits.LIKELY),
    Lora("rotation-effect", "the subject turns 360 degrees", picture=Fits.LIKELY),
    Lora("squish-effect", "the subject is squished", picture=Fits.LIKELY),
    Lora("cakeify-effect", "the subject is cut like a cake", picture=Fits.LIKELY),
    Lora("super-saiyan-effect", "Super Saiyan transformation", picture=Fits.LIKELY),
    Lora("inflate-effect", "the subject inflates", picture=Fits.YES),
    Lora("deflate-effect", "the subject deflates", picture=Fits.LIKELY),
    Lora("crush-effect", "the subject is crushed", picture=Fits.LIKELY),
    Lora("particalize-effect", "the subject dissolves into particles", picture=Fits.LIKELY),
    Lora("passionate-kissing", "two people kiss", adult=True),
)

_ADULT_NAMES = frozenset(lora.name for lora in LORAS if lora.adult)
_ADULT_PREFIX = "nsfw"
LONGEST_NAME = 200
"""Characters of a name that are compared with the adult ones."""


def is_adult(name: str) -> bool:
    """Whether `name` is marked adult, however it is spelt (letter case, underscores, spaces, compatibility forms)."""
    # Cut, since normalising a long run of combining marks takes quadratic time; longer names are refused anyway.
    plain = unicodedata.normalize("NFKC", name[:LONGEST_NAME]).casefold()
    plain = "-".join("".join(char if char.isalnum() else " " for char in plain).split())
    return plain.startswith(_ADULT_PREFIX) or plain in _ADULT_NAMES


def shown_loras(*, adult: bool) -> tuple[Lora, ...]:
    """The known LoRAs, the adult ones only if `adult`."""
    return tuple(lora for lora in LORAS if adult or not lora.adult)


def lora_doubt(name: str | None) -> str | None:
    """A note about an unknown name that looks like a typo, else None. It is no refusal: the list is incomplete."""
    known = [lora.name for lora in shown_loras(adult=False)]
    if name is None or name in known or is_adult(name) or not (near := difflib.get_close_matches(name, known, n=1)):
        return None
    return f'lora_type is not a known name; did you mean "{near[0]}"?'
