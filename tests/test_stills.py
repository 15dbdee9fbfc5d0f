"""One frame of a clip: the exact one, in its own colours, upright, and never from a black or faded tail."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from tests.counted import Shot, code_of, made, reference
from tests.movies import turned, written
from wanx_mcp.errors import InvalidArguments, PreviewFailed
from wanx_mcp.media.decoder.tails import Light, last_clear
from wanx_mcp.media.stills import Still, take

pytestmark = pytest.mark.anyio


def opened(still: Still) -> Image.Image:
    image = Image.open(io.BytesIO(still.content))
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (still.width, still.height))
    return image


@pytest.mark.parametrize(
    ("moment", "number"),
    [("first", 0), ("last", 23), ("0", 0), ("0.7", 11), ("0.75", 12), ("1.43", 22), ("1.44", 23), ("1.49", 23)],
)
async def test_the_frame_on_the_screen_at_a_moment_is_exact(tmp_path: Path, moment: str, number: int) -> None:
    path = made(tmp_path, Shot(5, frames=24))
    still = await take(path, moment, 60.0)
    assert (still.number, still.frames, still.skipped) == (number, 24, 0)
    assert still.seconds == number / 16
    image = opened(still)
    assert code_of(image) == (5, number)
    assert image.tobytes() == reference(path)[number].to_image().tobytes()


@pytest.mark.parametrize("moment", ["1.5", "99", "1000000000"])
async def test_a_moment_behind_the_end_is_refused(tmp_path: Path, moment: str) -> None:
    path = made(tmp_path, Shot(5, frames=24))
    with pytest.raises(InvalidArguments, match=r"it is 1\.50 s long and has no frame at"):
        await take(path, moment, 60.0)


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(25), Fraction(30), Fraction(24000, 1001)])
async def test_every_moment_that_a_sheet_shows_names_its_own_frame(tmp_path: Path, rate: Fraction) -> None:
    path = made(tmp_path, Shot(1, frames=20, rate=rate))
    for number in range(0, 20, 3):
        still = await take(path, f"{float(number / rate):.2f}", 60.0)
        assert still.number == number


@pytest.mark.parametrize("tags", [None, (1, 1), (5, 1), (6, 1), (1, 2), (6, 2), (9, 1)])
async def test_colours_are_those_of_the_streams_own_tags(tmp_path: Path, tags: tuple[int, int] | None) -> None:
    path = made(tmp_path, Shot(2, frames=3, tags=tags, colour=(200, 30, 60)))
    image = opened(await take(path, "last", 60.0))
    (red, green, blue) = image.getpixel((80, 80))  # type: ignore[misc]
    frame = reference(path)[-1]
    assert image.tobytes() == frame.to_image().tobytes()
    y, cb, cr = (bytes(frame.planes[0])[80 * frame.planes[0].line_size + 80], *(_chroma(frame, n) for n in (1, 2)))
    matrix, scale = {1: (0.2126, 0.0722), 9: (0.2627, 0.0593)}.get(tags[0] if tags else 0, (0.299, 0.114)), tags
    full = bool(scale and scale[1] == 2)
    luma = y / 255 if full else (y - 16) / 219
    chroma = [(c - 128) / (255 if full else 224) for c in (cb, cr)]
    wanted = luma + 2 * (1 - matrix[0]) * chroma[1]
    assert red == pytest.approx(255 * wanted, abs=4)
    assert blue == pytest.approx(255 * (luma + 2 * (1 - matrix[1]) * chroma[0]), abs=4)
    assert red > blue > green


def _chroma(frame: object, plane: int) -> int:
    chosen = frame.planes[plane]  # type: ignore[attr-defined]
    return int(bytes(chosen)[40 * chosen.line_size + 40])


async def test_a_clip_that_is_stored_sideways_gives_an_upright_frame(tmp_path: Path) -> None:
    clip = made(tmp_path, Shot(3, frames=4)).read_bytes()
    path = written(tmp_path, turned(clip, 0, 1, -1, 0))
    image = opened(await take(path, "first", 60.0))
    assert image.size == (96, 160)
    assert code_of(image.transpose(Image.Transpose.ROTATE_90)) == (3, 0)


@pytest.mark.parametrize(
    ("light", "number", "skipped"),
    [
        (lambda n: 0.0 if n >= 20 else 1.0, 19, 4),
        (lambda n: max(0.0, min(1.0, (22 - n) / 8)), 14, 9),
        (lambda n: min(1.0, (26 - n) / 10), 16, 7),
        (lambda _: 0.12, 23, 0),
        (lambda n: 0.5 if n == 23 else 1.0, 23, 0),
        (lambda _: 0.0, 23, 0),
    ],
    ids=["black", "faded to black", "cut while it fades", "dark throughout", "one darker frame", "black throughout"],
)
async def test_a_black_or_faded_tail_is_not_the_last_frame(
    tmp_path: Path, light: object, number: int, skipped: int
) -> None:
    path = made(tmp_path, Shot(9, frames=24, light=light))  # type: ignore[arg-type]
    still = await take(path, "last", 60.0)
    assert (still.number, still.skipped) == (number, skipped)
    assert opened(still).tobytes() == reference(path)[number].to_image().tobytes()


async def test_a_moment_that_is_named_is_taken_even_if_it_is_black(tmp_path: Path) -> None:
    path = made(tmp_path, Shot(9, frames=24, light=lambda n: 0.0 if n >= 20 else 1.0))
    assert (await take(path, "1.45", 60.0)).number == 23


def test_a_fade_to_white_is_a_tail_too_and_motion_is_not() -> None:
    lights = [Light(90, 40, 150)] * 10
    fade = [Light(share * 90 + (1 - share) * 255, share * 40, share * 150) for share in (0.9, 0.7, 0.5, 0.3, 0.1, 0.0)]
    assert last_clear([*lights, *fade]) == 9
    darker = [Light(90 + n, 40 * 0.9**n, 150 * 0.9**n) for n in range(12)]
    assert last_clear([*lights, *darker]) == 21


@pytest.mark.parametrize("bytes_changed", [1, 2, 4, 100])
async def test_a_damaged_clip_gives_no_frame(tmp_path: Path, bytes_changed: int) -> None:
    path = made(tmp_path, Shot(1, frames=24, size=(320, 192)))
    content = bytearray(path.read_bytes())
    start = (content.index(b"mdat") + content.index(b"moov")) // 2
    for at in range(start, start + bytes_changed):
        content[at] ^= 0x5A
    path.write_bytes(content)
    with pytest.raises(PreviewFailed):
        await take(path, "last", 60.0)
