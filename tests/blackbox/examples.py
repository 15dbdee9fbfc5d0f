"""The eleven orders of the contract: what an agent says, and the body that the provider's page shows for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PICTURE = "https://example.com/in.jpg"
PIXEL = (  # 128 by 72, of one grey
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAIAAAABICAAAAAAb7qLOAAAAPklEQVR42u3OsQAAAAACsOjyRwqjZy"
    "NYehYBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBgXdg+2zYiLeQf3QAAAAASUVORK5CYII="
)


WAN26 = "Wan"


@dataclass(frozen=True)
class Example:
    """One documented order. `price_usd` is None where the provider publishes no price."""

    task_type: str
    arguments: Mapping[str, Any]
    input: Mapping[str, Any]
    price_usd: float | None
    model: str = "Qubico/wanx"

    @property
    def order(self) -> dict[str, Any]:
        return {"task_type": self.task_type, **self.arguments}

    @property
    def wire(self) -> dict[str, Any]:
        return {"model": self.model, "task_type": self.task_type, "input": dict(self.input)}


def _plain(task_type: str, words: Mapping[str, Any], price: float | None) -> Example:
    return Example(task_type, words, words, price)


_BOAT = {
    "prompt": "A paper boat drifts along a rain gutter at dusk",
    "negative_prompt": "blurry, static, subtitles",
    "aspect_ratio": "16:9",
}
_FERRY = {
    "prompt": "A girl leans on a ferry railing, laughing, the wind in her hair",
    "negative_prompt": "overexposure, static, low quality",
    "aspect_ratio": "16:9",
}
_MUG = {"prompt": "A ceramic mug; it inflates like a balloon", "image": "https://example.com/mug.png"}
_LIGHTHOUSE = {"prompt": "A lighthouse on a cliff, waves below", "image": "https://example.com/lighthouse.jpg"}

EXAMPLES = (
    _plain("txt2video-1.3b", _BOAT, 0.12),
    _plain("txt2video-14b", _BOAT, 0.28),
    Example(
        "txt2video-14b-lora",
        {**_FERRY, "lora_type": "ghibli", "lora_strength": 1.0},
        {**_FERRY, "lora_settings": [{"lora_type": "ghibli", "lora_strength": 1.0}]},
        0.28,
    ),
    _plain("img2video-14b", {"prompt": "She turns and smiles", "image": PICTURE, "aspect_ratio": "9:16"}, 0.28),
    Example(
        "img2video-14b-lora",
        {**_MUG, "lora_type": "inflate-effect", "lora_strength": 1.0},
        {**_MUG, "lora_settings": [{"lora_type": "inflate-effect", "lora_strength": 1.0}]},
        0.28,
    ),
    _plain(
        "img2video-14b-keyframe",
        {
            "prompt": "Smooth morph from day to night",
            "start_image": "https://example.com/a.png",
            "end_image": "https://example.com/b.png",
            "aspect_ratio": "16:9",
        },
        0.28,
    ),
    Example(
        "img2video-14b-control-camera",
        {**_LIGHTHOUSE, "motion_type": "zoom_in", "motion_speed": 0.2},
        {**_LIGHTHOUSE, "control_camera_settings": [{"motion_type": "zoom_in", "motion_speed": 0.2}]},
        0.28,
    ),
    _plain("wan22-txt2video-14b", {"prompt": "…", "negative_prompt": "…", "aspect_ratio": "16:9"}, None),
    _plain("wan22-img2video-14b", {"prompt": "…", "image": PICTURE}, None),
    Example(
        "wan26-txt2video",
        {**_BOAT, "aspect_ratio": "4:3", "duration": 15, "resolution": "1080P", "audio": False, "multi_shot": True},
        {
            **_BOAT,
            "aspect_ratio": "4:3",
            "duration": 15,
            "resolution": "1080P",
            "audio": False,
            "shot_type": "multi",
            "prompt_extend": True,
        },
        1.80,
        WAN26,
    ),
    Example(
        "wan26-img2video",
        {"prompt": "She turns and smiles", "image": PICTURE},
        {"prompt": "She turns and smiles", "image": PICTURE, "duration": 5, "resolution": "720P", "audio": True},
        0.40,
        WAN26,
    ),
)

TASK_TYPES = tuple(example.task_type for example in EXAMPLES)
MOTIONS = (
    "static", "zoom_in", "zoom_out", "pan_left", "pan_right", "pan_up", "pan_down",
    "tilt_left", "tilt_right", "tilt_up", "tilt_down", "roll_clockwise", "roll_anticlockwise",
)  # fmt: skip


def example_of(task_type: str) -> Example:
    return next(example for example in EXAMPLES if example.task_type == task_type)
