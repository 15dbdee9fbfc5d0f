"""The arguments of an order: one type each, with its limits and the sentence that an agent reads."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from wanx_mcp.catalog.pictures import check_picture


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is blank")
    return text


def _lora_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", name):
        raise ValueError("must be a name of lower-case letters, digits and hyphens")
    return name


Prompt = Annotated[
    str,
    AfterValidator(_not_blank),
    Field(
        min_length=1,
        max_length=10_000,
        description="What the video shows: subject, motion, camera, light. Detail helps.",
        examples=['"a paper boat drifts along a rain gutter at dusk"'],
    ),
]
NegativePrompt = Annotated[str, Field(max_length=10_000, description="What to avoid.")]
AspectRatio = Annotated[Literal["16:9", "9:16"], Field(description="Provider default 16:9.")]

_PICTURE = "an https URL or the path of a local picture"
Image = Annotated[
    str,
    AfterValidator(check_picture),
    Field(
        description="https URL, local path, base64, or task:ID (last frame of that video), task:ID@first, task:ID@2.5.",
        examples=[_PICTURE],
    ),
]
StartImage = Annotated[
    str, AfterValidator(check_picture), Field(description="First frame, as image.", examples=[_PICTURE])
]
EndImage = Annotated[
    str, AfterValidator(check_picture), Field(description="Last frame, as image.", examples=[_PICTURE])
]

LoraType = Annotated[
    str,
    AfterValidator(_lora_name),
    Field(
        description="LoRA name, e.g. ghibli (style), inflate-effect (picture).",
        examples=['"ghibli"'],
    ),
]
LoraStrength = Annotated[float, Field(ge=0, le=1, description="Provider default 1.")]

# `static` stands on the provider's page; the others are third-party notes (closed list all the same).
MotionType = Annotated[
    Literal[
        "static",
        "zoom_in",
        "zoom_out",
        "pan_left",
        "pan_right",
        "pan_up",
        "pan_down",
        "tilt_left",
        "tilt_right",
        "tilt_up",
        "tilt_down",
        "roll_clockwise",
        "roll_anticlockwise",
    ],
    Field(description="Camera motion."),
]
MotionSpeed = Annotated[float, Field(ge=0, le=10, description="Provider default 0.2.")]
