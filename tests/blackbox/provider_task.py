"""A task on the provider's side: its scripted life, and the JSON in which the provider tells it (contract, sections 5 and 7.4)."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

ZERO_DATE = "0001-01-01T00:00:00Z"
POINTS = {"txt2video-1.3b": 1_200_000}
OTHER_POINTS = 2_800_000
POINTS_PER_SECOND = {"720P": 800_000, "1080P": 1_200_000}
"""Of Wan 2.6."""

ENDED = ("completed", "failed", "cancelled")


@dataclass(frozen=True)
class Life:
    """How many reads a task stays pending and processing, and how it ends."""

    pending_reads: int = 0
    processing_reads: int = 0
    ending: str = "completed"
    error: str = ""

    def status_at(self, read: int) -> str:
        if read < self.pending_reads:
            return "pending"
        if read < self.pending_reads + self.processing_reads:
            return "processing"
        return self.ending


FOREVER = 10**9
AT_ONCE = Life()
IN_THE_QUEUE = Life(pending_reads=FOREVER)
IN_WORK = Life(processing_reads=FOREVER)


@dataclass
class Task:
    """One accepted order of an account. `status` is what the last read told, `pending` before the first."""

    task_id: str
    owner: str
    order: dict[str, Any]
    life: Life
    key: str = ""
    price_factor: float = 1
    dates_off: timedelta = timedelta(0)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    reads: int = 0
    status: str = "pending"

    @property
    def points(self) -> int:
        return round(points_of(self.order) * self.price_factor)

    @property
    def dated(self) -> datetime:
        """When it was made, by the clock of the provider's database."""
        return self.created + self.dates_off

    @property
    def age_seconds(self) -> float:
        return (datetime.now(UTC) - self.created).total_seconds()

    def read(self) -> None:
        if self.status not in ENDED:
            self.status = self.life.status_at(self.reads)
        self.reads += 1

    def usage(self) -> dict[str, Any]:
        frozen = self.points if self.status not in ENDED else 0
        consumed = self.points if self.status == "completed" else 0
        return {"type": "point", "frozen": frozen, "consume": consumed}

    def echo(self, normalised: bool) -> dict[str, Any]:
        """The order's input as the provider repeats it; a normalised echo adds defaults and zero values."""
        sent = dict(self.order.get("input", {}))
        if not normalised:
            return sent
        entries = [{"lora_strength": 1, **entry} for entry in sent.get("lora_settings", ())]
        defaults: dict[str, Any] = {
            "negative_prompt": "",
            "aspect_ratio": "16:9",
            "seed": 0,
            "lora_settings": entries or None,
        }
        if is_wan26(self.order["task_type"]):
            defaults |= {"shot_type": "single", "prompt_extend": False, "watermark": False}
        return {**defaults, **sent, **({"lora_settings": entries} if entries else {})}

    def as_json(
        self, video_url: str, normalised: bool = False, echo: Callable[[dict[str, Any]], Any] = dict
    ) -> dict[str, Any]:
        begun, ended = self.status != "pending", self.status in ENDED
        failed = self.status == "failed"
        config = self.order.get("config") or {"service_mode": "", "webhook_config": {"endpoint": "", "secret": ""}}
        return {
            "task_id": self.task_id,
            "model": model_of(self.order["task_type"]),
            "task_type": self.order["task_type"],
            "status": self.status,
            "config": config,
            "input": echo(self.echo(normalised)),
            "output": {"video_url": video_url} if self.status == "completed" else None,
            "meta": {
                "created_at": stamp(self.dated),
                "started_at": stamp(self.dated + timedelta(seconds=3)) if begun else ZERO_DATE,
                "ended_at": stamp(self.dated + timedelta(seconds=480)) if ended else ZERO_DATE,
                "usage": self.usage(),
                "is_using_private_pool": False,
            },
            "detail": None,
            "logs": [],
            "error": {
                "code": 1100 if failed else 0,
                "raw_message": "",
                "message": self.life.error if failed else "",
                "detail": None,
            },
        }

    def as_history_row(self) -> dict[str, Any]:
        """The row of contract 15: no prompt, no input, `action` for the task type, `finished` for `completed`."""
        done = self.status == "completed"
        return {
            "id": number_of(self.task_id),
            "account_id": number_of(self.owner),
            "api_key_id": number_of(self.key),
            "task_id": self.task_id,
            "task_model": model_of(self.order["task_type"]),
            "action": self.order["task_type"],
            "status": "finished" if done else self.status,
            "service_mode": "public",
            "usage": self.points,
            "usage_type": "point",
            "fixed": True,
            "created_at": stamp(self.dated),
            "updated_at": stamp(self.dated),
            "detail": {
                "model": model_of(self.order["task_type"]),
                "task_id": self.task_id,
                "task_type": self.order["task_type"],
                "output": "https://img.theapi.app/ephemeral/x.mp4" if done else None,
            },
        }


def is_wan26(task_type: str) -> bool:
    return task_type.startswith("wan26-")


def model_of(task_type: str) -> str:
    return "Wan" if is_wan26(task_type) else "Qubico/wanx"


def points_of(order: dict[str, Any]) -> int:
    """The price of an order, in points."""
    task_type, given = order["task_type"], order["input"]
    if is_wan26(task_type):
        return int(given["duration"]) * POINTS_PER_SECOND[given["resolution"]]
    return POINTS.get(task_type, OTHER_POINTS)


def number_of(text: str) -> int:
    """The number under which the provider knows an account, a key or a row."""
    return zlib.crc32(text.encode())


def stamp(moment: datetime) -> str:
    """A moment as the provider writes it: nine digits of a second, Z."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "123Z")
