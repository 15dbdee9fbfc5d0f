"""Makes a film of several clips. Runs in the decoder's process only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wanx_mcp.media.decoder.copying import Copied
from wanx_mcp.media.decoder.encoding import Encoded
from wanx_mcp.media.decoder.film import Film, Kept
from wanx_mcp.media.decoder.outlet import Outlet
from wanx_mcp.media.decoder.survey import Cut, can_be_copied, survey


@dataclass(frozen=True, slots=True)
class Made:
    """A film: what became of each clip, seconds, size in pixels, whether it has sound, and whether its pictures are
    copies."""

    clips: tuple[Kept, ...]
    seconds: float
    width: int
    height: int
    has_sound: bool
    copied: bool


def make(cuts: Sequence[Cut], outlet: Outlet) -> Made:
    """The film of those clips, written to `outlet`. Raises ClipError, MemoryError and ImportError."""
    import av

    clips = survey(cuts)
    copied = can_be_copied(cuts, clips)
    with av.open(outlet, "w", format="mp4") as out:
        film: Film = (Copied if copied else Encoded)(out, outlet, cuts, clips)
        kept = tuple(film.add(number) for number in range(len(cuts)))
        film.close()
    return Made(kept, float(film.end), film.width, film.height, film.sound is not None, copied)
