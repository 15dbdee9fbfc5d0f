"""Whether an MP4's index is what it says: tables that fit into their boxes, and nothing beyond what a decoder can bear.

A decoder reserves memory for what a table declares: 80 million samples of one size take 20 bytes of a file."""

from __future__ import annotations

import struct
import sys
from array import array
from dataclasses import dataclass, field
from typing import BinaryIO

from wanx_mcp.limits.videos import (
    FRAME_PIXELS,
    INDEX_BYTES,
    MOST_EDITS,
    MOST_SAMPLES,
    MOST_TRACKS,
    MOVIE_HOURS,
    MOVIE_PIXELS,
    SIDE_PIXELS,
)
from wanx_mcp.media.boxes import Box, Boxes, BrokenError
from wanx_mcp.media.movie import Movie, movie_in

CONTAINERS = frozenset(b"moov trak mdia minf stbl dinf edts udta mvex moof traf mfra tref gmhd sinf schi".split())


class UnfitError(Exception):
    """The clip is not decoded; the words say why, and can follow "the saved video cannot be shown: "."""

    kind = "unfit"
    """What the decoder's process answers."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a known kind: the offset of its count, and the bytes of one entry, in boxes of version 0 and 1."""

    at: int
    entry: int
    entry_1: int | None = None
    at_1: int | None = None


TABLES = {
    b"stts": Table(4, 8),
    b"ctts": Table(4, 8),
    b"stsc": Table(4, 12),
    b"stco": Table(4, 4),
    b"co64": Table(4, 8),
    b"stss": Table(4, 4),
    b"stps": Table(4, 4),
    b"stsd": Table(4, 16),
    b"dref": Table(4, 12),
    b"elst": Table(4, 12, 20),
    b"sbgp": Table(8, 8, at_1=12),
    b"tfra": Table(12, 11, 19),
}


@dataclass(slots=True)
class _Track:
    """What was counted in one track."""

    samples: int = 0
    timed: int = 0
    edits: int = 0
    pictures: bool = False
    sizes: list[tuple[int, int]] = field(default_factory=list)


def check(file: BinaryIO) -> Movie:
    """The facts of the MP4 that is open as `file`, if it may be decoded. Raises UnfitError, OSError."""
    try:
        movie = movie_in(file)
        if movie.seconds is not None and movie.seconds > MOVIE_HOURS * 3600:
            raise UnfitError(f"it declares a length of {movie.seconds / 3600:.0f} hours")
        _Check(file).run()
    except BrokenError as error:
        raise UnfitError(str(error)) from error
    except (struct.error, OverflowError) as error:
        raise UnfitError("its index is broken") from error
    return movie


