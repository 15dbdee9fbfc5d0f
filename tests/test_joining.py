"""Joining clips: every frame counted, each at its own time, sound and silence where they belong."""

from __future__ import annotations

import os
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.counted import Shot, codes, expected, made, moments, reference
from wanx_mcp.errors import JoinFailed
from wanx_mcp.media.joining import ClipUnfitError, Cut, Film, FilmMeter, join
from wanx_mcp.media.shelf import Part

pytestmark = pytest.mark.anyio


async def joined(folder: Path, *cuts: Cut) -> tuple[Path, Film]:
    part = Part(folder)
    try:
        film = await join(cuts, part, FilmMeter(), within=300.0)
        return part.publish("film", ".mp4"), film
    finally:
        part.discard()


def packets(path: Path) -> list[bytes]:
    import av

    with av.open(str(path)) as film:
        return [bytes(packet) for packet in film.demux(video=0) if packet.size]


async def test_what_is_dropped_is_dropped_and_nothing_else(tmp_path: Path) -> None:
    one, two, three = (made(tmp_path, Shot(number)) for number in (1, 2, 3))
    path, film = await joined(tmp_path, Cut(one), Cut(two, first=1), Cut(three, end=7))
    assert codes(path) == expected([(1, range(12)), (2, range(1, 12)), (3, range(7))])
    assert [(clip.frames >= clip.shown, clip.shown) for clip in film.clips] == [(True, 12), (True, 11), (True, 7)]
    assert moments(path) == [pytest.approx(number / 16, abs=1e-6) for number in range(30)]
    assert film.seconds == pytest.approx(30 / 16)
    assert (film.width, film.height, film.has_sound, film.copied) == (160, 96, False, False)


async def test_a_bridge_loses_its_last_frame(tmp_path: Path) -> None:
    one, two, three = (made(tmp_path, Shot(number)) for number in (1, 2, 3))
    path, _ = await joined(tmp_path, Cut(one), Cut(two, first=1, shortened=True), Cut(three))
    assert codes(path) == expected([(1, range(12)), (2, range(1, 11)), (3, range(12))])


async def test_equal_clips_of_which_nothing_is_dropped_are_copied_bit_for_bit(tmp_path: Path) -> None:
    one, two = made(tmp_path, Shot(1)), made(tmp_path, Shot(2))
    path, film = await joined(tmp_path, Cut(one), Cut(two), Cut(one))
    assert film.copied
    assert packets(path) == packets(one) + packets(two) + packets(one)
    assert codes(path) == expected([(1, range(12)), (2, range(12)), (1, range(12))])
    assert moments(path) == [pytest.approx(number / 16, abs=1e-6) for number in range(36)]


@pytest.mark.parametrize(
    "other", [{"size": (176, 96)}, {"rate": Fraction(24)}, {"tags": (1, 1)}, {"options": {"crf": "9", "bf": "0"}}]
)
async def test_clips_that_differ_in_anything_are_encoded(tmp_path: Path, other: dict[str, Any]) -> None:
    one, two = made(tmp_path, Shot(1)), made(tmp_path, Shot(2, **other))
    path, film = await joined(tmp_path, Cut(one), Cut(two))
    assert not film.copied
    assert len(reference(path)) == 24


async def test_frames_of_different_rates_keep_their_own_times(tmp_path: Path) -> None:
    rates = [Fraction(16), Fraction(24), Fraction(30000, 1001)]
    clips = [made(tmp_path, Shot(number, rate=rate)) for number, rate in enumerate(rates)]
    path, film = await joined(tmp_path, *(Cut(clip, first=int(number > 0)) for number, clip in enumerate(clips)))
    assert codes(path) == expected([(0, range(12)), (1, range(1, 12)), (2, range(1, 12))])
    wanted, begins = [], Fraction(0)
    for number, rate in enumerate(rates):
        count = 12 - int(number > 0)
        wanted += [float(begins + frame / rate) for frame in range(count)]
        begins += count / rate
    assert moments(path) == [pytest.approx(moment, abs=1e-4) for moment in wanted]
    assert film.seconds == pytest.approx(float(begins), abs=1e-4)


async def test_another_size_is_fitted_into_the_first_ones_shape(tmp_path: Path) -> None:
    wide, tall = made(tmp_path, Shot(1)), made(tmp_path, Shot(2, size=(96, 160)))
    path, film = await joined(tmp_path, Cut(wide), Cut(tall))
    frames = [frame.to_image() for frame in reference(path)]
    assert {frame.size for frame in frames} == {(160, 96)}
    assert [clip.resized for clip in film.clips] == [False, True]
    last = frames[-1]
    assert all(sum(last.getpixel((x, 48))) < 60 for x in (2, 40, 120, 157))
    assert sum(last.getpixel((80, 80))) > 150


def psnr(one: Any, other: Any) -> float:
    from math import log10

    planes = [(bytes(a), bytes(b)) for a, b in zip(one.planes, other.planes, strict=True)]
    square = sum((x - y) ** 2 for a, b in planes for x, y in zip(a, b, strict=True)) / sum(len(a) for a, _ in planes)
    return 99.0 if square == 0 else 10 * log10(255**2 / square)


