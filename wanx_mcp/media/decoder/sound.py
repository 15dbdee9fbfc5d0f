"""The sound of a film: each clip's own, cut where its pictures are cut, and silence where a clip has none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from wanx_mcp.limits.videos import SOUND_LEAD_SECONDS
from wanx_mcp.media.decoder.survey import Surveyed

if TYPE_CHECKING:
    from av.audio.fifo import AudioFifo
    from av.audio.frame import AudioFrame
    from av.audio.resampler import AudioResampler
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet

BLOCK = 1024
FORMAT = "fltp"
BITS = 192_000


class Sound:
    """Encodes sound up to the moments that the pictures have reached. Times are seconds of the film, exact."""

    def __init__(self, out: OutputContainer, rate: int, channels: int) -> None:
        from av.audio.fifo import AudioFifo

        self._layout = "mono" if channels == 1 else "stereo"
        self._rate = rate
        self._stream: AudioStream = out.add_stream("aac", rate=rate, layout=self._layout)
        self._stream.codec_context.bit_rate = BITS
        self._mux: Callable[[Sequence[Packet[Any]]], None] = out.mux
        self._ready = AudioFifo()
        self._written = 0
        self._sent = 0
        self._clip: AudioFifo | None = None
        self._resampler: AudioResampler | None = None
        self._skip: int | None = None

    def begin(self, has_sound: bool) -> None:
        """A clip begins."""
        from av.audio.fifo import AudioFifo
        from av.audio.resampler import AudioResampler

        self._clip = AudioFifo() if has_sound else None
        self._resampler = AudioResampler(FORMAT, self._layout, self._rate)
        self._skip = None

    def add(self, frame: AudioFrame, shown_from: Fraction) -> None:
        """Sound of the clip, whose first picture that is shown comes at `shown_from` of its own time."""
        assert self._clip is not None and self._resampler is not None  # noqa: PT018, S101  # begun with sound
        if self._skip is None:
            begins = (frame.pts or 0) * (frame.time_base or Fraction(1, frame.sample_rate))
            self._skip = round((shown_from - begins) * self._rate)
            if self._skip < 0:
                self._clip.write(self._silence(min(-self._skip, SOUND_LEAD_SECONDS * self._rate)))
                self._skip = 0
        for made in self._resampler.resample(frame):
            made.pts = None
            self._clip.write(made)
        self._drop()

    def reach(self, moment: Fraction) -> bool:
        """Encode what the clip has up to that time of the film. Returns whether it is all there."""
        if self._clip is None:
            return False
        missing = round(moment * self._rate) - self._written
        count = min(missing, self._clip.samples)
        if count > 0 and not self._skip:
            self._take(self._clip.read(count, partial=True), count)
        return self._clip.samples >= missing - count and count == missing

    def end(self, moment: Fraction) -> None:
        """The clip ends at that time of the film: what it lacks is silent."""
        if self._clip is not None and self._resampler is not None:
            for made in self._resampler.resample(None):
                made.pts = None
                self._clip.write(made)
            self._drop()
        self.reach(moment)
        while (missing := round(moment * self._rate) - self._written) > 0:
            count = min(missing, BLOCK)
            self._take(self._silence(count), count)

    def close(self) -> None:
        """The film ends."""
        self._encode(self._ready.read(0, partial=True))
        self._mux(self._stream.encode(None))

    def _drop(self) -> None:
        """Take off what belongs to pictures that are not shown."""
        if self._skip and self._clip is not None and (count := min(self._skip, self._clip.samples)):
            self._clip.read(count)
            self._skip -= count

    def _take(self, frame: AudioFrame | None, count: int) -> None:
        if frame is None:
            return
        frame.pts = None
        self._ready.write(frame)
        self._written += count
        while (whole := self._ready.read(BLOCK)) is not None:
            self._encode(whole)

    def _encode(self, frame: AudioFrame | None) -> None:
        if frame is None or not frame.samples:
            return
        frame.pts, frame.time_base = self._sent, Fraction(1, self._rate)
        self._sent += frame.samples
        self._mux(self._stream.encode(frame))

    def _silence(self, count: int) -> AudioFrame:
        from av.audio.frame import AudioFrame

        frame = AudioFrame(format=FORMAT, layout=self._layout, samples=count)
        frame.sample_rate = self._rate
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        return frame


def sound_of(out: OutputContainer, clips: Sequence[Surveyed]) -> Sound | None:
    """The sound of a film, as the first clip with sound has it; None where no clip has any."""
    found = next((clip.sound for clip in clips if clip.sound), None)
    return Sound(out, *found) if found else None
