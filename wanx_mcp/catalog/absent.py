"""What no task type offers, or only some do: names that other video tools have, and what to say of them."""

from __future__ import annotations

from collections.abc import Mapping

_SAMPLING = "the provider chooses the sampling, and no task type takes a setting of it"
_RATE = "the frame rate is fixed"
_ONE = "one order makes one video; order again with another request_id for each further one"

ABSENT: Mapping[str, str] = {
    "seed": "no task type takes a seed: the same order twice gives two different videos",
    **dict.fromkeys(("steps", "num_inference_steps", "cfg", "cfg_scale", "guidance_scale", "sampler"), _SAMPLING),
    **dict.fromkeys(("fps", "frame_rate"), _RATE),
    **dict.fromkeys(("n", "num_videos", "batch_size", "count"), _ONE),
}
"""Arguments that no task type takes, each with the reason."""

ALIASES: Mapping[str, str] = {
    **dict.fromkeys(("seconds", "length", "video_length", "duration_seconds", "num_frames"), "duration"),
    **dict.fromkeys(("size", "width", "height", "quality", "video_resolution", "resolution_name"), "resolution"),
    **dict.fromkeys(("sound", "audio_url", "music", "voice", "generate_audio", "with_audio"), "audio"),
}
"""Other names for the arguments that choose length, size and sound. They are never read as those: only explained."""

CHOICES: Mapping[str, str] = {"duration": "length", "resolution": "size", "audio": "sound"}
"""The arguments that choose what a clip is, in words."""


def choice_of(name: str) -> str | None:
    """The argument for length, size or sound that `name` is, or is another name of."""
    plain = name.casefold()
    return plain if plain in CHOICES else ALIASES.get(plain)
