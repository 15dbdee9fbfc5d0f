"""Film: frames in, the bytes of an H.264 MP4 out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from io import BytesIO

from PIL import Image

from wanx_mcp.simulator.render.scene import RATE, Size

# One thread: a worker costs one core. No B-frames: with them x264's macroblock tree gives other bytes in every run.
# The cap holds even noise to about 700 kB.
CLIP = {"preset": "veryfast", "crf": "24", "bf": "0", "maxrate": "1000k", "bufsize": "1000k"}
SMALL = {"preset": "veryslow", "crf": "38", "g": "85"}
# The index goes to the front, into room kept for it, so that a browser plays the clip before all of it has come.
FRONT = {"moov_size": "6000"}


def develop(frames: Iterable[Image.Image], size: Size, quality: Mapping[str, str] = CLIP) -> bytes:
    """The MP4 (yuv420p, 16 fps) of RGB frames of the given size. Raises ImportError without PyAV."""
    import av

    reel = BytesIO()
    with av.open(reel, "w", format="mp4", options=FRONT) as container:
        stream = container.add_stream("libx264", rate=RATE, options={"g": "48", **quality})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for number, image in enumerate(frames):
            frame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]  # PyAV leaves this one bare
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return reel.getvalue()
