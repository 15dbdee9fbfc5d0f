"""Colours of a decoded frame as its stream tags them; BT.601 with limited range where there are no tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

LIMITED, FULL = 1, 2
"""FFmpeg's AVCOL_RANGE_MPEG and AVCOL_RANGE_JPEG."""

BT601 = 5
# From the matrix of a stream (H.273: 1 is BT.709, 9 and 10 are BT.2020) to swscale's own numbers.
_MATRICES = {1: 1, 4: 4, 7: 7, 9: 9, 10: 9}


def matrix_of(frame: VideoFrame) -> int:
    """The matrix, as swscale numbers it. 5 stands for both kinds of BT.601."""
    return _MATRICES.get(int(frame.colorspace), BT601)


def range_of(frame: VideoFrame) -> int:
    """LIMITED or FULL."""
    full = int(frame.color_range) == FULL or frame.format.name.startswith("yuvj")
    return FULL if full else LIMITED


def as_rgb(frame: VideoFrame, width: int | None = None, height: int | None = None) -> VideoFrame:
    """The frame as 8-bit RGB, scaled if a size is given."""
    # The ranges are always said: older versions of PyAV go by the matrix alone otherwise.
    return frame.reformat(
        width=width,
        height=height,
        format="rgb24",
        src_colorspace=matrix_of(frame),
        dst_colorspace=matrix_of(frame),
        src_color_range=range_of(frame),
        dst_color_range=FULL,
    )


def rgb_bytes(frame: VideoFrame) -> bytes:
    """The pixels of an RGB frame, each row without what the decoder pads it with."""
    plane, row = frame.planes[0], frame.width * 3
    padded = memoryview(plane)
    if plane.line_size == row:
        return bytes(padded[: row * frame.height])
    return b"".join(padded[start : start + row] for start in range(0, plane.line_size * frame.height, plane.line_size))
