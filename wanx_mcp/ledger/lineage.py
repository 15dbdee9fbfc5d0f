"""Which orders were made from frames of which videos, and the films that were joined of videos."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from wanx_mcp.ledger.rows import OWNER, Rows

LONGEST_CHAIN = 64
"""Links of a chain that are counted."""

_START = ("image", "start_image")


@dataclass(frozen=True, slots=True)
class Origin:
    """A picture of an order that is a frame of a video: the argument, the task of the video, its number (from 0) among
    the video's `frames`, and the digest of the file that it was taken from."""

    argument: str
    task_id: str
    frame: int
    frames: int
    clip: str

    @property
    def is_start(self) -> bool:
        """Whether the new video begins with the frame."""
        return self.argument in _START

    @property
    def key(self) -> str:
        """The frame as one of the order's arguments: the same however its moment was written."""
        return f"frame {self.frame} of task:{self.task_id}"


@dataclass(frozen=True, slots=True)
class FilmNote:
    """A film on this machine's disk. `recipe` is the digest of what it was made of; `facts` is JSON."""

    film_id: str
    recipe: str
    path: str
    bytes: int
    sha256: str
    task_ids: tuple[str, ...]
    facts: str


class Lineage(Rows):
    """The verbs of origins and films."""

    def _note_origins(self, number: int, origins: Sequence[Origin]) -> None:
        """Note what the pictures of a new order are, in the transaction that writes the order."""
        for origin in origins:
            self.change(
                "insert into lineage (number, argument, task_id, frame, frames, clip) "
                "values (:number, :argument, :task_id, :frame, :frames, :clip)",
                number=number,
                argument=origin.argument,
                task_id=origin.task_id,
                frame=origin.frame,
                frames=origin.frames,
                clip=origin.clip,
            )

    def origins(self, account: str, task_id: str) -> list[Origin]:
        """The frames that the video of that task was made from."""
        query = (
            "select argument, lineage.task_id, frame, frames, clip from lineage "  # noqa: S608
            f"join entry using (number) where entry.owner = {OWNER} and entry.task_id = :task_id order by argument"
        )
        rows = self._db.execute(query, {"account": account, "task_id": task_id})
        return [Origin(*row) for row in rows]

    def links(self, account: str, task_id: str) -> int:
        """How many videos the chain has that ends with that task: each began with a frame of the one before."""
        return self.number(
            f"with recursive chain (task_id, links) as (select :task_id, 1 union "  # noqa: S608
            "select lineage.task_id, chain.links + 1 from chain "
            f"join entry on entry.owner = {OWNER} and entry.task_id = chain.task_id "
            f"join lineage on lineage.number = entry.number and lineage.argument in {_START} "
            f"where chain.links < {LONGEST_CHAIN}) select max(links) from chain",
            account=account,
            task_id=task_id,
        )

    def film(self, account: str, film_id: str) -> FilmNote | None:
        """The film of that id."""
        query = (
            "select film_id, recipe, path, bytes, sha256, task_ids, facts from film "  # noqa: S608
            f"where owner = {OWNER} and film_id = :film_id"
        )
        row = self._db.execute(query, {"account": account, "film_id": film_id}).fetchone()
        return FilmNote(row[0], row[1], row[2], row[3], row[4], tuple(json.loads(row[5])), row[6]) if row else None

    def keep_film(self, account: str, film: FilmNote) -> None:
        """Note a film; one of the same id is replaced."""
        self.change(
            "insert or replace into film (owner, film_id, recipe, path, bytes, sha256, task_ids, facts) "  # noqa: S608
            f"values ({OWNER}, :film_id, :recipe, :path, :bytes, :sha256, :task_ids, :facts)",
            account=account,
            film_id=film.film_id,
            recipe=film.recipe,
            path=film.path,
            bytes=film.bytes,
            sha256=film.sha256,
            task_ids=json.dumps(film.task_ids),
            facts=film.facts,
        )
