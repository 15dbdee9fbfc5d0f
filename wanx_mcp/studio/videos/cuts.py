"""Which frames of each clip a film shows. Lineage decides, not likeness."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from wanx_mcp.errors import InvalidArguments
from wanx_mcp.ledger import Origin
from wanx_mcp.media.joining import Cut
from wanx_mcp.studio.videos.fetching import Saved
from wanx_mcp.toolnames import JOIN

VERSION = 1
"""Of what a film is made like: a change of this makes another film of the same clips."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The cuts of a film, what is to be said of them, and the digest of it all."""

    cuts: tuple[Cut, ...]
    notes: tuple[str, ...]
    recipe: str


def plan(task_ids: Sequence[str], clips: Sequence[Saved], origins: Sequence[Sequence[Origin]]) -> Plan:
    """The film of those tasks, in that order. Raises InvalidArguments where a clip would not be seen at all."""
    cuts = [Cut(clip.path) for clip in clips]
    notes: list[str] = []
    for number, (before, after) in enumerate(pairwise(task_ids)):
        start = _start(origins[number + 1], before)
        if start is not None:
            cuts[number + 1] = replace(cuts[number + 1], first=1)
            if start.frame < start.frames - 1:
                cuts[number] = replace(cuts[number], end=start.frame + 1)
                place = f"its frame {start.frame + 1} of {start.frames}"
                notes.append(f"task {before} ends at {place}, with which task {after} begins")
        if any(_leads_to(origin, after) for origin in origins[number]):
            cuts[number] = replace(cuts[number], shortened=True)
    _check_seen(task_ids, cuts)
    parts = [
        [clip.sha256, cut.first, cut.end, cut.shortened and cut.end is None]
        for clip, cut in zip(clips, cuts, strict=True)
    ]
    return Plan(tuple(cuts), tuple(notes), hashlib.sha256(json.dumps([VERSION, parts]).encode()).hexdigest())


def _start(origins: Sequence[Origin], before: str) -> Origin | None:
    """The frame of the clip before with which a clip begins, if it does."""
    return next((origin for origin in origins if origin.is_start and origin.task_id == before), None)


def _leads_to(origin: Origin, after: str) -> bool:
    """Whether a clip ends with the first frame of the clip behind it."""
    return origin.argument == "end_image" and origin.task_id == after and origin.frame == 0


def _check_seen(task_ids: Sequence[str], cuts: Sequence[Cut]) -> None:
    for number, cut in enumerate(cuts):
        if cut.end is not None and cut.end <= cut.first:
            what = f"task {task_ids[number]} would not be seen: the next clip begins with its first frame"
            raise InvalidArguments(what, advice=f"leave that task out of task_ids, then call {JOIN} again")
