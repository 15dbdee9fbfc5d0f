"""The table of task types: a row for each, with its input, price, output and use."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from wanx_mcp.catalog import inputs


@dataclass(frozen=True, slots=True)
class Output:
    """Size and length of a finished clip. `confirmed` is False if only third parties say so."""

    resolution: str
    length: str
    steps: int | None
    confirmed: bool


@dataclass(frozen=True, slots=True)
class TaskType:
    """One kind of order. `price` is US dollars a video, None where unpublished; `usual_seconds` a first estimate."""

    name: str
    input: type[inputs.Input]
    price: Decimal | None
    output: Output
    usual_seconds: int
    choose: str

    @property
    def allowed(self) -> tuple[str, ...]:
        """The arguments this row takes, in order."""
        return tuple(self.input.model_fields)

    @property
    def needed(self) -> tuple[str, ...]:
        """The arguments this row requires."""
        return tuple(name for name, field in self.input.model_fields.items() if field.is_required())


WAN21 = Output("480p", "85 frames, about 5 s", 30, confirmed=True)
WAN22 = Output("720p", "about 5 s", None, confirmed=False)

LIGHT = Decimal("0.12")
FULL = Decimal("0.28")

# Prices and outputs: the provider's create-task page; the wan22 rows: the official CLI's list (price unpublished).
# Durations: one third-party measurement and the official MCP server's time budgets [contract 2.1].
ROWS: tuple[TaskType, ...] = (
    TaskType("txt2video-1.3b", inputs.TextInput, LIGHT, WAN21, 120, "quick, cheap draft from text"),
    TaskType("txt2video-14b", inputs.TextInput, FULL, WAN21, 390, "best text to video"),
    TaskType("txt2video-14b-lora", inputs.TextLoraInput, FULL, WAN21, 390, "text in a LoRA's style"),
    TaskType("img2video-14b", inputs.ImageInput, FULL, WAN21, 390, "animate a picture"),
    TaskType("img2video-14b-lora", inputs.ImageLoraInput, FULL, WAN21, 390, "a LoRA's effect on a picture"),
    TaskType("img2video-14b-keyframe", inputs.KeyframeInput, FULL, WAN21, 390, "morph between two pictures"),
    TaskType("img2video-14b-control-camera", inputs.CameraInput, FULL, WAN21, 390, "move a camera over a picture"),
    TaskType("wan22-txt2video-14b", inputs.TextInput, None, WAN22, 390, "Wan 2.2, 720p, from text"),
    TaskType("wan22-img2video-14b", inputs.ImageInput, None, WAN22, 390, "Wan 2.2, 720p, from a picture"),
)
