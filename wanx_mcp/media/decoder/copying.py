"""A film whose pictures are copied as they are coded, bit for bit. Its sound is encoded: each clip's has a lead-in."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from wanx_mcp.media.decoder.film import Film, Kept
from wanx_mcp.media.decoder.sound import sound_of
from wanx_mcp.media.decoder.survey import clip_opened

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.stream import VideoStream


class Copied(Film):
    """Nothing is dropped, and all pictures are coded alike."""

    def add(self, number: int) -> Kept:
        clip, begins, shown = self._clips[number], self.end, 0
        tick = clip.coding.time_base
        with clip_opened(self._cuts[number], number) as (film, stream, _turn):
            self._prepare(stream)
            if self.sound is not None:
                self.sound.begin(clip.sound is not None)
            voice: Any = film.streams.audio[:1] if clip.sound and self.sound else ()
            for packet in film.demux(stream, *voice):
                if packet.stream is not stream:
                    self._hear(packet)
                elif packet.size:
                    ends = begins + ((packet.pts or 0) + (packet.duration or 0)) * tick
                    self.end = max(self.end, ends)
                    self._copy(packet, round(begins / tick))
                    shown += 1
        if self.sound is not None:
            self.sound.end(self.end)
        return Kept(shown, shown, resized=False, begins=float(begins))

    def _prepare(self, stream: VideoStream) -> None:
        """Both streams have to be there before the first packet is written."""
        if self._stream is None:
            self._stream = self._out.add_stream_from_template(stream)
            self._stream.time_base = stream.time_base
            self.sound = sound_of(self._out, self._clips)
            self.width, self.height = stream.codec_context.width, stream.codec_context.height

    def _hear(self, packet: Packet[Any]) -> None:
        if self.sound is not None:
            frames: Any = packet.decode()
            for frame in frames:
                self.sound.add(frame, Fraction(0))

    def _copy(self, packet: Packet[Any], later: int) -> None:
        packet.pts, packet.dts = (packet.pts or 0) + later, (packet.dts or 0) + later
        packet.stream = self._stream
        self._out.mux(packet)
        self._count()
        if self.sound is not None:
            self.sound.reach(self.end)
