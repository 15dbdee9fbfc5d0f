"""The frames of one clip that a film shows, each with its place in the film, and the sound that belongs to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from wanx_mcp.media.decoder.survey import ClipError, Cut, Surveyed
from wanx_mcp.media.decoder.tables import check_size

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.video.frame import VideoFrame

    from wanx_mcp.media.decoder.sound import Sound


@dataclass(frozen=True, slots=True)
class Placed:
    """A frame, and when it begins and ends in the film, in seconds."""

    frame: VideoFrame
    begins: Fraction
    ends: Fraction


class Cutting:
    """Cuts one clip. `begins` is when it starts in the film."""

    def __init__(self, cut: Cut, clip: Surveyed, number: int, begins: Fraction, sound: Sound | None) -> None:
        self._cut, self._clip, self._number = cut, clip, number
        self._begins = begins
        self._sound = sound
        self._waiting: list[AudioFrame] = []
        self._held: tuple[VideoFrame, Fraction] | None = None
        self._shown_from: Fraction | None = None
        self._step = 1 / clip.rate
        self.ends = begins
        self.seen = 0
        """Frames of the clip that were decoded."""

        self.shown = 0

    def run(self, frames: Iterable[Any]) -> Iterator[Placed]:
        """The frames that are shown, in order. Raises ClipError."""
        for frame in frames:
            if hasattr(frame, "samples"):
                self._hear(frame)
                if self._is_over and self._is_heard:
                    return
            elif not self._is_over:
                yield from self._see(frame)
                if self._is_over and self._is_heard:
                    return
        if self.seen < self._clip.frames and not self._is_over:
            lost = self._clip.frames - self.seen
            raise ClipError(self._number, f"{lost} of its {self._clip.frames} frames cannot be decoded")
        if not self._is_over and self._held is not None and not self._cut.shortened:
            yield from self._shown(self._step)

    @property
    def _is_over(self) -> bool:
        """Whether the last frame that the film shows has been passed on."""
        return self._cut.end is not None and self._cut.first + self.shown >= self._cut.end

    @property
    def _is_heard(self) -> bool:
        return self._sound is None or not self._clip.sound or self._sound.reach(self.ends)

    def _see(self, frame: VideoFrame) -> Iterator[Placed]:
        check_size(frame.width, frame.height)
        if frame.is_corrupt:
            raise ClipError(self._number, f"its frame {self.seen + 1} is damaged")
        at = self._moment(frame)
        if self._held is not None:
            if at <= self._held[1]:
                raise ClipError(self._number, f"its frame {self.seen + 1} has no time of its own")
            self._step = at - self._held[1]
            yield from self._shown(self._step)
        self._held = frame, at
        self.seen += 1

    def _shown(self, length: Fraction) -> Iterator[Placed]:
        """The frame that was held back until the time of the next one showed how long it lasts."""
        if self._held is None or self.seen - 1 < self._cut.first or self._is_over:
            return
        frame, at = self._held
        if self._shown_from is None:
            self._shown_from = at
            self._catch_up()
        begins = self._begins + at - self._shown_from
        self.ends = begins + length
        self.shown += 1
        yield Placed(frame, begins, self.ends)
        if self._sound is not None:
            self._sound.reach(self.ends)

    def _moment(self, frame: VideoFrame) -> Fraction:
        if frame.pts is None or not frame.time_base:
            return self.seen / self._clip.rate
        return frame.pts * frame.time_base

    def _hear(self, frame: AudioFrame) -> None:
        if self._sound is None:
            return
        if self._shown_from is None:
            self._waiting.append(frame)
        else:
            self._sound.add(frame, self._shown_from)

    def _catch_up(self) -> None:
        """The sound that came before the first frame that is shown."""
        waiting, self._waiting = self._waiting, []
        for frame in waiting:
            self._hear(frame)
