"""Settles orders of unknown outcome by the provider's history: adopts, releases, revives. Never places one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import anyio

from wanx_mcp.clock import Clock
from wanx_mcp.errors import NotConfigured, WanxError
from wanx_mcp.ledger import Entry, State
from wanx_mcp.studio.account import Account, Glance
from wanx_mcp.studio.doubt import candidate_words
from wanx_mcp.studio.errands import Errands
from wanx_mcp.studio.history import Histories, Window
from wanx_mcp.studio.matching import certain_pairs
from wanx_mcp.studio.proof import Evidence, Step, next_step

CALL_SECONDS = 5.0
"""How long a call may be held up by a reading of the history; the reading itself goes on."""

PAUSE = timedelta(seconds=10)
"""So far apart are two readings for the same orders, unless a call has to know."""

RELEASED_PAUSE = timedelta(minutes=10)
"""The same for an order that was proved absent, and is still looked for."""

FIRST_DUE = timedelta(minutes=10, seconds=10)
SECOND_DUE = timedelta(minutes=5, seconds=10)
LATER_DUE = timedelta(minutes=30)
RESTS = 60.0
"""By itself the server reads FIRST_DUE after the order, SECOND_DUE after a reading that proved something, and then
every LATER_DUE, with RESTS seconds between any two rounds."""

log = logging.getLogger(__name__)


class Reconciling:
    """One round of look-ups at a time, shared by every call that wants one."""

    def __init__(self, account: Account, clock: Clock, errands: Errands) -> None:
        self._account = account
        self._clock = clock
        self._errands = errands
        self._histories = Histories(account)
        self._round: anyio.Event | None = None
        self._rounds = 0
        self._arisen = anyio.Event()

    def arose(self) -> None:
        """An order has become doubtful: the background look-ups take it up."""
        self._arisen.set()

    async def settle(self, task_id: str = "", *, now: bool = False) -> Glance | None:
        """Look doubtful orders up, unless that was done just now and the call can do without. What cannot be read
        stays in doubt; that is no error of the call, which waits CALL_SECONDS at most.

        The answer is what the same question to the ledger told of `task_id`, None if that may have changed since.
        """
        with anyio.move_on_after(CALL_SECONDS):
            try:
                return await self._settled(task_id, now=now)
            except NotConfigured:
                return None
            except WanxError as error:
                log.info("unknown orders could not be looked up: %s", error.code)
            except Exception:
                log.exception("looking up unknown orders failed unexpectedly")
        return None

    async def _settled(self, task_id: str, *, now: bool) -> Glance | None:
        while (under_way := self._round) is not None:
            before = self._rounds
            await under_way.wait()
            if not now or self._rounds > before:
                return None
        glance = await self._account.glance(task_id)
        doubts = [entry for entry in glance.doubts if not self._account.in_flight(entry)]
        if doubts:
            self.arose()
        if not doubts or not (now or self._due(doubts)):
            return glance
        await self._look_up()
        return None

    def _due(self, doubts: Sequence[Entry]) -> bool:
        """Whether one of `doubts` was not looked for just now."""
        now = self._account.moment()
        return any(entry.looked_at is None or now - entry.looked_at >= _rest(entry) for entry in doubts)

    async def _look_up(self) -> None:
        """Start a round, or join the one that has begun meanwhile, and wait for its end. It goes on whatever becomes of
        the call."""
        if (under_way := self._round) is not None:
            await under_way.wait()
            return
        self._round = over = anyio.Event()

        async def work() -> None:
            try:
                await self._work()
            finally:
                self._rounds += 1
                self._round = None
                over.set()

        self._errands.send(work)
        await over.wait()

    async def _work(self) -> None:
        doubts = await self._account.doubts()
        settled = [entry for entry in doubts if not self._account.in_flight(entry)]
        under_way = [entry for entry in doubts if entry not in settled]
        try:
            await self._account.identify()
            for window in await self._histories.windows(settled):
                await self._read(window, under_way)
        except WanxError as error:
            log.info("the history could not be read: %s", error.code)
            for entry in settled:
                await self._looked(entry, f"the provider's history could not be read ({error.code})")
        except Exception:
            log.exception("looking up unknown orders failed unexpectedly")

    async def _read(self, window: Window, under_way: Sequence[Entry]) -> None:
        """Read the history once for the orders of `window`, and settle what it settles."""
        found = await self._histories.read(window, under_way)
        owners = set[int]()
        taken = set[str]()
        for pair in certain_pairs(found.pairs):
            if pair.entry in under_way:
                continue
            seen = self._account.observation(pair.task, by_get=True)
            if await self._account.adopt(pair.entry.number, seen):
                owners.add(pair.entry.number)
            taken.add(pair.task.task_id)
        for entry in window.entries:
            if entry.number in owners:
                continue
            if not entry.state.doubtful:
                await self._looked(entry, "released, and not seen since")
                continue
            candidates = [row for row in found.near[entry.number] if row.task_id not in taken]
            if candidates:
                row = candidates[0]
                await self._account.note_absence(entry.number, None)
                words = candidate_words(entry, row.task_id, row.created_at, found.tasks.get(row.task_id or ""))
                await self._looked(entry, words)
            elif found.problem:
                await self._looked(entry, f"nothing was found, which proves nothing yet: {found.problem}")
            else:
                await self._prove(entry, Evidence(found.read_at, found.canaries.get(entry.account)))

    async def _prove(self, entry: Entry, evidence: Evidence) -> None:
        match next_step(entry, evidence):
            case Step.RELEASE:
                await self._account.release(entry.number)
                return
            case Step.FIRST:
                await self._account.note_absence(entry.number, evidence)
                words = "the history does not show it; a second look five minutes later can prove it absent"
            case Step.NOTHING if entry.absent_at is not None:
                words = "the history does not show it; a second look can prove it absent"
            case Step.NOTHING if evidence.canary_at is None:
                words = "the history does not show it, and no unfinished task of yours by which to trust the history"
            case Step.NOTHING if entry.error is None:
                words = "the history does not show it; since the provider's clock was unknown, that proves nothing"
            case Step.NOTHING:
                words = "the history does not show it, but the order is too young for that to prove anything"
        await self._looked(entry, words)

    async def _looked(self, entry: Entry, words: str) -> None:
        await self._account.note_look(entry.number, words)

    async def keep_looking(self) -> None:
        """In the background: look doubtful orders up when it is time, while there are any."""
        while True:
            await self._arisen.wait()
            try:
                wait = await self._wait()
            except WanxError as error:
                log.info("the ledger could not tell which orders are unknown: %s", error.code)
                wait = LATER_DUE.total_seconds()
            if wait is None:
                self._arisen = anyio.Event()
                continue
            await self._clock.idle(max(wait, RESTS))
            if wait <= 0 or await self._is_due():
                await self._look_up()

    async def _is_due(self) -> bool:
        try:
            wait = await self._wait()
        except WanxError:
            return False
        return wait is not None and wait <= 0

    async def _wait(self) -> float | None:
        """Seconds until the next look-up by itself is due, None if there is nothing to look up."""
        doubts, now = await self._account.doubts(), self._account.moment()
        dues = [_due_at(entry) - now for entry in doubts]
        return max(0.0, min(dues).total_seconds()) if dues else None


def _rest(entry: Entry) -> timedelta:
    return RELEASED_PAUSE if entry.state is State.RELEASED else PAUSE


def _due_at(entry: Entry) -> datetime:
    """When the server looks for `entry` by itself, in the provider's time."""
    first = entry.moment + FIRST_DUE
    looked = entry.looked_at
    if looked is None or looked < first:
        return first if entry.state is not State.RELEASED else (entry.released_at or first) + LATER_DUE
    if entry.absent_at is not None:
        return max(entry.absent_at + SECOND_DUE, looked + timedelta(minutes=1))
    age = looked - entry.moment
    return looked + (SECOND_DUE if age < timedelta(hours=1) else LATER_DUE)
