"""The place of each argument in the provider's `input` object; the one file for names on which sources disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MODEL = "Qubico/wanx"
"""The enum of the provider's page; its heading prints Qubico/Wanx [contract 9, no. 15]."""


@dataclass(frozen=True, slots=True)
class Place:
    """A key of `input`, or of the one object in the array `within`. With `word`: the argument is a switch, which is
    this word under the key, and sent only when it is on, together with the keys of `also`."""

    key: str
    within: str | None = None
    word: str | None = None
    also: tuple[tuple[str, Any], ...] = ()


# Keyframe names: register no. 5; camera object: no. 6; LoRA array: no. 17 [contract 9].
PLACES: Mapping[str, Place] = {
    "prompt": Place("prompt"),
    "negative_prompt": Place("negative_prompt"),
    "aspect_ratio": Place("aspect_ratio"),
    "image": Place("image"),
    "start_image": Place("start_image"),
    "end_image": Place("end_image"),
    "lora_type": Place("lora_type", within="lora_settings"),
    "lora_strength": Place("lora_strength", within="lora_settings"),
    "motion_type": Place("motion_type", within="control_camera_settings"),
    "motion_speed": Place("motion_speed", within="control_camera_settings"),
    "duration": Place("duration"),
    "resolution": Place("resolution"),
    "audio": Place("audio"),
    # Several cuts need a prompt that the provider extends [wan26: shot_type].
    "multi_shot": Place("shot_type", word="multi", also=(("prompt_extend", True),)),
}

RIVALS: tuple[Mapping[str, str], ...] = (
    {"start_image": "first_frame", "end_image": "last_frame"},
    {"start_image": "image"},
    {"motion_type": "type", "motion_speed": "config"},
)
"""Other keys that sources give for the same arguments, one set each (same register)."""

CONTAINERS: Mapping[str, tuple[str, ...]] = {
    place.within: tuple(name for name, other in PLACES.items() if other.within == place.within)
    for place in PLACES.values()
    if place.within is not None
}
"""The provider's arrays of one object, and the arguments that go into each."""


def to_wire(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """`arguments` as the provider's `input`, without defaults."""
    wire: dict[str, Any] = {}
    for name, value in arguments.items():
        place = PLACES[name]
        if place.word is not None:
            wire |= {place.key: place.word, **dict(place.also)} if value else {}
        elif place.within is None:
            wire[place.key] = value
        else:
            wire.setdefault(place.within, [{}])[0][place.key] = value
    return wire


def from_wire(wire: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments in a provider's `input`; unknown keys are left out."""
    found: dict[str, Any] = {}
    for name, place in PLACES.items():
        holder: Any = wire
        if place.within is not None:
            entries = wire.get(place.within)
            holder = entries[0] if isinstance(entries, list) and entries else None
        if isinstance(holder, Mapping) and place.key in holder:
            value = holder[place.key]
            found[name] = value if place.word is None else value == place.word
    return found
