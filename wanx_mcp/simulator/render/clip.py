"""The clip: from a scene to its source, camera, look and marks, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image

from wanx_mcp.simulator.render.camera import STILL, move_of, shot
from wanx_mcp.simulator.render.film import SMALL, develop
from wanx_mcp.simulator.render.grade import Look, look_of, sweep
from wanx_mcp.simulator.render.ground import Source, ground
from wanx_mcp.simulator.render.marks import overlay, progress
from wanx_mcp.simulator.render.morph import morph
from wanx_mcp.simulator.render.picture import canvas_of
from wanx_mcp.simulator.render.scene import FRAMES, Scene, Size

ROOM = 1.25  # a still picture is kept this much larger than the frame, so that a move stays sharp
FALLBACK = Scene("", "simulated clip - install the video extra for one that shows your order", portrait=False)


def render(scene: Scene) -> bytes:
    """The MP4 of a scene."""
    return develop(frames(scene), scene.size)


def render_fallback() -> bytes:
    """The MP4, under 40 kB, that stands in where nothing can be rendered."""
    return develop(frames(FALLBACK), FALLBACK.size, SMALL)


def frames(scene: Scene) -> Iterator[Image.Image]:
    """All frames of a scene, one at a time."""
    finished = finished_of(scene)
    return (finished(number / (FRAMES - 1)) for number in range(FRAMES))


def finished_of(scene: Scene) -> Source:
    """The finished frame at t, from 0 to 1: what the camera sees, graded, with its marks."""
    view, layer = view_of(scene), overlay(scene)
    grades = [look(view(0.0)) for look in looks_of(scene)]

    def at(t: float) -> Image.Image:
        frame = view(t)
        for grade in grades:
            frame = grade(frame, t)
        frame.paste(layer, (0, 0), layer)
        progress(frame, t)
        return frame

    return at


def view_of(scene: Scene) -> Source:
    """What the camera sees at t: the ground of a text, one picture, or the morph from first to last."""
    move = move_of(scene)
    match scene.pictures:
        case ():
            source, canvas = ground(scene.prompt, scene.size), scene.size
        case (picture,):
            canvas = roomy(scene.size)
            source = still(canvas_of(picture, "your picture", canvas))
        case (first, *_, last):
            canvas = scene.size
            source = morph(canvas_of(first, "first picture", canvas), canvas_of(last, "last picture", canvas))
            move = move if scene.motion else STILL
    if move == STILL and canvas == scene.size:
        return source
    camera = shot(scene.size, canvas, move)
    return lambda t: camera.take(source(t), t)


def still(image: Image.Image) -> Source:
    """One picture at every moment."""
    return lambda _: image


def looks_of(scene: Scene) -> list[Look]:
    """What is done to each frame: the LoRA's look, and passing light where a still camera shows a still picture."""
    lora = [look_of(scene.lora)] if scene.lora else []
    unmoved = len(scene.pictures) == 1 and move_of(scene) == STILL
    return [*lora, sweep] if unmoved else lora


def roomy(size: Size) -> Size:
    """The canvas of a still picture: the frame, larger by `ROOM`."""
    return round(size[0] * ROOM), round(size[1] * ROOM)
