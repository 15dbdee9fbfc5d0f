"""A film whose pictures are decoded and encoded once, one frame in memory at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wanx_mcp.limits.videos import MOST_DECODER_THREADS
from wanx_mcp.media.decoder.cutting import Cutting, Placed
from wanx_mcp.media.decoder.film import Film, Kept
from wanx_mcp.media.decoder.fitting import Fitting, Shape, shape_of
from wanx_mcp.media.decoder.outlet import Outlet
from wanx_mcp.media.decoder.sound import sound_of
from wanx_mcp.media.decoder.survey import ClipError, Cut, Surveyed, clip_opened, time_base

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.frame import VideoFrame

# Visually lossless. No look-ahead and no B-frames: each frame that x264 holds back takes memory, and the last per cent
# of compression is not worth that.
QUALITY = {"preset": "veryfast", "crf": "14", "bf": "0", "rc-lookahead": "0", "x264-params": "mbtree=0"}
NO_TYPE, INTRA = 0, 1
"""FFmpeg's AV_PICTURE_TYPE_NONE and _I. The first frame of each clip is a keyframe, all others are the encoder's."""


class Encoded(Film):
    """All pictures decoded, and encoded once."""

    def __init__(self, out: OutputContainer, outlet: Outlet, cuts: Sequence[Cut], clips: Sequence[Surveyed]) -> None:
        super().__init__(out, outlet, cuts, clips)
        self._tick = time_base(clips)
        self._shape: Shape | None = None
        self._last = -1

    def add(self, number: int) -> Kept:
        clip = self._clips[number]
        self._prepare()
        if self.sound is not None:
            self.sound.begin(clip.sound is not None)
        cutting = Cutting(self._cuts[number], clip, number, self.end, self.sound)
        fitting: Fitting | None = None
        with clip_opened(self._cuts[number], number) as (film, stream, _turn):
            stream.codec_context.thread_count = 1  # the encoder has the processors; each thread here holds frames
            voice = film.streams.audio[:1] if clip.sound and self.sound else ()
            for placed in cutting.run(film.decode(stream, *voice)):
                fitting = fitting or Fitting(clip, self._shaped(clip, placed.frame))
                self._encode(placed, fitting.fit(placed.frame), first=cutting.shown == 1)
        if fitting is None:
            raise ClipError(number, f"it has {cutting.seen} frames, too few for what the film shows of it")
        if self.sound is not None:
            self.sound.end(cutting.ends)
        begins, self.end = self.end, cutting.ends
        return Kept(cutting.seen, cutting.shown, fitting.resized, float(begins))

    def close(self) -> None:
        if self._stream is not None:
            self._out.mux(self._stream.encode(None))
        super().close()

    def _prepare(self) -> None:
        """Both streams have to be there before the first packet is written."""
        if self._stream is None:
            self._stream = self._out.add_stream("libx264", rate=self._clips[0].rate, options=QUALITY)
            self._stream.codec_context.thread_count = MOST_DECODER_THREADS
            self.sound = sound_of(self._out, self._clips)

    def _shaped(self, clip: Surveyed, frame: VideoFrame) -> Shape:
        """The shape of the film. Its first frame decides."""
        if self._shape is None and self._stream is not None:
            self._shape = shape = shape_of(clip, frame)
            context = self._stream.codec_context
            self._stream.width, self._stream.height, self._stream.pix_fmt = shape.width, shape.height, shape.pixels
            self._stream.time_base = context.time_base = self._tick
            context.colorspace, context.color_range = frame.colorspace, frame.color_range
            context.color_primaries, context.color_trc = clip.coding.colours[2:]
            if shape.aspect != 1:
                context.sample_aspect_ratio = shape.aspect
            self.width, self.height = shape.width, shape.height
        if self._shape is None:
            raise LookupError("the film has no stream")
        return self._shape

    def _encode(self, placed: Placed, frame: VideoFrame, *, first: bool) -> None:
        if self._stream is None:
            raise LookupError("the film has no stream")
        begins, ends = (round(moment / self._tick) for moment in (placed.begins, placed.ends))
        self._last = max(self._last + 1, begins)  # only rounding can make two frames meet
        frame.pts, frame.time_base, frame.pict_type = self._last, self._tick, INTRA if first else NO_TYPE
        if hasattr(frame, "duration"):
            frame.duration = max(1, ends - begins)
        self._out.mux(self._stream.encode(frame))
        self._count()
