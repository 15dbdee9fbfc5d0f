"""Settles orders of unknown outcome by the provider's history: adopts, releases, revives. Never places one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import anyio

from wanx_mcp.clock import Clock
from wanx_mcp.errors import NotConfigured, WanxError
from wanx_mcp.ledger import Entry, State
from wanx_mcp.provider import HistoryRow
from wanx_mcp.studio.account import Account
from wanx_mcp.studio.background import Background
from wanx_mcp.studio.orders.doubt import candidate_words
from wanx_mcp.studio.orders.history import Found, Histories, key_and_model
from wanx_mcp.studio.orders.matching import certain_pairs
from wanx_mcp.studio.orders.proof import Evidence, Step, next_step, vouches_at
from wanx_mcp.studio.orders.windows import Window

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
every LATER_DUE, with RESTS seconds between any two rounds; it sleeps no longer than that at a time."""

TEACHES = timedelta(minutes=3)
"""For so long after an order of ours has been accepted, the server looks by itself whether the history shows it while
it is unfinished, if it has never shown one: such a history is believed later even if no unfinished one is there."""

log = logging.getLogger(__name__)


class Reconciling:
    """One round of look-ups at a time, shared by every call that wants one."""

    def __init__(self, account: Account, clock: Clock, background: Background) -> None:
        self._account = account
        self._clock = clock
        self._background = background
        self._histories = Histories(account)
        self._round: anyio.Event | None = None
        self._arisen = anyio.Event()
        self._looked_here: set[int] = set()

    def arose(self) -> None:
        """An order has become doubtful: the background look-ups take it up."""
        self._arisen.set()

    async def settle(self, *, now: bool = False) -> None:
        """Look doubtful orders up, unless that was done just now and the call can do without. What cannot be read
        stays in doubt; that is no error of the call, which waits CALL_SECONDS at most."""
        with anyio.move_on_after(CALL_SECONDS):
            try:
                await self._settle(now=now)
            except NotConfigured:
                return
            except WanxError as error:
                log.info("unknown orders could not be looked up: %s", error.code)
            except Exception:
                log.exception("looking up unknown orders failed unexpectedly")

    async def _settle(self, *, now: bool) -> None:
        joined = self._round is not None
        while (under_way := self._round) is not None:
            await under_way.wait()
        doubts = [entry for entry in await self._account.doubts() if not self._account.in_flight(entry)]
        if doubts:
            self.arose()
        if doubts and ((now and not joined) or await self._due(doubts)):  # one that was joined has just looked
            await self._look_up()

    async def _due(self, doubts: Sequence[Entry]) -> bool:
        """Whether one of `doubts` was not looked for just now, or not since there is more to learn. A process that has
        just started looks once, whatever others have done."""
        if any(entry.state.doubtful and entry.number not in self._looked_here for entry in doubts):
            return True
        now = self._account.moment()
        if any(entry.looked_at is None or abs(now - entry.looked_at) >= _rest(entry) for entry in doubts):
            return True
        return _teaches(await self._account.unshown(), doubts)

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
                self._round = None
                over.set()

        self._background.send(work)
        await over.wait()

    async def _work(self) -> None:
        doubts = await self._account.doubts()
        sought = [entry for entry in doubts if not self._account.in_flight(entry)]
        try:
            await self._account.identify()
            windows = await self._histories.windows(sought)
        except WanxError as error:
            log.info("unknown orders could not be looked up: %s", error.code)
            return
        for window in windows:
            await self._look_in(window)

    async def _look_in(self, window: Window) -> None:
        """Read the history once for the orders of `window`, and settle what it settles."""
        try:
            await self._read(window)
        except WanxError as error:
            log.info("the history could not be read: %s", error.code)
            words = f"the provider's history could not be read ({error.code})"
        except Exception:
            log.exception("looking up unknown orders failed unexpectedly")
            words = "the look was ended by an unexpected fault of this server"
        else:
            return
        for entry in window.entries:
            await self._looked(entry, words)

    async def _read(self, window: Window) -> None:
        noted_at = self._clock.now()
        found = await self._histories.read(window)
        wanted = {entry.number for entry in window.entries}
        owners = set[int]()
        taken = set[str]()
        for pair in certain_pairs(found.pairs):
            if pair.entry.number not in wanted:  # it is on its way, or in another window
                continue
            seen = self._account.observation(pair.task, by_get=True)
            if await self._account.adopt(pair.entry.number, seen):
                owners.add(pair.entry.number)
            taken.add(pair.task.task_id)
        for entry in window.entries:
            if entry.number in owners:
                continue
            rows = [row for row in found.near[entry.number] if row.task_id not in taken]
            if rows:
                await self._doubt(entry, rows[0], found)
            elif not entry.state.doubtful:
                await self._looked(entry, "released, and not seen since")
            elif found.problem:
                await self._looked(entry, f"nothing was found, which proves nothing yet: {found.problem}")
            else:
                canary = found.canaries.get(key_and_model(entry))
                canary_at = vouches_at(entry, canary) if canary else None
                await self._prove(entry, Evidence(found.begun_at, found.read_at, noted_at, canary_at))

    async def _doubt(self, entry: Entry, row: HistoryRow, found: Found) -> None:
        """`row` may be the order, and is not certain enough to be adopted: whatever was proved is proved no more."""
        if entry.state is State.RELEASED:
            await self._account.recall(entry.number)
        else:
            await self._account.note_absence(entry.number, None)
        task = found.tasks.get(row.task_id or "")
        await self._looked(entry, candidate_words(entry, row.task_id, row.created_at, task))

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
        self._looked_here.add(entry.number)
        await self._account.note_look(entry.number, words)

    async def keep_looking(self) -> None:
        """In the background: look doubtful orders up when it is time, while there are any."""
        while True:
            await self._arisen.wait()
            self._arisen = anyio.Event()
            while (wait := await self._wait()) is not None:
                if wait <= 0:
                    await self._look_up()
                # Never asleep for long: only short sleeps notice a suspension, or a clock that was set.
                await self._clock.idle(min(wait, RESTS) if wait > 0 else RESTS)

    async def _wait(self) -> float | None:
        """Seconds until the next look-up by itself is due, None if there is nothing to look up."""
        try:
            doubts, unshown, now = await self._account.doubts(), await self._account.unshown(), self._account.moment()
        except WanxError as error:
            log.info("the ledger could not tell which orders are unknown: %s", error.code)
            return LATER_DUE.total_seconds()
        if not doubts:
            return None
        if any(entry.state.doubtful for entry in doubts) and _teaches(unshown, doubts, TEACHES):
            return 0.0
        return max(0.0, min(_due_at(entry) - now for entry in doubts).total_seconds())


def _teaches(unshown: datetime | None, doubts: Sequence[Entry], after: timedelta = timedelta(0)) -> bool:
    """Whether the order that was placed at `unshown` has not been looked for yet, or only until `after` that."""
    looked = [entry.looked_at for entry in doubts if entry.looked_at is not None]
    return unshown is not None and (not looked or max(looked) <= unshown + after)


def _rest(entry: Entry) -> timedelta:
    return RELEASED_PAUSE if entry.state is State.RELEASED else PAUSE


def _due_at(entry: Entry) -> datetime:
    """When the server looks for `entry` by itself, in the provider's time."""
    first, looked = entry.moment + FIRST_DUE, entry.looked_at
    if entry.state is State.RELEASED:
        return max(looked or first, entry.released_at or first) + LATER_DUE
    if looked is None or looked < first:
        return first
    if entry.absent_at is not None and looked < entry.absent_at + SECOND_DUE:
        return entry.absent_at + SECOND_DUE
    age = looked - entry.moment
    return looked + (SECOND_DUE if age < timedelta(hours=1) else LATER_DUE)