@pytest.mark.parametrize("tags", [None, (1, 1), (6, 2)])
async def test_pictures_keep_their_colours_and_tags_without_visible_loss(
    tmp_path: Path, tags: tuple[int, int] | None
) -> None:
    one, two = made(tmp_path, Shot(1, tags=tags)), made(tmp_path, Shot(2, tags=tags, colour=(200, 40, 30)))
    path, _ = await joined(tmp_path, Cut(one), Cut(two, first=1))
    frames, originals = reference(path), [*reference(one), *reference(two)[1:]]
    assert all(psnr(frame, original) > 42 for frame, original in zip(frames, originals, strict=True))
    for name in ("colorspace", "color_range", "color_primaries", "color_trc"):
        assert {int(getattr(frame, name)) for frame in frames} == {int(getattr(originals[0], name))}


async def test_a_clip_of_other_colours_is_converted_to_those_of_the_first(tmp_path: Path) -> None:
    one, two = made(tmp_path, Shot(1)), made(tmp_path, Shot(2, tags=(1, 2), colour=(200, 40, 30)))
    path, _ = await joined(tmp_path, Cut(one), Cut(two))
    shown, original = reference(path)[-1].to_image(), reference(two)[-1].to_image()
    near = [abs(a - b) for a, b in zip(shown.getpixel((80, 80)), original.getpixel((80, 80)), strict=True)]
    assert max(near) < 9


# Sound


def voices(path: Path) -> tuple[int, list[float]]:
    """Samples a second, and the samples of the first channel."""
    import av

    with av.open(str(path)) as film:
        rate = film.streams.audio[0].rate
        resampler = av.AudioResampler("flt", "mono", rate)
        frames = [made for frame in film.decode(audio=0) for made in resampler.resample(frame)]
    values: list[float] = []
    for frame in frames:
        values += memoryview(bytes(frame.planes[0])[: frame.samples * 4]).cast("f").tolist()
    return rate, values


def pitch(values: list[float], rate: int) -> float:
    """Of a tone: its upward zero crossings a second; 0 for silence."""
    if max(map(abs, values)) < 0.02:
        return 0.0
    ups = sum(1 for a, b in pairwise(values) if a < 0 <= b)
    return ups * rate / len(values)


async def test_sound_is_cut_with_its_frames_and_silence_fills_the_rest(tmp_path: Path) -> None:
    shots = [
        Shot(1, frames=16, sound=True),
        Shot(2, frames=16),
        Shot(3, frames=16, sound=True, sound_rate=48_000, quiet=4),
    ]
    one, two, three = (made(tmp_path, shot) for shot in shots)
    path, film = await joined(tmp_path, Cut(one, end=8), Cut(two, first=1), Cut(three, first=4))
    assert film.has_sound
    rate, values = voices(path)
    assert rate == 44_100
    assert len(values) / rate == pytest.approx((8 + 15 + 12) / 16, abs=0.03)

    def heard(begin: float, end: float) -> float:
        return pitch(values[round(begin * rate) : round(end * rate)], rate)

    assert heard(0.05, 0.45) == pytest.approx(400, abs=15)
    assert heard(0.55, 1.40) == 0.0
    assert heard(1.48, 2.15) == pytest.approx(600, abs=15)


async def test_equal_clips_with_sound_keep_their_pictures_and_stay_in_time(tmp_path: Path) -> None:
    clips = [made(tmp_path, Shot(number, frames=16, sound=True)) for number in (1, 3, 5)]
    path, film = await joined(tmp_path, *map(Cut, clips))
    assert film.copied
    assert packets(path) == [packet for clip in clips for packet in packets(clip)]
    rate, values = voices(path)
    for number, wanted in enumerate((400, 600, 800)):
        part = values[round((number + 0.03) * rate) : round((number + 0.97) * rate)]
        assert pitch(part, rate) == pytest.approx(wanted, abs=15)


# What cannot be joined


async def test_a_broken_clip_is_named_by_its_place(tmp_path: Path) -> None:
    one, two = made(tmp_path, Shot(1)), made(tmp_path, Shot(2))
    content = two.read_bytes()
    two.write_bytes(content[: len(content) // 2])
    with pytest.raises(ClipUnfitError) as caught:
        await joined(tmp_path, Cut(one), Cut(two))
    assert caught.value.clip == 1
    assert sorted(os.listdir(tmp_path)) == ["shot1.mp4", "shot2.mp4"]


async def test_a_clip_with_too_few_frames_is_named(tmp_path: Path) -> None:
    one, two = made(tmp_path, Shot(1)), made(tmp_path, Shot(2, frames=1))
    with pytest.raises(ClipUnfitError, match="it has 1 frames, too few") as caught:
        await joined(tmp_path, Cut(one), Cut(two, first=1))
    assert caught.value.clip == 1


async def test_a_film_takes_no_longer_than_it_may(tmp_path: Path) -> None:
    one = made(tmp_path, Shot(1))
    part = Part(tmp_path)
    with pytest.raises(JoinFailed, match="within"):
        await join([Cut(one)] * 2, part, FilmMeter(), within=-7.99)
    part.discard()


async def test_equal_lists_make_equal_files(tmp_path: Path) -> None:
    one, two = made(tmp_path, Shot(1)), made(tmp_path, Shot(2))
    first, _ = await joined(tmp_path, Cut(one), Cut(two, first=1))
    second, _ = await joined(tmp_path, Cut(one), Cut(two, first=1))
    assert first.read_bytes() == second.read_bytes()
