"""A world with two folders for pictures, and much that lies outside."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests import pictures as p
from tests.world import World

ORDER = {"task_type": "img2video-14b", "prompt": "she turns"}
ORDERS, UPLOADS = "/api/v1/task", "/api/ephemeral_resource"


@dataclass
class Place:
    """A world with two folders for pictures, and much that lies outside."""

    root: Path

    def __post_init__(self) -> None:
        for folder in (self.films, self.inputs, self.outside):
            folder.mkdir(parents=True)
        (self.outside / "secret.png").write_bytes(p.file(p.scene()))
        self.world = World({"WANX_OUTPUT_DIR": str(self.films), "WANX_INPUT_DIRS": str(self.inputs)})

    @property
    def films(self) -> Path:
        return self.root / "films"

    @property
    def inputs(self) -> Path:
        return self.root / "my pictures"

    @property
    def outside(self) -> Path:
        return self.root / "outside"

    def put(self, name: str, content: bytes) -> str:
        """A file in the output folder; its path."""
        path = self.films / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return str(path)

    def arrived(self, name: str = "image") -> bytes:
        """The bytes of a picture as the provider has it, from inside the order or from its upload."""
        picture = self.sent()[name]
        content = self.world.simulator.uploads.picture(picture)
        assert content is not None, picture[:80]
        return content

    def sent(self) -> dict[str, Any]:
        return dict(json.loads(self.posts(ORDERS)[-1].content)["input"])

    @property
    def uploads(self) -> list[httpx.Request]:
        return self.posts(UPLOADS)

    def posts(self, path: str) -> list[httpx.Request]:
        return [request for request in self.world.line.sent("POST") if request.url.path == path]
