"""What a person likes to see beside a task: the prompt from the ledger, and the first frame of the saved video."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

from wanx_mcp.errors import ExtraMissing, PreviewFailed, WanxError
from wanx_mcp.media import poster
from wanx_mcp.media.frames import first
from wanx_mcp.studio.account import Account

MOST_POSTERS = 32
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CardExtras:
    """The prompt as it was given, and the poster as a JPEG; each None where there is none."""

    prompt: str | None = None
    poster: bytes | None = None


class CardExtrasSource:
    """CardExtrasSource of one account. Each poster is made once, and the last few are remembered."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._posters: dict[tuple[str, int, int], bytes | None] = {}
        self._drawing = anyio.Lock()

    async def of(self, task_id: str) -> CardExtras:
        """The card_extras of a task; an empty one where nothing is known of it."""
        try:
            if film := await self._account.film(task_id):
                return CardExtras(None, await self._poster(Path(film.path)))
            known = await self._account.known(task_id)
        except WanxError as error:
            log.info("nothing is known about a task: %s", error.what)
            return CardExtras()
        prompt = known.order.arguments.get("prompt") if known.order else None
        drawn = await self._poster(Path(known.saved_path)) if known.saved_path else None
        return CardExtras(prompt if isinstance(prompt, str) else None, drawn)

    async def _poster(self, path: Path) -> bytes | None:
        async with self._drawing:
            try:
                state = await anyio.Path(path).stat()
            except OSError:
                return None
            name = str(path), state.st_size, state.st_mtime_ns
            if name not in self._posters:
                self._posters[name] = await _drawn(path)
            while len(self._posters) > MOST_POSTERS:
                del self._posters[next(iter(self._posters))]
            return self._posters[name]


async def _drawn(path: Path) -> bytes | None:
    try:
        return await anyio.to_thread.run_sync(poster.draw, await first(path))
    except (ExtraMissing, PreviewFailed) as error:  # a poster is optional
        log.info("there is no poster: %s", error.what)
        return None
