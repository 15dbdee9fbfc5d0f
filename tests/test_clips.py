"""Frames of clips, as a player shows them, and the files that are refused before a decoder sees them."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from PIL import Image, ImageChops, ImageStat

from tests.mediahost import MediaHost, whole
from tests.movies import HOSTILE, bomb, filmed, rendered, sounding, turned, written
from tests.test_card import APPS
from tests.test_save import at, finished, host, names  # noqa: F401
from tests.world import text
from wanx_mcp.errors import PreviewFailed
from wanx_mcp.media.frames import first, watch
from wanx_mcp.media.movie import read_movie
from wanx_mcp.media.turning import Turn

pytestmark = pytest.mark.anyio
posix = pytest.mark.skipif(os.name == "nt", reason="a pipe with a name keeps the decoder waiting")


async def refused(path: Path, words: str) -> None:
    with pytest.raises(PreviewFailed, match=words):
        await watch(path, 6, 20.0)


# Frames


@pytest.mark.parametrize("count", [85, 3000])
async def test_frames_are_spread_from_the_first_to_the_last(tmp_path: Path, count: int) -> None:
    clip = await watch(filmed(tmp_path, count), 6, 60.0)
    moments = [frame.seconds for frame in clip.frames]
    last = (count - 1) / 16
    assert moments == pytest.approx([last * number / 5 for number in range(6)], abs=1 / 16)
    greys = [ImageStat.Stat(frame.image.convert("L")).mean[0] for frame in clip.frames]
    assert greys == sorted(greys)
    assert greys[-1] - greys[0] > 180


async def test_a_clip_with_fewer_frames_than_asked_shows_each_once(tmp_path: Path) -> None:
    assert len((await watch(filmed(tmp_path, 3), 12, 20.0)).frames) == 3
    assert len((await watch(filmed(tmp_path, 1), 12, 20.0)).frames) == 1


async def test_the_time_for_decoding_is_bounded(tmp_path: Path) -> None:
    assert len((await watch(filmed(tmp_path, 1000), 6, 0.0, start=60.0)).frames) <= 2


async def test_a_large_frame_is_scaled_down_and_keeps_its_shape(tmp_path: Path) -> None:
    clip = await watch(filmed(tmp_path, 1, (1920, 1080)), 1, 20.0)
    assert (clip.width, clip.height) == (1920, 1080)
    assert clip.frames[0].image.size == (1024, 576)


async def test_a_width_that_the_decoder_pads_is_shown_without_the_padding(tmp_path: Path) -> None:
    clip = await watch(filmed(tmp_path, 1, (50, 38)), 1, 20.0)
    assert len(clip.frames[0].image.getcolors() or ()) == 1


TURNS = {
    "upright": ((1, 0, 0, 1), None),
    "a quarter clockwise": ((0, 1, -1, 0), Turn.ROTATE_270),
    "upside down": ((-1, 0, 0, -1), Turn.ROTATE_180),
    "a quarter counter-clockwise": ((0, -1, 1, 0), Turn.ROTATE_90),
    "mirrored": ((-1, 0, 0, 1), Turn.FLIP_LEFT_RIGHT),
    "flipped": ((1, 0, 0, -1), Turn.FLIP_TOP_BOTTOM),
    "mirrored and turned": ((0, 1, 1, 0), Turn.TRANSPOSE),
    "flipped and turned": ((0, -1, -1, 0), Turn.TRANSVERSE),
}


@pytest.mark.parametrize("of", [b"tkhd", b"mvhd"])
@pytest.mark.parametrize(("matrix", "turn"), TURNS.values(), ids=TURNS)
async def test_frames_size_and_facts_obey_the_turn(
    tmp_path: Path, matrix: tuple[int, int, int, int], turn: Turn | None, of: bytes
) -> None:
    upright = await first(written(tmp_path, rendered(), "upright.mp4"))
    path = written(tmp_path, turned(rendered(), *matrix, of=of))
    clip, movie = await watch(path, 1, 20.0), read_movie(path)
    seen = await first(path)
    expected = upright if turn is None else upright.transpose(Image.Transpose(turn))
    assert (clip.width, clip.height) == (movie.width, movie.height) == clip.frames[0].image.size == expected.size
    assert max(ImageStat.Stat(ImageChops.difference(seen, expected)).mean) == 0


@pytest.mark.skipif(not hasattr(av.VideoFrame, "rotation"), reason="this PyAV does not tell of turns")
async def test_the_turn_is_the_one_that_ffmpeg_names(tmp_path: Path) -> None:
    for matrix, turn in TURNS.values():
        path = written(tmp_path, turned(rendered(), *matrix))
        with av.open(str(path)) as film:
            angle = next(film.decode(video=0)).rotation
        if turn is None or turn in (Turn.ROTATE_90, Turn.ROTATE_180, Turn.ROTATE_270):
            counter_clockwise = {None: 0, Turn.ROTATE_90: 90, Turn.ROTATE_180: 180, Turn.ROTATE_270: 270}[turn]
            assert angle % 360 == counter_clockwise


async def test_a_turned_clip_is_saved_and_shown_as_it_is_seen(host: MediaHost) -> None:  # noqa: F811
    host.plays(whole(turned(rendered(), 0, 1, -1, 0)))
    async with finished(at(host)) as (agent, task_id):
        saved = await agent.ok("save_wanx_video", task_id=task_id)
        preview = await agent.call("preview_wanx_video", task_id=task_id)
    assert (saved["width"], saved["height"]) == (480, 832)
    assert "480x832" in text(preview)


# Files that are refused


@pytest.mark.parametrize(("make", "words"), HOSTILE.values(), ids=HOSTILE)
async def test_a_file_that_declares_more_than_it_holds_is_refused_before_it_is_decoded(
    tmp_path: Path, make: Callable[[], bytes], words: str
) -> None:
    await refused(written(tmp_path, make()), words)


async def test_a_bomb_is_saved_and_neither_shown_nor_made_a_poster(host: MediaHost) -> None:  # noqa: F811
    host.plays(whole(bomb()))
    world = at(host)
    async with finished(world) as (agent, task_id):
        await agent.ok("save_wanx_video", task_id=task_id)
        error = await agent.error("preview_wanx_video", task_id=task_id)
    async with world.client(extensions=[APPS]) as showing:
        seen = await showing.call("get_wanx_task", task_id=task_id)
    assert error.startswith("preview_failed: the saved video cannot be decoded: it declares 80000000 samples")
    assert "Charged by this call: no." in error
    assert "Next: do not describe the video; give the user its path or link" in error
    assert not seen.is_error
    assert "wanx/prompt" in (seen.meta or {})
    assert "wanx/poster" not in (seen.meta or {})
    assert len(names(world)) == 1


async def test_frames_that_are_larger_than_the_index_says_are_refused(tmp_path: Path) -> None:
    honest = filmed(tmp_path, 1, (4112, 4096))
    await refused(honest, r"too large \(4112x4096 pixels\)")
    content = honest.read_bytes()
    lying = content.replace(struct.pack(">HH", 4112, 4096), struct.pack(">HH", 64, 48))
    assert lying != content
    await refused(written(tmp_path, lying), r"too large \(4112x4096 pixels\)")


async def test_sound_without_pictures_is_named_as_that(tmp_path: Path) -> None:
    await refused(sounding(tmp_path), "it has sound but no pictures")


@pytest.mark.skipif(not hasattr(av.stream, "Disposition"), reason="this PyAV does not tell what is a cover")
async def test_a_cover_is_no_picture_of_a_film(tmp_path: Path) -> None:
    await refused(sounding(tmp_path, cover=True), "it has sound but no pictures")


async def test_sound_without_pictures_is_saved_and_its_preview_says_so(
    host: MediaHost,  # noqa: F811
    tmp_path: Path,
) -> None:
    host.plays(whole(sounding(tmp_path).read_bytes()))
    async with finished(at(host)) as (agent, task_id):
        saved = await agent.ok("save_wanx_video", task_id=task_id)
        error = await agent.error("preview_wanx_video", task_id=task_id)
    assert "width" not in saved
    assert error.startswith("preview_failed: the saved video cannot be decoded: it has sound but no pictures.")


OTHERS = {
    "nothing": (lambda _folder: b"", "it is no MP4"),
    "a few bytes": (lambda _folder: b"\0\0\0", "it is no MP4"),
    "noise": (lambda _folder: bytes(range(256)) * 40, "it is no MP4"),
    "zeros": (lambda _folder: bytes(10_000), "it is no MP4"),
    "a page": (lambda _folder: b"<!doctype html><h1>Sign in</h1>" * 50, "it is no MP4"),
    "a playlist": (lambda _folder: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "it is no MP4"),
    "WebM": (lambda folder: filmed(folder, 3, codec="libvpx", suffix=".webm").read_bytes(), "it is no MP4"),
    "AVI": (lambda folder: filmed(folder, 3, codec="mpeg4", suffix=".avi").read_bytes(), "it is no MP4"),
    "Ogg": (lambda _folder: b"OggS" + bytes(5000), "it is no MP4"),
    "half a clip": (lambda _folder: rendered()[: len(rendered()) // 2], "ends too early"),
    "a clip without its index": (lambda _folder: rendered().replace(b"moov", b"free"), "without its index"),
    "an index alone": (lambda _folder: rendered().replace(b"mdat", b"free"), "it is no MP4"),
    "an empty track": (lambda _folder: rendered().replace(b"mdia", b"free"), "no pictures|makes no sense"),
    "an unknown coding": (
        lambda _folder: rendered().replace(b"avc1", b"zzzz"),
        "no decoder here knows how it is coded",
    ),
    "content of zeros": (
        lambda _folder: rendered()[: rendered().index(b"mdat") + 4].ljust(len(rendered()), b"\0"),
        "no frame of it could be decoded|makes no sense",
    ),
}


@pytest.mark.parametrize(("make", "words"), OTHERS.values(), ids=OTHERS)
async def test_what_is_no_whole_mp4_is_refused_in_plain_words(
    tmp_path: Path, make: Callable[[Path], bytes], words: str
) -> None:
    await refused(written(tmp_path, make(tmp_path)), words)


async def test_a_file_of_quicktime_is_shown(tmp_path: Path) -> None:
    assert len((await watch(filmed(tmp_path, 3, suffix=".mov"), 3, 20.0)).frames) == 3


async def test_a_video_that_is_gone_is_named_as_that(tmp_path: Path) -> None:
    await refused(tmp_path / "gone.mp4", "it cannot be read")
