"""Follows the account's orders in the background, until each has ended and its video is in its folder."""

from __future__ import annotations

# Each order, for all processes that share the ledger; the lease is in its row:
#
#   unattended --round: lease--> FOLLOWED --the task has ended--> SAVING --the file is in place--> done
#       ^                           |                              |
#       |   lease lost or let go    |     failed: noted in its row,|
#       +---------------------------+<-----------------------------+ tried again by whichever process is first
#
# A process that cannot write into an order's folder leaves that order alone for a while, so that another one can.
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import anyio
from anyio.abc import TaskGroup

from wanx_mcp.clock import Clock
from wanx_mcp.errors import LedgerUnusable, NotFinished, WanxError
from wanx_mcp.ledger import Entry
from wanx_mcp.limits import (
    FOLLOW_SECONDS,
    LIST_READ_SECONDS,
    LONGEST_SAVE_PAUSE_SECONDS,
    ROUND_SECONDS,
    SAVE_PAUSE_SECONDS,
    SAVE_POLL_SECONDS,
    START_SECONDS,
    UNWRITABLE_SECONDS,
)
from wanx_mcp.studio.account import Account
from wanx_mcp.studio.tasks.reading import TaskReading
from wanx_mcp.studio.tasks.view import QUIET_FAILURES
from wanx_mcp.studio.videos.disk_errors import UnwritableError
from wanx_mcp.studio.videos.fetching import LinkGoneError, TakenOverError
from wanx_mcp.studio.videos.saving import Saving

READ_AT_ONCE = 10
"""So many unattended orders are read before a list."""

log = logging.getLogger(__name__)


