"""Previews of several videos, of films, and of single clean frames."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from tests.counted import Shot, code_of, reference
from tests.shots import rename, saved_path, shot
from tests.test_preview import picture
from tests.world import World, text

pytestmark = pytest.mark.anyio


def kept(words: str, label: str) -> Path:
    found = re.search(rf"{label}: (\S+) \.", words)
    assert found, words
    return Path(found[1])


@pytest.mark.parametrize(("moment", "number"), [("first", 0), ("LAST", 11), ("0.5", 8), (" 0.25 ", 4)])
async def test_one_clean_frame_comes_with_its_lossless_file(
    world: World, tmp_path: Path, moment: str, number: int
) -> None:
    async with world.client() as agent:
        one, path = await shot(agent, world, tmp_path, Shot(1))
        result = await agent.call("preview_wanx_video", task_id=one, frame=moment)
        told = text(result)
        file = kept(told, "Lossless picture")
        again = await agent.call("preview_wanx_video", task_id=one, frame=moment)
        created = await agent.order(task_type="img2video-14b", prompt="on", image=str(file))
    assert not result.is_error
    assert code_of(picture(result)) == (1, number)
    assert f"Frame {number + 1} of 12 of {one}" in told
    assert Image.open(file).tobytes() == reference(path)[number].to_image().tobytes()
    assert file.parent == world.videos
    assert again.content == result.content
    assert created["task_id"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"frame": "middle"}, "frame must name a frame"),
        ({"frame": "9"}, "the clip ends before that moment"),
        ({"frame": "first", "compare_with": ["x"]}, "frame and compare_with cannot be combined"),
        ({"compare_with": []}, "compare_with must be a list of 1 to 5"),
        ({"compare_with": ["x"] * 6}, "compare_with must be a list of 1 to 5"),
    ],
)
async def test_what_cannot_be_shown_is_refused(
    world: World, tmp_path: Path, arguments: dict[str, object], words: str
) -> None:
    async with world.client() as agent:
        one, _ = await shot(agent, world, tmp_path, Shot(1))
        error = await agent.error("preview_wanx_video", task_id=one, **arguments)
    assert error.startswith("invalid_arguments: ")
    assert words in error


async def test_takes_are_compared_row_by_row_at_the_same_moments(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        ids = [(await shot(agent, world, tmp_path, Shot(number, frames=8 + 4 * number)))[0] for number in (1, 2, 3)]
        result = await agent.call("preview_wanx_video", task_id=ids[0], compare_with=ids[1:], frames=4)
    told = text(result)
    assert not result.is_error, told
    assert "3 videos compared at 0.00, 0.22, 0.43, 0.65 s" in told
    assert all(f"row {number}: {task_id}" in told for number, task_id in enumerate(ids, 1))
    assert "beside the first" not in told
    sheet = picture(result)
    assert sheet.width <= 768
    assert sheet.height <= 768


async def test_consecutive_shots_show_their_seam(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        one, _ = await shot(agent, world, tmp_path, Shot(1, size=(320, 192)))
        two, _ = await shot(
            agent, world, tmp_path, Shot(2, size=(320, 192)), task_type="img2video-14b", image=f"task:{one}@0.5"
        )
        result = await agent.call("preview_wanx_video", task_id=one, compare_with=[two])
        turned = await agent.call("preview_wanx_video", task_id=two, compare_with=[one])
    told = text(result)
    assert f"the last frame of {one} that is used, beside the first of {two}" in told
    assert "beside the first" not in text(turned)
    assert picture(result).height > picture(turned).height


async def test_a_film_has_a_sheet_and_clean_frames_too(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        one, _ = await shot(agent, world, tmp_path, Shot(1))
        two, _ = await shot(agent, world, tmp_path, Shot(2))
        film = await agent.ok("join_wanx_videos", task_ids=[one, two])
        result = await agent.call("preview_wanx_video", task_id=film["film_id"])
        last = await agent.call("preview_wanx_video", task_id=film["film_id"], frame="last")
        rename(saved_path(film), "moved.mp4")
        error = await agent.error("preview_wanx_video", task_id=film["film_id"])
        strange = await agent.error("preview_wanx_video", task_id="film-0123456789abcdef")
    assert f"Contact sheet of film {film['film_id']}: 6 frames of a film of 1.50 s" in text(result)
    assert code_of(picture(last)) == (2, 11)
    assert error.startswith("join_failed: ")
    assert one in error
    assert strange.startswith("task_not_found: ")
