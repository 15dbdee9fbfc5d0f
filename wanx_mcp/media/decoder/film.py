"""A film on its way out: what is known of it while clip after clip is added."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from wanx_mcp.media.decoder.outlet import Outlet
from wanx_mcp.media.decoder.survey import Cut, Surveyed

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

    from wanx_mcp.media.decoder.sound import Sound

REPORT_FRAMES = 16


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of one clip: how many frames it has and how many the film shows, whether they were resized, and when
    it begins in the film, in seconds."""

    frames: int
    shown: int
    resized: bool
    begins: float


class Film(ABC):
    """What encoded and copied films have in common."""

    def __init__(self, out: OutputContainer, outlet: Outlet, cuts: Sequence[Cut], clips: Sequence[Surveyed]) -> None:
        self._out, self._outlet = out, outlet
        self._cuts, self._clips = cuts, clips
        self._stream: VideoStream | None = None
        self._done = 0
        self.sound: Sound | None = None
        self.end = Fraction(0)
        """Seconds of film so far."""

        self.width = self.height = 0

    @abstractmethod
    def add(self, number: int) -> Kept:
        """The next clip. Raises ClipError."""

    def close(self) -> None:
        """Nothing follows."""
        if self.sound is not None:
            self.sound.close()

    def _count(self) -> None:
        self._done += 1
        if self._done % REPORT_FRAMES == 0:
            self._outlet.progress(self._done)
