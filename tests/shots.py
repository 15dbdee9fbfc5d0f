"""A world whose clips are counted frame by frame, and orders that begin where another clip ended."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

from PIL import Image

from tests.counted import Shot, code_of, made
from tests.world import Agent, World


def plant(world: World, folder: Path, task_id: str, shot: Shot) -> Path:
    """From now on that is the task's clip."""
    path = made(folder, shot, f"{task_id}.mp4")
    world.simulator.clips._cached[task_id] = path.read_bytes()
    return path


async def shot(agent: Agent, world: World, folder: Path, clip: Shot, **order: Any) -> tuple[str, Path]:
    """A finished task with that clip, and the file that the provider has."""
    created = await agent.order(request_id=f"shot-{clip.number}", **{"prompt": f"shot {clip.number}", **order})
    world.clock.advance(3600)
    return created["task_id"], plant(world, folder, created["task_id"], clip)


def saved_path(saved: dict[str, Any]) -> Path:
    return Path(saved["path"])


def remove(path: Path) -> None:
    path.unlink()


def change(path: Path) -> None:
    """Another byte at the end: the same size, another content."""
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def rename(path: Path, name: str) -> None:
    path.rename(path.with_name(name))


def orders(world: World) -> list[dict[str, Any]]:
    """What the provider was sent, orders only."""
    return [
        json.loads(request.content)["input"]
        for request in world.line.sent("POST")
        if request.url.path.endswith("/task")
    ]


def picture_of(value: str) -> Image.Image:
    """The inline picture of an order."""
    head, _, body = value.partition(",")
    assert head == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(body))).convert("RGB")


def code_in(value: str) -> tuple[int, int]:
    return code_of(picture_of(value))
