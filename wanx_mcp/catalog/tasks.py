"""The table of task types: a row for each, with its input, price, output and use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from wanx_mcp.catalog import inputs, wan26
from wanx_mcp.catalog.output import Output, Resolution
from wanx_mcp.catalog.prices import Fixed, PriceRule, Unpublished
from wanx_mcp.catalog.wire import MODEL


@dataclass(frozen=True, slots=True)
class Terms:
    """What one order costs and takes. `kind` is the same for orders that cost and take the same; `price` is US dollars,
    None where unpublished; `usual_seconds` is a first estimate of its duration; `sound`: the clip will have sound."""

    kind: str
    price: Decimal | None
    usual_seconds: float
    sound: bool = False


@dataclass(frozen=True, slots=True)
class TaskType:
    """One kind of order. `usual_seconds`: a first estimate of how long the shortest clip takes; `model`: as the
    provider's request names it."""

    name: str
    input: type[inputs.Input]
    price: PriceRule
    output: Output
    usual_seconds: int
    choose: str
    model: str = MODEL

    @property
    def allowed(self) -> tuple[str, ...]:
        """The arguments this row takes, in order."""
        return tuple(self.input.model_fields)

    @property
    def needed(self) -> tuple[str, ...]:
        """The arguments this row requires."""
        return tuple(name for name, field in self.input.model_fields.items() if field.is_required())

    def terms(self, arguments: Mapping[str, Any]) -> Terms:
        """The terms of an order with these arguments."""
        on = [str(arguments[name]) for name in self.price.depends_on if arguments.get(name) is not None]
        clip = self.output.measures(arguments)
        usual = self.usual_seconds * clip.seconds / self.output.seconds[0]
        return Terms(" ".join([self.name, *on]), self.price.price(arguments), usual, clip.sound)


WAN21 = Output("Wan 2.1", (Resolution("480p", (832, 480)),), (85 / 16,), rate=16, steps=30)
WAN22 = Output(
    "Wan 2.2",
    (Resolution("720p", (1280, 720)),),
    (5.0,),
    rate=16,
    unconfirmed=("720p and 5 s: third parties", "price: two third parties report $0.28"),
)

LIGHT = Fixed(Decimal("0.12"))
FULL = Fixed(Decimal("0.28"))
WAN22_PRICE = Unpublished(reported=Decimal("0.28"))

# Prices and outputs: the provider's create-task page; the wan22 rows: the official CLI's list (price unpublished).
# Durations: one third-party measurement and the official MCP server's time budgets [contract 2.1].
ROWS: tuple[TaskType, ...] = (
    TaskType("txt2video-1.3b", inputs.TextInput, LIGHT, WAN21, 120, "quick, cheap draft from text"),
    TaskType("txt2video-14b", inputs.TextInput, FULL, WAN21, 390, "better video from text"),
    TaskType("txt2video-14b-lora", inputs.TextLoraInput, FULL, WAN21, 390, "text in a LoRA's style"),
    TaskType("img2video-14b", inputs.ImageInput, FULL, WAN21, 390, "animate a picture"),
    TaskType("img2video-14b-lora", inputs.ImageLoraInput, FULL, WAN21, 390, "a LoRA's effect on a picture"),
    TaskType("img2video-14b-keyframe", inputs.KeyframeInput, FULL, WAN21, 390, "morph between two pictures"),
    TaskType("img2video-14b-control-camera", inputs.CameraInput, FULL, WAN21, 390, "move a camera over a picture"),
    TaskType("wan22-txt2video-14b", inputs.TextInput, WAN22_PRICE, WAN22, 390, "from text"),
    TaskType("wan22-img2video-14b", inputs.ImageInput, WAN22_PRICE, WAN22, 390, "from a picture"),
    TaskType(
        "wan26-txt2video",
        inputs.Wan26TextInput,
        wan26.PRICE,
        wan26.OUTPUT,
        wan26.USUAL_SECONDS,
        "from text",
        model=wan26.MODEL,
    ),
    TaskType(
        "wan26-img2video",
        inputs.Wan26ImageInput,
        wan26.PRICE,
        wan26.OUTPUT,
        wan26.USUAL_SECONDS,
        "from a picture, which sets the shape",
        model=wan26.MODEL,
    ),
)
