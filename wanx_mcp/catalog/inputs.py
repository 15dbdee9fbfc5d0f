"""The shapes of input: the arguments that an order requires (those without a default) and allows."""

from __future__ import annotations

from wanx_mcp.catalog import arguments as arg
from wanx_mcp.catalog import wan26
from wanx_mcp.strict import Arguments


class Input(Arguments):
    """What every order has. Some sources call `prompt` optional for some task types; here it is always required."""

    prompt: arg.Prompt
    negative_prompt: arg.NegativePrompt | None = None


class ShapedInput(Input):
    """An order whose video has one of two shapes."""

    aspect_ratio: arg.AspectRatio | None = None


class TextInput(ShapedInput):
    """Text to video."""


class TextLoraInput(ShapedInput):
    """Text to video with a LoRA."""

    lora_type: arg.LoraType
    lora_strength: arg.LoraStrength | None = None


class ImageInput(ShapedInput):
    """A picture set in motion."""

    image: arg.Image


class ImageLoraInput(ShapedInput):
    """A picture set in motion with a LoRA."""

    image: arg.Image
    lora_type: arg.LoraType
    lora_strength: arg.LoraStrength | None = None


class KeyframeInput(ShapedInput):
    """A morph from a first picture to a last one."""

    start_image: arg.StartImage
    end_image: arg.EndImage


class CameraInput(ShapedInput):
    """A picture under a moving camera."""

    image: arg.Image
    motion_type: arg.MotionType
    motion_speed: arg.MotionSpeed | None = None


class Wan26Input(Input):
    """What both Wan 2.6 orders have. Length, resolution and sound are always sent: the price never depends on what the
    provider would assume."""

    prompt: wan26.ShortPrompt
    negative_prompt: wan26.ShortNegativePrompt | None = None
    duration: wan26.Duration = wan26.SECONDS[0]
    resolution: wan26.ResolutionName = "720P"
    audio: wan26.Audio = True
    multi_shot: wan26.MultiShot | None = None


class Wan26TextInput(Wan26Input):
    """Text to video with Wan 2.6."""

    aspect_ratio: wan26.WideAspectRatio | None = None


class Wan26ImageInput(Wan26Input):
    """A picture set in motion with Wan 2.6; it decides the shape of the video."""

    image: arg.Image
