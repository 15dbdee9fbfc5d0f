"""Renders a scene: what the camera sees, the marks over it, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from math import pi, sin

from PIL import Image

from wanx_mcp.simulator.render.camera import STILL, move_of, shot
from wanx_mcp.simulator.render.continuing import frame_given, going_on
from wanx_mcp.simulator.render.film import encode
from wanx_mcp.simulator.render.ground import FrameAt, ground
from wanx_mcp.simulator.render.marks import overlay, progress
from wanx_mcp.simulator.render.morph import morph
from wanx_mcp.simulator.render.picture import canvas_of
from wanx_mcp.simulator.render.scene import FrameSize, Scene

OVERSIZE = 1.25  # the canvas of a still picture is this much larger than the frame, so that a move stays sharp


def render(scene: Scene) -> bytes:
    """The MP4 of a scene."""
    return encode(frames(scene), scene.shown, rate=scene.rate, count=scene.frames, sound=scene.sound)


def frames(scene: Scene) -> Iterator[Image.Image]:
    """All frames of a scene, one at a time."""
    frame_at = finished_of(scene)
    return (frame_at(number / (scene.frames - 1)) for number in range(scene.frames))


def finished_of(scene: Scene) -> FrameAt:
    """The finished frame at t, from 0 to 1: what the camera sees, with the marks of the order."""
    if len(scene.pictures) == 1 and scene.motion is None and (given := frame_given(scene.pictures[0], scene.size)):
        return going_on(given, scene.prompt, overlay(scene))
    view, layer = view_of(scene), overlay(scene)
    # Frames of other clips stay as they are at both ends, so that a bridge meets its neighbours.
    bare_ends = len(scene.pictures) > 1 and all(frame_given(one, scene.size) for one in scene.pictures)
    # Nothing else moves where a still camera shows a still picture.
    light = light_band(scene.size) if len(scene.pictures) == 1 and move_of(scene) == STILL else None

    def at(t: float) -> Image.Image:
        frame = view(t)
        if bare_ends and t in (0.0, 1.0):
            return frame
        if light:
            frame.paste((255, 250, 235), (round(frame.width * (1.5 * t - 0.5)), 0), light)
        frame.paste(layer, (0, 0), layer)
        progress(frame, t)
        return frame

    return at


def view_of(scene: Scene) -> FrameAt:
    """What the camera sees at t: the landscape of a text, one picture, or the morph from the first to the last."""
    move = move_of(scene)
    match scene.pictures:
        case ():
            source, canvas = ground(scene.prompt, scene.size), scene.size
        case (picture,):
            canvas = oversize(scene.size)
            source = still(canvas_of(picture, "your picture", canvas))
        case (first, *_, last):
            canvas = scene.size
            source = morph(canvas_of(first, "first picture", canvas), canvas_of(last, "last picture", canvas))
            move = move if scene.motion else STILL
    if move == STILL and canvas == scene.size:
        return source
    camera = shot(scene.size, canvas, move)
    return lambda t: camera.take(source(t), t)


def still(image: Image.Image) -> FrameAt:
    """The same picture at every moment."""
    return lambda _: image


def light_band(size: FrameSize) -> Image.Image:
    """The mask of a band of light, half as wide as the frame."""
    width, height = size
    ramp = Image.linear_gradient("L").rotate(90).point([round(70 * sin(pi * n / 255) ** 2) for n in range(256)])
    return ramp.resize((width // 2, height))


def oversize(size: FrameSize) -> FrameSize:
    """The canvas of a still picture."""
    return round(size[0] * OVERSIZE), round(size[1] * OVERSIZE)
