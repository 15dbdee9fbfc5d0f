"""A task on the provider's side: its scripted life, and the JSON in which the provider tells it (contract, sections 5 and 7.4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

ZERO_DATE = "0001-01-01T00:00:00Z"
POINTS = {"txt2video-1.3b": 1_200_000}
OTHER_POINTS = 2_800_000
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
    """One accepted order. `status` is what the last read told, `pending` before the first."""

    task_id: str
    owner: str
    order: dict[str, Any]
    life: Life
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    reads: int = 0
    status: str = "pending"

    @property
    def points(self) -> int:
        return POINTS.get(self.order["task_type"], OTHER_POINTS)

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
        return {**defaults, **sent, **({"lora_settings": entries} if entries else {})}

    def as_json(self, video_url: str, normalised: bool = False) -> dict[str, Any]:
        begun, ended = self.status != "pending", self.status in ENDED
        failed = self.status == "failed"
        config = self.order.get("config") or {"service_mode": "", "webhook_config": {"endpoint": "", "secret": ""}}
        return {
            "task_id": self.task_id,
            "model": "Qubico/wanx",
            "task_type": self.order["task_type"],
            "status": self.status,
            "config": config,
            "input": self.echo(normalised),
            "output": {"video_url": video_url} if self.status == "completed" else None,
            "meta": {
                "created_at": _stamp(self.created),
                "started_at": _stamp(self.created + timedelta(seconds=3)) if begun else ZERO_DATE,
                "ended_at": _stamp(self.created + timedelta(seconds=480)) if ended else ZERO_DATE,
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
        """A thin row: no prompt, no input, and `finished` where a task says `completed`."""
        return {
            "task_id": self.task_id,
            "model": "Qubico/wanx",
            "task_type": self.order["task_type"],
            "status": "finished" if self.status == "completed" else self.status,
            "meta": {"created_at": _stamp(self.created), "usage": self.usage()},
        }


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "123Z")
