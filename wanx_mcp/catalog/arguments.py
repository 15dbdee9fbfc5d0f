"""The arguments of an order: one type each, with its limits and the sentence that an agent reads."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from wanx_mcp.catalog.loras import LORAS, Fits
from wanx_mcp.catalog.pictures import check_picture


def not_blank(text: str) -> str:
    """`text` itself. Raises ValueError if it is blank."""
    if not text.strip():
        raise ValueError("is blank")
    return text


def _lora_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", name):
        raise ValueError("must be a name of lower-case letters, digits and hyphens")
    return name


Prompt = Annotated[
    str,
    AfterValidator(not_blank),
    Field(
        min_length=1,
        max_length=10_000,
        description="What the video shows: subject, motion, camera, light.",
        examples=['"a paper boat drifts along a rain gutter at dusk"'],
    ),
]
NegativePrompt = Annotated[str, Field(max_length=10_000, description="What to avoid.")]
AspectRatio = Annotated[
    Literal["16:9", "9:16"],
    Field(description="Default 16:9. A picture is cropped to it; left out, the nearer is chosen."),
]

_PICTURE = "an https URL or the path of a local picture"
Image = Annotated[
    str,
    AfterValidator(check_picture),
    Field(
        description=(
            "https link, name of a file in the picture folder, or a frame of an own video: task:ID (last), "
            "task:ID@first, task:ID@2.5 (seconds). Chat attachments do not arrive here."
        ),
        examples=[_PICTURE],
    ),
]
StartImage = Annotated[
    str, AfterValidator(check_picture), Field(description="First frame, as image.", examples=[_PICTURE])
]
EndImage = Annotated[
    str, AfterValidator(check_picture), Field(description="Last frame, as image.", examples=[_PICTURE])
]


def _names(kind: str) -> str:
    """The LoRAs that are believed to work for that kind of order; those on -effect together."""
    known = [lora.name for lora in LORAS if not lora.adult and getattr(lora, kind) is not Fits.UNKNOWN]
    effects = [name.removesuffix(_EFFECT) for name in known if name.endswith(_EFFECT)]
    others = ", ".join(name for name in known if not name.endswith(_EFFECT))
    return f"{others}, and with {_EFFECT}: {', '.join(effects)}" if effects else others


_EFFECT = "-effect"
LoraType = Annotated[
    str,
    AfterValidator(_lora_name),
    Field(
        description=f"Text: {_names('text')}. Picture: {_names('picture')}. Others are passed on.",
        examples=['"ghibli"'],
    ),
]
LoraStrength = Annotated[float, Field(ge=0, le=1, description="0 to 1, provider default 1.")]

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
    Field(description="Pan slides the camera, tilt turns it in place. No orbit."),
]
MotionSpeed = Annotated[
    float,
    Field(ge=0, le=10, description="0 to 10: 0.2 gentle (provider default), 1 brisk, 5 or more extreme."),
]
