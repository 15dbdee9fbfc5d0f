"""Frames of one clip brought to the shape of a film: turned, scaled, in its colours, with black beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from wanx_mcp.media.decoder.colours import FULL, matrix_of, range_of
from wanx_mcp.media.decoder.survey import Surveyed
from wanx_mcp.media.turning import Turn

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

ENCODABLE = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "yuv420p10le", "yuv422p10le")
PLAIN = "yuv420p"
# How FFmpeg's filters make each turn.
_FILTERS = {
    Turn.FLIP_LEFT_RIGHT: ("hflip",),
    Turn.FLIP_TOP_BOTTOM: ("vflip",),
    Turn.ROTATE_90: ("transpose=cclock",),
    Turn.ROTATE_180: ("hflip", "vflip"),
    Turn.ROTATE_270: ("transpose=clock",),
    Turn.TRANSPOSE: ("transpose=cclock_flip",),
    Turn.TRANSVERSE: ("transpose=clock_flip",),
}
Fit = Callable[["VideoFrame"], "VideoFrame"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What all frames of a film have in common: size as shown, pixel format, shape of a pixel, matrix and range."""

    width: int
    height: int
    pixels: str
    aspect: Fraction
    matrix: int
    range: int


def shape_of(clip: Surveyed, frame: VideoFrame) -> Shape:
    """The shape of a film that begins with that frame."""
    coding = clip.coding
    width, height, aspect = frame.width, frame.height, coding.aspect
    if coding.turn and coding.turn.sideways:
        width, height, aspect = height, width, 1 / aspect
    pixels = frame.format.name if frame.format.name in ENCODABLE else PLAIN
    # Pictures with colours at half their width and height have even sides.
    return Shape(width - width % 2, height - height % 2, pixels, aspect, matrix_of(frame), range_of(frame))


class Fitting:
    """Fits the frames of one clip. A frame that has the film's shape already is passed on untouched."""

    def __init__(self, clip: Surveyed, shape: Shape) -> None:
        self._clip = clip
        self._shape = shape
        self._turning: Fit | None = None
        self.resized = False
        """Whether any frame had another size."""

    def fit(self, frame: VideoFrame) -> VideoFrame:
        """The frame as the film shows it; its time is not kept."""
        shape = self._shape
        if self._clip.coding.turn is not None:
            frame = self._turned(frame, self._clip.coding.turn)
        width, height = self._room(frame)
        self.resized = self.resized or (frame.width, frame.height) != (shape.width, shape.height)
        same = (frame.format.name, matrix_of(frame), range_of(frame)) == (shape.pixels, shape.matrix, shape.range)
        if not same or (frame.width, frame.height) != (width, height):
            frame = frame.reformat(
                width=width,
                height=height,
                format=shape.pixels,
                src_colorspace=matrix_of(frame),
                dst_colorspace=shape.matrix,
                src_color_range=range_of(frame),
                dst_color_range=shape.range,
                interpolation="BICUBIC",
            )
        return frame if (width, height) == (shape.width, shape.height) else _padded(frame, shape)

    def _room(self, frame: VideoFrame) -> tuple[int, int]:
        """The size at which the frame fits into the film without being stretched."""
        shape, aspect = self._shape, self._clip.coding.aspect
        if self._clip.coding.turn and self._clip.coding.turn.sideways:
            aspect = 1 / aspect
        if (frame.width, frame.height, aspect) == (shape.width, shape.height, shape.aspect):
            return shape.width, shape.height
        wide, high = frame.width * aspect / shape.aspect, Fraction(frame.height)
        scale = min(shape.width / wide, shape.height / high)
        width, height = (max(2, 2 * round(side * scale / 2)) for side in (wide, high))
        return min(width, shape.width), min(height, shape.height)

    def _turned(self, frame: VideoFrame, turn: Turn) -> VideoFrame:
        self._turning = self._turning or _turning(frame, turn)
        return self._turning(frame)


def _turning(frame: VideoFrame, turn: Turn) -> Fit:
    import av

    graph = av.filter.Graph()
    last = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or Fraction(1, 1000)
    )
    for name, _, options in (step.partition("=") for step in _FILTERS[turn]):
        step = graph.add(name, options or None)
        last.link_to(step)
        last = step
    last.link_to(graph.add("buffersink"))
    graph.configure()

    def turned(given: VideoFrame) -> VideoFrame:
        graph.push(given)
        made = graph.pull()
        made.colorspace, made.color_range = given.colorspace, given.color_range  # type: ignore[union-attr]
        return made  # type: ignore[return-value]  # pictures go in, and come out

    return turned


def _padded(frame: VideoFrame, shape: Shape) -> VideoFrame:
    """The frame in the middle of a black one of the film's size."""
    import av

    made = av.VideoFrame(shape.width, shape.height, shape.pixels)
    deep = shape.pixels.endswith("10le")
    dark = 0 if shape.range == FULL else 16
    for number, (source, target) in enumerate(zip(frame.planes, made.planes, strict=True)):
        level = (dark if number == 0 else 128) << (2 if deep else 0)
        size = 2 if deep else 1
        content = bytearray(level.to_bytes(size, "little") * (target.buffer_size // size))
        left, top = (target.width - source.width) // 2 * size, (target.height - source.height) // 2
        rows, length = memoryview(source), source.width * size
        for row in range(source.height):
            at = (top + row) * target.line_size + left
            content[at : at + length] = rows[row * source.line_size : row * source.line_size + length]
        target.update(bytes(content))
    return made
