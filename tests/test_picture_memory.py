"""What decoding a picture takes, measured in a process of its own: the number that the limits promise, and no more."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests import containers as c
from tests import pictures as p
from wanx_mcp.limits.pictures import PICTURE_MEMORY_BYTES
from wanx_mcp.media.formats import JPEG, PNG, WEBP

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process as Linux tells it")
MB = 1_000_000
MEASURE = """
import sys
from pathlib import Path
from PIL import Image
from wanx_mcp.media.formats import Unfit
from wanx_mcp.media.pictures import checked

def most():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024

Image.init()
content = Path(sys.argv[1]).read_bytes()
before = most()
try:
    said = " ".join(checked(content).notes)
except Unfit as unfit:
    said = str(unfit)
print(most() - before, said)
"""


def measured(path: Path) -> tuple[int, str]:
    """Bytes that checking the picture took beside the file itself, and what came of it."""
    run = subprocess.run([sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True)
    taken, said = run.stdout.split(" ", 1)
    return int(taken), said.strip()


def flat_png(size: tuple[int, int], colours: int, depth: int = 8) -> bytes:
    """A large PNG, made without ever being in memory as a whole."""
    channels = {0: 1, 2: 3, 3: 1, 6: 4}[colours]
    packing, row = zlib.compressobj(1), b"\0" + b"\x70" * (size[0] * channels * depth // 8)
    packed = b"".join([*(packing.compress(row) for _ in range(size[1])), packing.flush()])
    parts = [(b"IHDR", struct.pack(">IIBBBBB", *size, depth, colours, 0, 0, 0))]
    if colours == 3:
        parts += [(b"PLTE", bytes(768)), (b"tRNS", bytes(256))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(p.chunk(*part) for part in [*parts, (b"IDAT", packed), (b"IEND", b"")])


def whole_webp() -> bytes:
    side = int(WEBP.most_pixels**0.5)
    return p.file(Image.new("RGB", (side, side), (200, 60, 30)), "WEBP", quality=50, method=0)


LARGEST: dict[str, tuple[Callable[[], bytes], int]] = {
    "a phone's photo": (lambda: p.file(p.scene((8160, 6144)), "JPEG"), 120 * MB),
    "a phone's photo in progressive form": (lambda: p.file(p.scene((8160, 6144)), "JPEG", progressive=True), 220 * MB),
    "a photo of 200 million pixels": (lambda: p.file(Image.new("L", (16320, 12240), 90), "JPEG"), 120 * MB),
    "the largest PNG with alpha": (lambda: flat_png((8000, 8000), 6), PICTURE_MEMORY_BYTES),
    "the largest PNG with a transparent palette": (lambda: flat_png((8000, 8000), 3), PICTURE_MEMORY_BYTES),
    "the largest PNG of 16 bits": (lambda: flat_png((8000, 8000), 0, 16), PICTURE_MEMORY_BYTES),
    "the largest WebP": (whole_webp, PICTURE_MEMORY_BYTES),
}


@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_pictures_that_are_taken_stay_within_the_memory_that_is_promised(tmp_path: Path, name: str) -> None:
    make, most = LARGEST[name]
    path = tmp_path / "large"
    path.write_bytes(make())
    taken, said = measured(path)
    assert "scaled down from" in said
    assert taken < most, f"{taken / MB:.0f} MB"


BOMBS: dict[str, Callable[[], bytes]] = {
    "a PNG": lambda: flat_png((30_000, 30_000), 0),
    "a PNG just beyond the limit": lambda: flat_png((8001, 8000), 6),
    "a WebP": p.webp_bomb,
    "a JPEG": lambda: c.claiming(p.file(p.scene(), "JPEG"), (65_000, 65_000)),
    "a progressive JPEG": lambda: c.claiming(p.file(p.scene(), "JPEG", progressive=True), (15_000, 15_000)),
    "a JPEG of hundreds of scans": lambda: c.of_many_scans((3000, 2000), 400),
    "an icon": lambda: c.icon(flat_png((9000, 9000), 6)),
    "a TIFF": lambda: c.tiff([c.thumbnail(t256=60_000, t257=60_000)]),
    "a GIF": lambda: b"GIF89a" + struct.pack("<HHBBB", 60_000, 60_000, 0, 0, 0) + p.file(p.scene(), "GIF")[13:],
    "a BMP": lambda: p.file(p.scene(), "BMP")[:18] + struct.pack("<ii", 60_000, 60_000) + bytes(1000),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_no_memory_to_be_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(BOMBS[name]())
    taken, said = measured(path)
    assert "scaled down" not in said
    assert taken < 40 * MB, f"{taken / MB:.0f} MB: {said}"


def test_the_limits_leave_room_for_the_photos_of_phones() -> None:
    for kind in (JPEG, PNG, WEBP):
        assert kind.most_pixels > 8160 * 6144
