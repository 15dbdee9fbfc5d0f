"""The contact sheet: a picture the model can see, of frames that differ, within bounds, saved beside the clip."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest
from mcp.types import CallToolResult, ImageContent
from PIL import Image, ImageChops, ImageStat

from tests.mediahost import MediaHost, whole
from tests.orders import VALID
from tests.test_save import at, finished, host, names  # noqa: F401
from tests.world import World, text
from wanx_mcp.catalog import CATALOG
from wanx_mcp.limits.videos import MOST_SAME_NAMES
from wanx_mcp.media.frames import Clip, Frame
from wanx_mcp.media.sheet import SUFFIX, draw, lay_out
from wanx_mcp.simulator.render import FRAMES, RATE, Scene, render_clip

pytestmark = pytest.mark.anyio
FFPROBE = shutil.which("ffprobe")


def picture(result: CallToolResult) -> Image.Image:
    (block,) = (block for block in result.content if isinstance(block, ImageContent))
    content = base64.b64decode(block.data)
    assert len(content) < 100_000
    image = Image.open(io.BytesIO(content))
    assert block.mime_type == Image.MIME[image.format or ""]
    assert max(image.size) <= 768
    return image.convert("RGB")


def cells(sheet: Image.Image, count: int, size: tuple[int, int]) -> list[Image.Image]:
    """The frames on a sheet."""
    grid = lay_out(count, *size)
    assert sheet.size == grid.size
    places = [grid.place(number) for number in range(count)]
    return [sheet.crop((x, y, x + grid.width, y + grid.height)) for x, y in places]


def distance(one: Image.Image, other: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


@pytest.mark.parametrize("task_type", VALID)
async def test_every_task_type_has_a_sheet_whose_frames_differ(world: World, task_type: str) -> None:
    async with finished(world, **VALID[task_type], task_type=task_type) as (agent, task_id):
        result = await agent.call("preview_wanx_video", task_id=task_id)
    assert not result.is_error, text(result)
    assert result.structured_content is None
    assert [block.type for block in result.content] == ["text", "image"]
    row = CATALOG.find(task_type)
    assert row
    measures, portrait = row.output.measures({}), VALID[task_type].get("aspect_ratio") == "9:16"
    shown = cells(picture(result), 6, measures.resolution.size(9 / 16 if portrait else 16 / 9))
    assert all(distance(one, other) > 0.5 for one, other in combinations(shown, 2))
    told = text(result)
    assert f"6 frames of {'an' if task_type.startswith('img') else 'a'} {task_type} clip of" in told
    assert ("with sound" if task_type == "wan26-img2video" else "silent") in told
    assert task_id in told
    times = {85: "0.00, 1.00, 2.06, 3.12, 4.19, 5.25 s", 80: "0.00, 0.94, 1.94, 2.94, 3.94, 4.94 s"}
    assert times[measures.frames] in told
    assert "If you cannot see the picture, do not describe it: open the sheet's file, if you have a tool that" in told


async def test_video_and_sheet_stand_side_by_side_and_only_once(world: World) -> None:
    async with finished(world) as (agent, task_id):
        first = await agent.call("preview_wanx_video", task_id=task_id)
        asked = len(world.line.requests)
        second = await agent.call("preview_wanx_video", task_id=task_id)
        save = await agent.ok("save_wanx_video", task_id=task_id)
    assert first.content == second.content
    assert len(world.line.requests) == asked
    sheet, video = names(world)
    assert sheet == video.removesuffix(".mp4") + "-sheet.jpg"
    assert save["path"] in text(first)
    assert sheet in text(first)


async def test_sheets_of_other_lengths_are_kept_once_each(world: World) -> None:
    async with finished(world) as (agent, task_id):
        for count in (6, 2, 6, 2, 2):
            await agent.call("preview_wanx_video", task_id=task_id, frames=count)
    assert [name.rpartition("-sheet")[2] for name in names(world)[:-1]] == ["-2.jpg", ".jpg"]


@pytest.mark.parametrize("count", [1, 2, 5, 12])
async def test_as_many_frames_as_asked_for(world: World, count: int) -> None:
    async with finished(world) as (agent, task_id):
        result = await agent.call("preview_wanx_video", task_id=task_id, frames=count)
    shown = cells(picture(result), count, (832, 480))
    assert f": {count} frame" in text(result)
    assert all(distance(one, other) > 0.3 for one, other in combinations(shown, 2))


@pytest.mark.parametrize("count", [0, 13, "many", 2.5])
async def test_an_impossible_number_of_frames_is_refused(world: World, count: object) -> None:
    async with finished(world, drawn=False) as (agent, task_id):
        error = await agent.error("preview_wanx_video", task_id=task_id, frames=count)
    assert error.startswith("invalid_arguments: frames must be a whole number from 1 to 12")


async def test_an_unfinished_task_has_no_preview(world: World) -> None:
    async with world.client() as agent:
        created = await agent.order()
        error = await agent.error("preview_wanx_video", task_id=created["task_id"])
    assert error.startswith("not_finished: ")


async def test_where_pyav_cannot_be_loaded_it_says_what_to_do_and_fetches_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with finished(world) as (agent, task_id):
        monkeypatch.setitem(sys.modules, "av", None)  # how Python marks a module that is not to be had
        error = await agent.error("preview_wanx_video", task_id=task_id)
        saved = await agent.ok("save_wanx_video", task_id=task_id)
    assert error.startswith("extra_missing: ")
    assert "pip install . in its folder" in error
    assert saved["path"]


async def test_a_video_that_cannot_be_decoded_is_a_failed_preview(host: MediaHost) -> None:  # noqa: F811
    clip = bytearray(render_clip(Scene("", "x", portrait=False)))
    start = clip.index(b"mdat") + 4
    clip[start:] = bytes(len(clip) - start)
    host.plays(whole(bytes(clip)))
    world = at(host)
    async with finished(world) as (agent, task_id):
        error = await agent.error("preview_wanx_video", task_id=task_id)
    assert error.startswith("preview_failed: ")
    assert "Charged by this call: no." in error
    assert len(names(world)) == 1


async def test_a_sheet_that_cannot_be_kept_is_shown_all_the_same(world: World) -> None:
    async with finished(world) as (agent, task_id):
        video = Path((await agent.ok("save_wanx_video", task_id=task_id))["path"])
        (video.parent / f"{video.stem}-sheet{SUFFIX}").mkdir()
        for number in range(2, MOST_SAME_NAMES):
            (video.parent / f"{video.stem}-sheet-{number}{SUFFIX}").mkdir()
        result = await agent.call("preview_wanx_video", task_id=task_id)
    assert picture(result)
    assert "could not be saved" in text(result)
    assert "If you cannot see the picture, do not describe it. Next: " in text(result)


# The drawing


@pytest.mark.parametrize("size", [(832, 480), (480, 832), (1280, 720), (64, 64), (4000, 100), (100, 4000)])
@pytest.mark.parametrize("count", range(1, 13))
def test_every_number_of_frames_fits_a_sheet_of_768_by_768(count: int, size: tuple[int, int]) -> None:
    grid = lay_out(count, *size)
    assert max(grid.size) <= 768
    corners = [grid.place(number) for number in range(count)]
    assert all(x + grid.width <= grid.size[0] and y + grid.height <= grid.size[1] for x, y in corners)
    assert len(set(corners)) == count


def test_even_noise_stays_under_100_kb() -> None:
    noise = Image.effect_noise((832, 480), 150).convert("RGB")
    sheet = draw(Clip(5.0, 832, 480, tuple(Frame(number, noise) for number in range(12))), "img2video-14b")
    assert len(sheet) < 100_000


def test_a_hostile_title_is_drawn_harmlessly() -> None:
    image = Image.new("RGB", (64, 48))
    assert draw(Clip(1.0, 64, 48, (Frame(0.0, image),)), "x\u202e\u732b" * 200)


# ffprobe


SCENES = {
    task_type: Scene(
        task_type,
        str(order["prompt"]),
        order.get("aspect_ratio") == "9:16",
        tuple(None for name in ("image", "start_image", "end_image") if name in order),
        motion=order.get("motion_type"),
        lora=order.get("lora_type"),
    )
    for task_type, order in VALID.items()
}


@pytest.mark.skipif(FFPROBE is None, reason="ffprobe is not installed (Debian: apt-get install ffmpeg)")
@pytest.mark.parametrize("task_type", VALID)
def test_ffprobe_confirms_every_rendered_clip(tmp_path: Path, task_type: str) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(render_clip(SCENES[task_type]))
    command = [str(FFPROBE), "-v", "error", "-count_frames", "-show_streams", "-of", "json", str(path)]
    probed = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    (stream,) = probed["streams"]
    assert (stream["codec_name"], stream["pix_fmt"]) == ("h264", "yuv420p")
    assert int(stream["nb_read_frames"]) == FRAMES == 85
    assert stream["r_frame_rate"] == f"{RATE}/1" == "16/1"
    size = (480, 832) if SCENES[task_type].portrait else (832, 480)
    assert (stream["width"], stream["height"]) == size