class _Check:
    def __init__(self, file: BinaryIO) -> None:
        self._boxes = Boxes(file)
        self._tracks: list[_Track] = []
        self._samples = 0
        self._fragments = 0

    def run(self) -> None:
        for box in self._boxes.top():
            if box.kind in CONTAINERS:
                if box.size > INDEX_BYTES:
                    raise UnfitError(f"its index is larger than {INDEX_BYTES // 1_000_000} MB")
                self._walk(box, _Track(), 0)
        for track in self._tracks:
            self._judge(track)

    def _walk(self, outer: Box, track: _Track, depth: int) -> None:
        if depth > 10:
            raise UnfitError("its boxes are nested too deeply")
        for box in self._boxes.inside(outer):
            inner = track
            if box.kind == b"trak":
                inner = _Track()
                self._tracks.append(inner)
                if len(self._tracks) > MOST_TRACKS:
                    raise UnfitError(f"it declares more than {MOST_TRACKS} tracks")
            if box.kind in CONTAINERS:
                self._walk(box, inner, depth + 1)
            else:
                self._look(box, track)

    def _look(self, box: Box, track: _Track) -> None:
        match box.kind:
            case b"cmov":
                raise UnfitError("its index is compressed")
            case b"stsz" | b"stz2":
                track.samples = max(track.samples, self._sizes(box))
            case b"trun":
                self._run(box)
            case b"hdlr":
                track.pictures = track.pictures or self._boxes.content(box, 12)[8:12] == b"vide"
            case kind if kind in TABLES:
                self._table(box, TABLES[kind], track)

    def _table(self, box: Box, table: Table, track: _Track) -> None:
        head = self._boxes.content(box, 20)
        later = head[:1] != b"\0"
        at = table.at_1 if later and table.at_1 is not None else table.at
        entry = table.entry_1 if later and table.entry_1 is not None else table.entry
        (count,) = struct.unpack_from(">I", head, at)
        _fits(box, count, count * entry, box.size - at - 4)
        match box.kind:
            case b"stsd":
                track.sizes += self._frame_sizes(box)
            case b"elst":
                track.edits += count
            case b"stts" | b"ctts":
                track.timed = max(track.timed, sum(self._numbers(box, at + 4, count * 2)[::2]))

    def _sizes(self, box: Box) -> int:
        """How many samples a table of sizes declares."""
        size, count = (int(number) for number in struct.unpack(">II", self._boxes.content(box, 12)[4:12]))
        if box.kind == b"stz2":
            bits, size = size & 0xFF, 0
        else:
            bits = 0 if size else 32
        _fits(box, count, count * bits // 8, box.size - 12)
        if size:
            if size * count > self._boxes.length:
                raise UnfitError(f"it declares {count} samples of {size} bytes, more than the whole file holds")
        else:
            self._count(count)
        return count

    def _run(self, box: Box) -> None:
        """The samples of one fragment, which need no byte each if all are alike."""
        flags, count = struct.unpack(">II", self._boxes.content(box, 8))
        head = 8 + 4 * (flags & 0x1).bit_count() + 4 * (flags & 0x4).bit_count()
        _fits(box, count, count * 4 * (flags & 0xF00).bit_count(), box.size - head)
        self._fragments += count
        self._count(count)

    def _count(self, samples: int) -> None:
        self._samples += samples
        _few(self._samples)

    def _frame_sizes(self, box: Box) -> list[tuple[int, int]]:
        """Width and height of each description, if it is one of pictures."""
        found = (self._boxes.content(entry, 28)[24:28] for entry in self._boxes.inside(box, 8))
        return [struct.unpack(">HH", size) for size in found if len(size) == 4]

    def _numbers(self, box: Box, at: int, count: int) -> array[int]:
        numbers = array("I")
        numbers.frombytes(self._boxes.content(box, at + 4 * count)[at:])
        if sys.byteorder == "little":
            numbers.byteswap()
        return numbers

    def _judge(self, track: _Track) -> None:
        if track.timed > track.samples:  # sound may have a sample for each of its values: see `_sizes`
            _few(track.timed)
        if track.edits > MOST_EDITS or (track.edits - 1) * track.samples > MOST_SAMPLES:
            raise UnfitError(f"it declares {track.edits} edits of {track.samples} samples")
        if not track.pictures:
            return
        for width, height in track.sizes:
            check_size(width, height)
            frames = max(track.samples, self._fragments)
            if width * height * frames > MOVIE_PIXELS:
                raise UnfitError(f"{frames} frames of {width}x{height} pixels are too many")


def check_size(width: int, height: int) -> None:
    """Raises UnfitError for frames that are too large to be decoded here."""
    if max(width, height) > SIDE_PIXELS or width * height > FRAME_PIXELS:
        raise UnfitError(f"its frames are too large ({width}x{height} pixels)")


def _fits(box: Box, count: int, needed: int, room: int) -> None:
    if needed > room:
        name = box.kind.decode("ascii", "replace")
        raise UnfitError(f"its index declares {count} entries in a table ({name}) with room for fewer")


def _few(samples: int) -> None:
    if samples > MOST_SAMPLES:
        raise UnfitError(f"it declares {samples} samples, more than {MOST_SAMPLES}")
