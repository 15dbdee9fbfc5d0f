"""MP4 files made box by box: small honest ones, and ones that declare what they do not hold."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from PIL import Image

from wanx_mcp.simulator.render import Scene, render_clip

WHOLE = 0x10000
"""One, as the 16.16 numbers of a matrix write it."""


@lru_cache
def rendered(*, portrait: bool = False) -> bytes:
    """A clip of the simulator: 85 frames, 832x480 or 480x832."""
    return render_clip(Scene("", "x", portrait=portrait))


def box(kind: bytes, *content: bytes) -> bytes:
    inner = b"".join(content)
    return struct.pack(">I4s", len(inner) + 8, kind) + inner


def words(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}I", *(number & 0xFFFFFFFF for number in numbers))


def table(kind: bytes, count: int, *numbers: int) -> bytes:
    """A full box of version 0 with a count and what follows it."""
    return box(kind, words(0, count, *numbers))


UPRIGHT = words(WHOLE, 0, 0, 0, WHOLE, 0, 0, 0, 0x40000000)


def track(
    *tables: bytes, kind: bytes = b"vide", size: tuple[int, int] = (64, 48), edits: bytes = b"", copies: int = 1
) -> bytes:
    """`copies` of a track of pictures or sound, with those tables beside its description."""
    header = box(b"tkhd", words(7, 0, 0, 1, 0, 0), bytes(16), UPRIGHT, words(*(side << 16 for side in size)))
    looks = struct.pack(">HH", *size) + words(0x480000, 0x480000, 0, 1 << 16) + bytes(30) + struct.pack(">Hh", 24, -1)
    described = box(b"stsd", words(0, 1), box(b"avc1", bytes(6), struct.pack(">H", 1), bytes(16), looks))
    media = box(
        b"mdia",
        box(b"mdhd", words(0, 0, 0, 16, 80, 0)),
        box(b"hdlr", words(0, 0), kind, bytes(13)),
        box(b"minf", box(b"vmhd", words(1, 0, 0)), box(b"stbl", described, *tables)),
    )
    return box(b"trak", header, edits, media) * copies


def film(*tracks: bytes, seconds: int = 5, behind: bytes = b"", data: bytes = bytes(64)) -> bytes:
    """A file around those tracks; `behind` stands after its index."""
    header = box(b"mvhd", words(0, 0, 0, 16, seconds * 16, WHOLE), bytes(12), UPRIGHT, bytes(28))
    return box(b"ftyp", b"isom", words(512), b"isommp41") + box(b"moov", header, *tracks) + behind + box(b"mdat", data)


def bomb(samples: int = 80_000_000) -> bytes:
    """Pictures of one byte each, by the million, in a file of a few hundred bytes."""
    tables = (
        table(b"stts", 1, samples, 1),
        table(b"stsc", 1, 1, samples, 1),
        box(b"stsz", words(0, 1, samples)),
        table(b"stco", 1, 40),
    )
    return film(track(*tables))


def _wide(*tables: bytes) -> Callable[[], bytes]:
    return lambda: film(track(*tables))


def _edited(count: int, *tables: bytes, declared: int | None = None) -> Callable[[], bytes]:
    edits = table(b"elst", declared or count, *[1, 0, WHOLE] * count)
    return lambda: film(track(*tables, edits=box(b"edts", edits)))


def _fragment(*runs: bytes) -> Callable[[], bytes]:
    return lambda: film(track(), behind=box(b"moof", box(b"traf", box(b"tfhd", words(0, 1)), *runs)))


def _nested(depth: int) -> bytes:
    found = b""
    for _ in range(depth):
        found = box(b"udta", found)
    return found


MANY = 80_000_000
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "samples of one size": (bomb, "declares 80000000 samples of 1 bytes"),
    "sizes without a table": (_wide(box(b"stsz", words(0, 0, 0xFFFFFFF0))), "declares 4294967280 entries"),
    "small sizes": (_wide(box(b"stz2", words(0, 4, MANY))), r"declares 80000000 entries in a table \(stz2\)"),
    "times": (_wide(table(b"stts", 1 << 28, 1, 1)), r"\(stts\)"),
    "a long run of times": (_wide(table(b"stts", 1, MANY, 1)), "declares 80000000 samples, more than"),
    "offsets of times": (_wide(table(b"ctts", MANY)), r"\(ctts\)"),
    "chunks": (_wide(table(b"stsc", MANY)), r"\(stsc\)"),
    "places": (_wide(table(b"stco", MANY)), r"\(stco\)"),
    "far places": (_wide(table(b"co64", MANY)), r"\(co64\)"),
    "keyframes": (_wide(table(b"stss", 0xFFFFFFFF)), r"\(stss\)"),
    "groups": (_wide(box(b"sbgp", words(0, 0, MANY))), r"\(sbgp\)"),
    "descriptions": (_wide(table(b"stsd", 0xFFFFFFFF)), r"\(stsd\)"),
    "edits": (_edited(1, declared=MANY), r"\(elst\)"),
    "many edits": (_edited(1001), "declares 1001 edits of 0 samples"),
    "edits that repeat a long table": (
        _edited(50, box(b"stsz", words(0, 0, 60_000), bytes(240_000))),
        "declares 50 edits of 60000 samples",
    ),
    "a fragment": (_fragment(table(b"trun", MANY)), "declares 80000000 samples, more than"),
    "a fragment with a table": (_fragment(box(b"trun", words(0x300, MANY))), r"\(trun\)"),
    "fragments together": (_fragment(*[table(b"trun", 1_500_000)] * 2), "declares 3000000 samples, more than"),
    "places of fragments": (
        lambda: film(track(), behind=box(b"mfra", box(b"tfra", words(0, 1, 0, 0xFFFFFFFF)))),
        r"\(tfra\)",
    ),
    "a compressed index": (
        lambda: film(box(b"cmov", box(b"dcom", b"zlib"), box(b"cmvd", words(0xFFFFFFF0)))),
        "its index is compressed",
    ),
    "large frames": (lambda: film(track(size=(65_535, 65_535))), r"too large \(65535x65535 pixels\)"),
    "long frames": (lambda: film(track(size=(8200, 16))), r"too large \(8200x16 pixels\)"),
    "many large frames": (
        lambda: film(track(box(b"stsz", words(0, 0, 20_000), bytes(80_000)), size=(4096, 4096))),
        "20000 frames of 4096x4096 pixels are too many",
    ),
    "days": (lambda: film(track(), seconds=100 * 3600), "declares a length of 100 hours"),
    "tracks": (lambda: film(track(copies=33)), "declares more than 32 tracks"),
    "nested boxes": (lambda: film(_nested(20)), "nested too deeply"),
    "boxes beyond number": (lambda: film(box(b"udta", box(b"free") * 100_000)), "more than 100000 boxes"),
}
"""Files of a few kilobytes for which a decoder would take gigabytes or hours, and what is said of each."""


def turned(clip: bytes, a: int, b: int, c: int, d: int, *, of: bytes = b"tkhd") -> bytes:
    """The clip with that matrix in the header of its track or (mvhd) its movie."""
    at = clip.index(of) + 4 + (40 if of == b"tkhd" else 36)
    matrix = struct.pack(
        ">9i", *(number * WHOLE for number in (a, b)), 0, *(number * WHOLE for number in (c, d)), 0, 0, 0, 1 << 30
    )
    return clip[:at] + matrix + clip[at + 36 :]


def written(folder: Path, content: bytes, name: str = "clip.mp4") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def filmed(
    folder: Path, count: int, size: tuple[int, int] = (64, 48), *, codec: str = "libx264", suffix: str = ".mp4"
) -> Path:
    """A clip of so many grey frames at 16 a second, darker to lighter, a keyframe every 250."""
    import av

    path = folder / f"film{suffix}"
    with av.open(str(path), "w") as out:
        options = {"g": "250", "preset": "ultrafast"} if codec == "libx264" else {}
        stream = out.add_stream(codec, rate=16, options=options)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number in range(count):
            grey = 16 + 220 * number // max(1, count - 1)
            image = Image.new("RGB", size, (grey, grey, grey))
            out.mux(stream.encode(av.VideoFrame.from_image(image)))  # type: ignore[no-untyped-call]
        out.mux(stream.encode())
    return path


def sounding(folder: Path, *, cover: bool = False) -> Path:
    """An MP4 with a second of silence, and with a cover picture if asked for, which is no picture of a film."""
    import av

    path = folder / "sound.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=44_100)
        picture = out.add_stream("mjpeg", rate=1) if cover else None
        if picture is not None:
            picture.width, picture.height, picture.pix_fmt = 64, 48, "yuvj420p"
            picture.disposition = av.stream.Disposition.attached_pic.value  # an integer suits every PyAV
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
        frame.sample_rate = 44_100
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        if picture is not None:
            image = av.VideoFrame.from_image(Image.new("RGB", (64, 48)))  # type: ignore[no-untyped-call]
            out.mux(picture.encode(image.reformat(format="yuvj420p")))
            out.mux(picture.encode())
        for _ in range(43):
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path
