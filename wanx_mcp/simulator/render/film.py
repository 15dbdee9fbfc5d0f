"""Encodes frames as an H.264 MP4, with a tone that follows them if there is to be sound."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from wanx_mcp.simulator.render.scene import FRAMES, RATE, FrameSize
from wanx_mcp.simulator.render.tone import SAMPLES, Tone

if TYPE_CHECKING:
    from av import AudioStream, VideoStream
    from av.container import OutputContainer

# One thread: a worker costs one core. No B-frames: with them x264's macroblock tree gives other bytes in every run.
# The rate limit holds even noise to about 700 kB.
QUALITY = {"preset": "veryfast", "crf": "24", "g": "48", "bf": "0", "maxrate": "1000k", "bufsize": "1000k"}
LARGE = {**QUALITY, "preset": "ultrafast", "crf": "27", "maxrate": "2500k", "bufsize": "2500k"}
"""Of frames that are scaled up: speed before size."""


def encode(
    frames: Iterable[Image.Image], size: FrameSize, *, rate: int = RATE, count: int = FRAMES, sound: bool = False
) -> bytes:
    """The MP4 (yuv420p) of `count` RGB frames, scaled to `size`. One frame at a time is in memory.

    Raises ImportError if PyAV cannot be loaded.
    """
    import av

    file = BytesIO()
    with av.open(file, "w", format="mp4", options=_front(count)) as container:
        video = _video(container, size, rate)
        audio = container.add_stream("aac", rate=SAMPLES, layout="mono") if sound else None
        tone = Tone(rate)
        for number, image in enumerate(frames):
            frame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]  # PyAV leaves this one bare
            if (image.width, image.height) != size:
                frame = frame.reformat(*size, format="yuv420p", interpolation="FAST_BILINEAR")
            frame.pts = number
            container.mux(video.encode(frame))
            if audio is not None:
                _sing(container, audio, tone, image)
        container.mux(video.encode())
        if audio is not None:
            container.mux(audio.encode())
    return file.getvalue()


def _front(count: int) -> dict[str, str]:
    """The index goes to the front, into space reserved for it, so that a browser can play the clip while it loads."""
    return {"moov_size": str(6000 + 120 * max(0, count - FRAMES))}


def _video(container: OutputContainer, size: FrameSize, rate: int) -> VideoStream:
    large = size[0] * size[1] > 832 * 480
    stream = container.add_stream("libx264", rate=rate, options=LARGE if large else QUALITY)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.codec_context.thread_count = 1
    return stream


def _sing(container: OutputContainer, stream: AudioStream, tone: Tone, image: Image.Image) -> None:
    """Add the sound of one frame."""
    import av

    for samples, start in tone.of(image):
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(samples) // 2)
        frame.planes[0].update(samples)
        frame.sample_rate, frame.pts = SAMPLES, start
        container.mux(stream.encode(frame))
