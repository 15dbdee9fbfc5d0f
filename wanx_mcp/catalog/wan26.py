"""Wan 2.6: every fact about it, in one place. None was tried against the provider; UNCONFIRMED lists the doubtful."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from wanx_mcp.catalog.arguments import NegativePrompt, Prompt, not_blank
from wanx_mcp.catalog.output import Output, Resolution
from wanx_mcp.catalog.prices import PerSecond

MODEL = "Wan"
"""Eight clients write it so; the official CLI writes `wan`."""

SECONDS: tuple[Literal[5, 10, 15], ...] = (5, 10, 15)
RATES = (("720P", Decimal("0.08")), ("1080P", Decimal("0.12")))
"""US dollars per second of video (piapi.ai/wan-2-6), for both task types."""

LONGEST_PROMPT, LONGEST_NEGATIVE = 1_500, 500
"""Characters, by the maker of the model."""

USUAL_SECONDS = 240
"""A first estimate for 5 s of video: the maker and resellers speak of 2 to 6 minutes."""

UNCONFIRMED = (
    'model "Wan": eight clients; the official CLI writes "wan"',
    "duration 5, 10 or 15: two clients citing the docs",
    "resolution in upper case (720P, 1080P): an audited client; two others send 720p",
    "aspect_ratio only from text, 16:9, 9:16, 1:1, 4:3 or 3:4; a picture keeps its own shape: clients",
    "audio: clients; its default is unknown, so it is always sent",
    "multi_shot (shot_type multi with prompt_extend): two clients and the maker",
    f"prompt up to {LONGEST_PROMPT} and negative_prompt up to {LONGEST_NEGATIVE} characters: the maker",
    "refunds of failed tasks: assumed as for WanX",
    "frame rate and exact sizes: not documented",
)

PRICE = PerSecond(RATES, SECONDS)
OUTPUT = Output(
    "Wan 2.6",
    (Resolution("720P", (1280, 720)), Resolution("1080P", (1920, 1080))),
    tuple(float(seconds) for seconds in SECONDS),
    rate=16,
    sound=True,
    unconfirmed=UNCONFIRMED,
)


ShortPrompt = Annotated[Prompt, AfterValidator(not_blank), Field(max_length=LONGEST_PROMPT)]
ShortNegativePrompt = Annotated[NegativePrompt, Field(max_length=LONGEST_NEGATIVE)]
WideAspectRatio = Annotated[Literal["16:9", "9:16", "1:1", "4:3", "3:4"], Field(description="Shape.")]
Duration = Annotated[Literal[5, 10, 15], Field(description="Seconds: 5 (default), 10 or 15.")]
ResolutionName = Annotated[Literal["720P", "1080P"], Field(description=f"Default {RATES[0][0]}.")]
Audio = Annotated[bool, Field(description="Sound and speech; default true.")]
MultiShot = Annotated[bool, Field(description="Several cuts; rewrites the prompt.")]
