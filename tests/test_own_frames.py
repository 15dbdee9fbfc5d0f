"""Frames of one's own videos as pictures of an order: the exact one, known before anything is paid, kept as lineage."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from tests.counted import Shot, reference
from tests.shots import change, code_in, orders, picture_of, plant, remove, rename, saved_path, shot
from tests.test_save import names
from tests.world import World

pytestmark = pytest.mark.anyio
ANIMATE = {"task_type": "img2video-14b", "prompt": "she goes on"}
MORPH = {"task_type": "img2video-14b-keyframe", "prompt": "a bridge"}


def lineage(world: World) -> list[tuple[object, ...]]:
    with sqlite3.connect(world.state / "ledger.sqlite3") as db:
        return db.execute("select argument, task_id, frame, frames from lineage order by number, argument").fetchall()


@pytest.mark.parametrize(
    ("named", "frame"),
    [("", 11), ("@last", 11), ("@LAST", 11), ("@first", 0), ("@0.25", 4), ("@0.5", 8), ("@0.30s", 4), ("@0.74", 11)],
)
async def test_the_provider_gets_exactly_the_frame_that_was_meant(
    world: World, tmp_path: Path, named: str, frame: int
) -> None:
    async with world.client() as agent:
        first, path = await shot(agent, world, tmp_path, Shot(1))
        created = await agent.order(**ANIMATE, image=f"task:{first}{named}")
    sent = orders(world)[-1]["image"]
    assert picture_of(sent).tobytes() == reference(path)[frame].to_image().tobytes()
    assert lineage(world) == [("image", first, frame, 12)]
    assert f"image is frame {frame + 1} of 12 of task {first}, at {frame / 16:.2f} s" in created["next_step"]


async def test_a_bridge_begins_with_one_clip_and_ends_with_another(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        one, _ = await shot(agent, world, tmp_path, Shot(1))
        two, _ = await shot(agent, world, tmp_path, Shot(2))
        await agent.order(**MORPH, start_image=f"task:{one}", end_image=f"task:{two}@first")
    sent = orders(world)[-1]
    assert (code_in(sent["start_image"]), code_in(sent["end_image"])) == ((1, 11), (2, 0))
    assert lineage(world) == [("end_image", two, 0, 12), ("start_image", one, 11, 12)]


async def test_one_frame_however_it_is_written_is_one_order(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        first, _ = await shot(agent, world, tmp_path, Shot(1))
        ids = {
            (await agent.order(**ANIMATE, image=f"task:{first}{named}"))["task_id"]
            for named in ("", "@last", "@0.7", "@0.6875", " ")
        }
        other = await agent.order(**ANIMATE, image=f"task:{first}@0.5")
        error = await agent.error("create_wanx_task", **ANIMATE, image=f"task:{first}@first", request_id="shot-1")
    assert len(ids) == 1
    assert other["task_id"] not in ids
    assert error.startswith("invalid_order: request_id was used before")
    assert len(orders(world)) == 3


async def test_the_clip_is_fetched_again_where_its_file_is_gone(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        first, _ = await shot(agent, world, tmp_path, Shot(1))
        saved = saved_path(await agent.ok("save_wanx_video", task_id=first))
        remove(saved)
        await agent.order(**ANIMATE, image=f"task:{first}")
    assert code_in(orders(world)[-1]["image"]) == (1, 11)
    assert names(world) == [saved.name]


async def test_a_frame_is_taken_from_disk_when_the_link_is_dead(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        first, _ = await shot(agent, world, tmp_path, Shot(1))
        await agent.ok("save_wanx_video", task_id=first)
        world.clock.advance(3 * 24 * 3600)
        await agent.order(**ANIMATE, image=f"task:{first}")
    assert code_in(orders(world)[-1]["image"]) == (1, 11)


async def test_a_black_tail_is_skipped_and_said(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        first, _ = await shot(agent, world, tmp_path, Shot(9, light=lambda n: float(n < 8)))
        created = await agent.order(**ANIMATE, image=f"task:{first}")
    assert code_in(orders(world)[-1]["image"]) == (9, 7)
    assert "the 4 frames behind it are black, white or faded and were skipped" in created["next_step"]


async def test_a_dry_run_checks_the_frame_and_spends_nothing(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        first, _ = await shot(agent, world, tmp_path, Shot(1))
        quoted = await agent.order(**ANIMATE, image=f"task:{first}@0.5", dry_run=True)
        error = await agent.error("create_wanx_task", **ANIMATE, image=f"task:{first}@7", dry_run=True)
    assert "frame 9 of 12" in quoted["next_step"]
    assert error.startswith("image_rejected: image cannot be a frame of task")
    assert "it is 0.75 s long and has no frame at 7 s" in error
    assert len(orders(world)) == 1
    assert lineage(world) == []


# Nothing is paid before the frame is in hand


async def refusal(world: World, image: str, **more: object) -> str:
    before = len(orders(world))
    async with world.client() as agent:
        spent_before = (await agent.ok("list_wanx_tasks"))["budget"]["spent_usd"]
        error = await agent.error("create_wanx_task", **{**ANIMATE, "image": image, **more})
        spent = (await agent.ok("list_wanx_tasks"))["budget"]["spent_usd"]
    assert len(orders(world)) == before
    assert "Charged by this call: no." in error
    assert spent == spent_before
    return error


async def test_a_task_that_is_not_finished_gives_no_frame(world: World) -> None:
    async with world.client() as agent:
        first = (await agent.order())["task_id"]
    error = await refusal(world, f"task:{first}")
    assert error.startswith(f"not_finished: image cannot be a frame of task {first}: the task is still ")
    assert "get_wanx_task" in error


async def test_a_task_that_failed_gives_no_frame(world: World) -> None:
    async with world.client() as agent:
        first = (await agent.order())["task_id"]
        await agent.ok("cancel_wanx_task", task_id=first)
    error = await refusal(world, f"task:{first}")
    assert error.startswith("not_finished: ")
    assert "cancelled" in error


@pytest.mark.parametrize("image", ["task:no-such-task", "task:../../etc/passwd", "task:/etc/passwd@first", "TASK:x"])
async def test_what_was_not_ordered_here_gives_no_frame(world: World, image: str) -> None:
    error = await refusal(world, image)
    assert error.startswith("task_not_found: image names a frame of task ")
    assert "list_wanx_tasks" in error


@pytest.mark.parametrize(
    "image", ["task:", "task:@first", "task:x@", "task:x@middle", "task:x@-1", "task:x@1e3", "task: x"]
)
async def test_what_names_no_frame_is_refused_by_its_spelling(world: World, image: str) -> None:
    world.videos.mkdir(parents=True)
    (world.videos / image.replace("/", "_")).write_bytes(b"\x89PNG\r\n\x1a\n")
    error = await refusal(world, image)
    assert error.startswith("invalid_order: image must name a frame as task:ID (its last frame), task:ID@first")


async def test_another_accounts_task_gives_no_frame(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        first, _ = await shot(agent, world, tmp_path, Shot(1))
        await agent.ok("save_wanx_video", task_id=first)
    other = world.beside(PIAPI_API_KEY="another-key-987654321")
    async with other.client() as agent:
        error = await agent.error("create_wanx_task", **ANIMATE, image=f"task:{first}")
    assert error.startswith("task_not_found: ")
    assert len(orders(world)) == 1


async def test_a_clip_that_is_gone_everywhere_gives_no_frame(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        first, _ = await shot(agent, world, tmp_path, Shot(1))
        await agent.ok("get_wanx_task", task_id=first)
    world.clock.advance(3 * 24 * 3600)
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **ANIMATE, image=f"task:{first}")
    assert error.startswith(f"download_failed: image cannot be a frame of task {first}: ")
    assert len(orders(world)) == 1


async def test_a_clip_that_was_changed_on_disk_gives_no_frame_until_it_is_fetched_anew(
    world: World, tmp_path: Path
) -> None:
    async with world.client() as agent:
        first, _ = await shot(agent, world, tmp_path, Shot(1))
        path = saved_path(await agent.ok("save_wanx_video", task_id=first))
        change(path)
        error = await agent.error("create_wanx_task", **ANIMATE, image=f"task:{first}")
        assert "was changed since the clip was saved" in error
        rename(path, "edited.mp4")
        await agent.order(**ANIMATE, image=f"task:{first}")
    assert code_in(orders(world)[-1]["image"]) == (1, 11)


async def test_a_damaged_clip_gives_no_frame(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        first, _ = await shot(agent, world, tmp_path, Shot(1, frames=24))
        content = bytearray(world.simulator.clips._cached[first])
        start = content.index(b"mdat") + 4
        for at in range(start + 200, start + (len(content) - start) // 2, 7):
            content[at] ^= 0x5A
        world.simulator.clips._cached[first] = bytes(content)
        error = await agent.error("create_wanx_task", **ANIMATE, image=f"task:{first}")
    assert error.startswith(f"image_rejected: image cannot be a frame of task {first}: ")
    assert len(orders(world)) == 1


# Chains


async def test_from_the_fourth_link_of_a_chain_on_it_is_said_that_quality_drifts(world: World, tmp_path: Path) -> None:
    said = []
    async with world.client() as agent:
        last, _ = await shot(agent, world, tmp_path, Shot(0))
        for number in range(1, 6):
            created = await agent.order(**ANIMATE, image=f"task:{last}", request_id=f"link-{number}")
            found = re.search(r"link (\d+) of a chain", created["next_step"])
            said.append(int(found[1]) if found else None)
            last = created["task_id"]
            world.clock.advance(3600)
            plant(world, tmp_path, last, Shot(number))
    assert said == [None, None, 4, 5, 6]


async def test_the_lineage_of_an_order_whose_answer_was_lost_is_known_when_it_is_found(
    world: World, tmp_path: Path
) -> None:
    import httpx

    async with world.client() as agent:
        first, _ = await shot(agent, world, tmp_path, Shot(1))
        world.line.broken_orders = []

        async def lose(_response: httpx.Response) -> None:
            if len(orders(world)) == 2:
                world.line.on_response = None
                raise httpx.ReadError("lost")

        world.line.on_response = lose
        error = await agent.error("create_wanx_task", **ANIMATE, image=f"task:{first}", request_id="next")
        assert error.startswith("outcome_unknown")
        world.clock.advance(60)
        again = await agent.order(**ANIMATE, image=f"task:{first}@last", request_id="next")
    assert again["reused"]
    assert len(orders(world)) == 2
    assert lineage(world) == [("image", first, 11, 12)]