class Following:
    """The orders that this process follows, each in a job of its own."""

    def __init__(
        self, speed: float, clock: Clock, account: Account, reading: TaskReading, saving: Saving, group: TaskGroup
    ) -> None:
        self._first_read = FOLLOW_SECONDS[0] / speed
        self._clock = clock
        self._account = account
        self._reading = reading
        self._saving = saving
        self._group = group
        self._jobs: dict[int, anyio.CancelScope] = {}
        self._done: set[int] = set()
        self._resting: dict[int, float] = {}
        self._running = anyio.CancelScope()
        self._sleep = anyio.CancelScope()
        self._stirred = False

    def stop(self) -> None:
        """Let go of all orders: the process ends."""
        self._running.cancel()
        for job in self._jobs.values():
            job.cancel()

    def stir(self) -> None:
        """There may be a new order: begin the next round now."""
        self._stirred = True
        self._sleep.cancel()

    async def run(self) -> None:
        """Follow for ever, in rounds; the first one comes after the first answers of the server."""
        wait = START_SECONDS
        with self._running:
            while True:
                with anyio.CancelScope() as self._sleep:
                    if not self._stirred:
                        await self._clock.idle(wait)
                self._stirred, wait = False, ROUND_SECONDS
                try:
                    wait = await self._round()
                except WanxError as error:
                    log.info("no orders can be followed at the moment: %s", error.code)
                except Exception:
                    log.exception("following orders failed unexpectedly")

    async def _round(self) -> float:
        """Take and extend leases, and start the jobs of new ones. Returns the seconds until the next round."""
        _ = self._account.provider  # without one there is nothing to follow
        if not self._account.ledger.path.exists():
            return ROUND_SECONDS
        orders = [order for order in await self._account.to_follow() if order.number not in self._done]
        due = [order for order in orders if self._is_due(order)]
        held = await self._account.lease(due) if due else set[int]()
        if saving := self._saving.orders:
            held |= await self._account.lease(saving, saves=True)
        self._reading.share(len(orders))
        for number, job in self._jobs.items():
            if number not in held:
                job.cancel()  # another process has it now
        for order in due:
            if order.number in held and order.number not in self._jobs:
                self._jobs[order.number] = job = anyio.CancelScope()
                self._group.start_soon(self._follow, order, job)
        return self._wait(orders)

    def _is_due(self, order: Entry) -> bool:
        if order.number in self._jobs:
            return True
        again = order.save_again_at
        rested = self._clock.seconds() >= self._resting.get(order.number, 0.0)
        return rested and (again is None or again <= self._clock.now())

    def _wait(self, orders: Sequence[Entry]) -> float:
        coming = [order.save_again_at - self._clock.now() for order in orders if order.save_again_at is not None]
        return max(SAVE_POLL_SECONDS, min([ROUND_SECONDS, *(span.total_seconds() for span in coming)]))

    async def _follow(self, order: Entry, job: anyio.CancelScope) -> None:
        number = order.number
        try:
            with job:
                await self._bring_home(order)
        except WanxError as error:
            log.info("an order cannot be followed at the moment: %s", error.code)
            self._rest(number, ROUND_SECONDS)
        except Exception:
            log.exception("following an order failed unexpectedly")
            self._rest(number, ROUND_SECONDS)
        finally:
            self._jobs.pop(number, None)
        with suppress(LedgerUnusable):  # at the end of the process its lock frees what it has
            await self._account.let_go([number])

    def _rest(self, number: int, seconds: float) -> None:
        self._resting[number] = self._clock.seconds() + seconds

    async def _bring_home(self, order: Entry) -> None:
        """Wait for the order's end, then save its video if that is noted in its row."""
        if order.open or order.video_url is None:
            age = abs((self._clock.now() - order.created_at).total_seconds())
            first_in = max(0.0, self._first_read - age)  # the answer to an order held its state
            await self._reading.follow(order.task_id or "", first_in=first_in)
        ended = await self._account.entry(order.number)
        if ended is None or ended.save_to is None or ended.status != "completed":
            self._done.add(order.number)
        elif ended.number in await self._account.lease([ended], saves=True):
            await self._save(ended)

    async def _save(self, order: Entry) -> None:
        try:
            await self._saving.save_by_itself(order)
        except (NotFinished, TakenOverError) as error:
            log.info("a video is not saved now: %s", error.what)
            self._rest(order.number, ROUND_SECONDS)
        except LedgerUnusable:
            raise
        except WanxError as error:
            await self._note_failure(order, error)
        else:
            self._done.add(order.number)

    async def _note_failure(self, order: Entry, error: WanxError) -> None:
        log.warning("a video could not be saved by itself: %s", error.what)
        failures = order.save_failures + 1
        pause = min(SAVE_PAUSE_SECONDS * 2 ** (failures - 1), LONGEST_SAVE_PAUSE_SECONDS)
        given_up = isinstance(error, LinkGoneError) and failures >= QUIET_FAILURES
        again_at = None if given_up else self._clock.now() + timedelta(seconds=pause)
        await self._account.fail_to_save(order.number, error.what, again_at)
        if isinstance(error, UnwritableError):
            self._rest(order.number, UNWRITABLE_SECONDS)

    # For lists

    async def read_unattended(self) -> None:
        """Read the open orders that no living process follows: what the ledger has of them may be old."""
        recent = self._account.moment() - timedelta(seconds=FOLLOW_SECONDS[0])
        orders = [order for order in await self._account.to_follow() if order.open]
        stale = [order for order in orders if (order.seen_at or order.moment) < recent]
        unattended = await self._account.unattended(stale)
        with anyio.move_on_after(LIST_READ_SECONDS):
            async with anyio.create_task_group() as group:
                for order in unattended[:READ_AT_ONCE]:
                    group.start_soon(self._read, order.task_id or "")

    async def _read(self, task_id: str) -> None:
        with suppress(WanxError):  # then it is listed as it is booked
            await self._reading.look(task_id)

    async def wait_for_an_end(self, seconds: float) -> None:
        """Wait until one of the orders that are open now has ended, or `seconds` are over. The ledger is asked, into
        which the followers write: waiting causes no reads."""
        until = self._clock.seconds() + seconds
        begun = await self._open_numbers()
        while begun and (left := until - self._clock.seconds()) > 0:
            await self._clock.sleep(min(SAVE_POLL_SECONDS, left))
            if begun - await self._open_numbers():
                return

    async def _open_numbers(self) -> set[int]:
        return {order.number for order in await self._account.to_follow() if order.open}
