"""A film of several tasks: lineage decides what is dropped, the file is whole or not there, repeats are free."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.counted import Shot, codes, expected, reference
from tests.shots import plant, remove, saved_path, shot
from tests.test_own_frames import ANIMATE, MORPH
from tests.test_save import names
from tests.world import Agent, World

pytestmark = pytest.mark.anyio


async def follow(agent: Agent, world: World, folder: Path, clip: Shot, **order: Any) -> str:
    """A finished task made from frames of others, with that clip."""
    return (await shot(agent, world, folder, clip, **order))[0]


async def test_a_chain_is_joined_without_repeating_a_frame(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        one = await follow(agent, world, tmp_path, Shot(1))
        two = await follow(agent, world, tmp_path, Shot(2), task_type="img2video-14b", image=f"task:{one}")
        three = await follow(agent, world, tmp_path, Shot(3), task_type="img2video-14b", image=f"task:{two}@last")
        four = await follow(agent, world, tmp_path, Shot(4))
        film = await agent.ok("join_wanx_videos", task_ids=[one, two, three, four])
    path = saved_path(film)
    assert codes(path) == expected([(1, range(12)), (2, range(1, 12)), (3, range(1, 12)), (4, range(12))])
    assert film["film_id"].startswith("film-")
    assert (film["width"], film["height"], film["has_sound"]) == (160, 96, False)
    assert film["duration_seconds"] == pytest.approx(46 / 16, abs=0.001)
    assert film["bytes"] == len(path.read_bytes())
    assert path.parent == world.videos


async def test_a_clip_ends_where_the_next_one_was_taken_from_and_that_is_said(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        one = await follow(agent, world, tmp_path, Shot(1))
        two = await follow(agent, world, tmp_path, Shot(2), task_type="img2video-14b", image=f"task:{one}@0.5")
        film = await agent.ok("join_wanx_videos", task_ids=[one, two])
    assert codes(saved_path(film)) == expected([(1, range(9)), (2, range(1, 12))])
    assert f"task {one} ends at its frame 9 of 12, with which task {two} begins" in film["next_step"]


async def test_a_faded_tail_is_not_in_the_film(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        one = await follow(agent, world, tmp_path, Shot(9, light=lambda n: float(n < 8)))
        two = await follow(agent, world, tmp_path, Shot(2), task_type="img2video-14b", image=f"task:{one}")
        film = await agent.ok("join_wanx_videos", task_ids=[one, two])
    assert codes(saved_path(film)) == expected([(9, range(8)), (2, range(1, 12))])


async def test_a_bridge_meets_both_of_its_neighbours(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        one = await follow(agent, world, tmp_path, Shot(1))
        two = await follow(agent, world, tmp_path, Shot(2))
        frames = {"start_image": f"task:{one}", "end_image": f"task:{two}@first"}
        bridge = await follow(agent, world, tmp_path, Shot(3), **{**MORPH, **frames, "prompt": "a bridge"})
        film = await agent.ok("join_wanx_videos", task_ids=[one, bridge, two])
        other = await agent.ok("join_wanx_videos", task_ids=[two, bridge, one])
    assert codes(saved_path(film)) == expected([(1, range(12)), (3, range(1, 11)), (2, range(12))])
    assert codes(saved_path(other)) == expected([(2, range(12)), (3, range(12)), (1, range(12))])


async def test_likeness_drops_nothing(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        one = await follow(agent, world, tmp_path, Shot(1))
        created = await agent.order(request_id="twin", prompt="the same pictures again")
        world.clock.advance(3600)
        plant(world, tmp_path, created["task_id"], Shot(1))
        film = await agent.ok("join_wanx_videos", task_ids=[one, created["task_id"], one])
    assert len(reference(saved_path(film))) == 36


async def test_the_same_list_answers_with_the_same_file(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        one = await follow(agent, world, tmp_path, Shot(1))
        two = await follow(agent, world, tmp_path, Shot(2))
        film = await agent.ok("join_wanx_videos", task_ids=[one, two], file_name="my film")
        before = names(world)
        again = await agent.ok("join_wanx_videos", task_ids=[one, two], file_name="other")
        turned = await agent.ok("join_wanx_videos", task_ids=[two, one])
    async with world.client() as agent:
        later = await agent.ok("join_wanx_videos", task_ids=[one, two])
    assert film["path"] == again["path"] == later["path"] == str(world.videos / "my film.mp4")
    assert film["film_id"] == again["film_id"] == later["film_id"] != turned["film_id"]
    assert len(before) == 3
    assert len(names(world)) == 4


async def test_a_film_never_takes_the_place_of_another_file(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        one = await follow(agent, world, tmp_path, Shot(1))
        two = await follow(agent, world, tmp_path, Shot(2))
        world.videos.mkdir(parents=True, exist_ok=True)
        (world.videos / "film.mp4").write_text("mine")
        film = await agent.ok("join_wanx_videos", task_ids=[one, two], file_name="film.mp4")
    assert saved_path(film).name == "film-2.mp4"
    assert (world.videos / "film.mp4").read_text() == "mine"


async def test_a_film_that_is_gone_is_made_anew(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        one = await follow(agent, world, tmp_path, Shot(1))
        two = await follow(agent, world, tmp_path, Shot(2))
        film = await agent.ok("join_wanx_videos", task_ids=[one, two])
        remove(saved_path(film))
        again = await agent.ok("join_wanx_videos", task_ids=[one, two])
    assert again == film


async def test_a_server_that_died_before_it_could_note_its_film_makes_no_second_file(
    world: World, tmp_path: Path
) -> None:
    import sqlite3

    async with world.client() as agent:
        one = await follow(agent, world, tmp_path, Shot(1))
        two = await follow(agent, world, tmp_path, Shot(2))
        film = await agent.ok("join_wanx_videos", task_ids=[one, two])
    before = names(world)
    with sqlite3.connect(world.state / "ledger.sqlite3") as db:
        db.execute("delete from film")
    async with world.client() as agent:
        again = await agent.ok("join_wanx_videos", task_ids=[one, two])
    assert again["path"] == film["path"]
    assert names(world) == before


# What cannot be joined


async def test_a_clip_that_cannot_be_had_is_named_and_nothing_is_written(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        one = await follow(agent, world, tmp_path, Shot(1))
        await agent.ok("save_wanx_video", task_id=one)
        running = (await agent.order(request_id="running"))["task_id"]
        before = names(world)
        error = await agent.error("join_wanx_videos", task_ids=[one, running])
        assert error.startswith(f"not_finished: clip 2 (task {running}) cannot be joined, so no file was written: ")
        strange = await agent.error("join_wanx_videos", task_ids=["nothing-of-ours", one])
        assert strange.startswith("task_not_found: clip 1 (task nothing-of-ours) cannot be joined")
    assert names(world) == before


async def test_a_broken_clip_is_named_and_nothing_is_written(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        one = await follow(agent, world, tmp_path, Shot(1))
        two = await follow(agent, world, tmp_path, Shot(2, frames=24))
        three = await follow(agent, world, tmp_path, Shot(3), **{**ANIMATE, "image": f"task:{two}", "prompt": "x"})
        content = bytearray(world.simulator.clips._cached[one])
        start = content.index(b"mdat") + 4
        for at in range(start + 200, len(content) - 1500, 7):
            content[at] ^= 0x5A
        world.simulator.clips._cached[one] = bytes(content)
        error = await agent.error("join_wanx_videos", task_ids=[two, three, one])
    assert error.startswith(f"join_failed: clip 3 (task {one}) cannot be joined, so no file was written: ")
    assert "Charged by this call: no." in error
    assert len(names(world)) == 3


async def test_a_full_disk_leaves_nothing_behind(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    from wanx_mcp.media.shelf import Part

    def full(_part: Part, _offset: int, _content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with world.client() as agent:
        one = await follow(agent, world, tmp_path, Shot(1))
        two = await follow(agent, world, tmp_path, Shot(2))
        for task_id in (one, two):
            await agent.ok("save_wanx_video", task_id=task_id)
        before = names(world)
        monkeypatch.setattr(Part, "write_at", full)
        error = await agent.error("join_wanx_videos", task_ids=[one, two])
    assert error.startswith("join_failed: the disk of ")
    assert names(world) == before


@pytest.mark.parametrize("task_ids", [[], ["a"], ["a"] * 51, "a", [1, 2], ["a", " "], None, '["a"]'])
async def test_a_list_that_is_none_is_refused(world: World, task_ids: object) -> None:
    async with world.client() as agent:
        error = await agent.error("join_wanx_videos", task_ids=task_ids)
    assert error.startswith("invalid_arguments: task_ids ")


async def test_a_list_that_came_as_text_is_read(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        one = await follow(agent, world, tmp_path, Shot(1))
        film = await agent.ok("join_wanx_videos", task_ids=f'["{one}", "{one}"]')
    assert len(codes(saved_path(film))) == 24


async def test_a_clip_of_which_nothing_would_be_seen_is_refused(world: World, tmp_path: Path) -> None:
    async with world.client() as agent:
        one = await follow(agent, world, tmp_path, Shot(1))
        two = await follow(agent, world, tmp_path, Shot(2), **{**ANIMATE, "image": f"task:{one}", "prompt": "b"})
        three = await follow(
            agent, world, tmp_path, Shot(3), **{**ANIMATE, "image": f"task:{two}@first", "prompt": "c"}
        )
        error = await agent.error("join_wanx_videos", task_ids=[one, two, three])
    assert error.startswith(f"invalid_arguments: task {two} would not be seen")
