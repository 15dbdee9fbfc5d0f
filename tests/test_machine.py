"""Any sequence of orders, weather, cancellations, time, power cuts and second servers: the money is always right."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections import Counter
from contextlib import AbstractContextManager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.world import Agent, World, text
from wanx_mcp.ledger.sender import FOLDER
from wanx_mcp.money import to_points
from wanx_mcp.simulator.quirks import clocks, history
from wanx_mcp.simulator.quirks.quirk import Quirk
from wanx_mcp.simulator.quirks.table import QUIRKS
from wanx_mcp.simulator.weather import Fault

PROMPTS = ("boat", "cat")
KEYS = (None, "one", "two")
ACCOUNTS = ("key-of-the-first", "key-of-the-second")
BREAKS = (httpx.ReadTimeout, httpx.ConnectError, httpx.RemoteProtocolError, httpx.WriteError, httpx.ConnectTimeout)
BUDGET = "1.50"
PRICE = 2_800_000
"""Points of each order here, while prices do not rise."""

ECHOES = (
    "escaped",
    "nfd",
    "extended",
    "cut_short",
    "no_prompt",
    "empty",
    "null",
    "no_ratio",
    "type_renamed",
    "no_type",
)
HISTORIES = ("empty", "null_list", "thin", "filter_finds_nothing", "total_too_big", "total_too_small", "arrivals")
LISTS = ("departures", "page_repeats", "shuffled", "twice", "row_without_id", "row_without_date", "row_other_type")
IDS = ("underscore", "slash", "reserved", "long", "other_case", "padded", "another")
BODIES = ("task_young", "task_html_404", "task_always_500", "history_html_404", "read_plain_404", "account_anonymous")
RISE = "price_factor"
CLOCKS = (
    QUIRKS["clock_no_date"],
    QUIRKS["clock_local_dates"],
    clocks.created_off(-90),
    clocks.cached_date(600, age=False),
)
_WEATHER: tuple[Quirk, ...] = (
    *(QUIRKS[f"echo_{name}"] for name in ECHOES),
    *(QUIRKS[f"history_{name}"] for name in (*HISTORIES, *LISTS)),
    *(QUIRKS[f"id_{name}"] for name in IDS),
    *(QUIRKS[name] for name in (*BODIES, RISE)),
    history.lag(7),
    *CLOCKS,
)
WEATHER = {quirk.name: quirk for quirk in _WEATHER}
"""All that can be odd for a while. It is fair in the end."""


class Money(RuleBasedStateMachine):
    """Two servers on one ledger, one provider; what the provider really did is the truth."""

    @initialize(seed=st.integers(0, 2**16), shared=st.booleans())
    def open(self, seed: int, shared: bool) -> None:
        self.shared = shared
        self.clocks_were_wrong = self.prices_rose = False
        self.portal_context: AbstractContextManager[BlockingPortal] = start_blocking_portal()
        self.portal = self.portal_context.__enter__()
        self.world = World({"WANX_DAILY_BUDGET_USD": BUDGET})
        self.world.simulator.weather.random.seed(seed)
        self.world.simulator.weather.failing = 0.2
        if shared:
            self.world.simulator.accounts = dict.fromkeys(ACCOUNTS, "one")
        self.contexts: list[AbstractContextManager[Agent]] = []
        self.start()

    def start(self) -> None:
        for account in ACCOUNTS:
            view = self.world.beside(PIAPI_API_KEY=account)
            for _ in range(2):
                self.contexts.append(self.portal.wrap_async_context_manager(view.client()))
        self.agents = [context.__enter__() for context in self.contexts]

    def stop(self) -> None:
        while self.contexts:
            self.contexts.pop().__exit__(None, None, None)

    def teardown(self) -> None:
        if not hasattr(self, "portal"):
            return
        try:
            self.everything_is_found_in_the_end()
        finally:
            self.stop()
            self.portal_context.__exit__(None, None, None)

    # What happens

    @rule(
        server=st.integers(0, 3),
        prompt=st.sampled_from(PROMPTS),
        key=st.sampled_from(KEYS),
        faults=st.lists(st.sampled_from(list(Fault)), max_size=2),
        breaks=st.lists(st.sampled_from(BREAKS), max_size=1),
    )
    def create(
        self, server: int, prompt: str, key: str | None, faults: list[Fault], breaks: list[type[httpx.TransportError]]
    ) -> None:
        self.world.simulator.weather.coming("POST", *faults)
        self.world.line.broken_orders = [kind("broken") for kind in breaks]
        tasks, doubts = self.world.simulator.store.count(), self.doubts()
        order = {"task_type": "txt2video-14b", "prompt": prompt, **({"request_id": key} if key else {})}
        result = self.portal.call(lambda: self.agents[server].call("create_wanx_task", **order))
        self.fair_weather()
        told, new = text(result), self.world.simulator.store.count() - tasks
        if "Charged by this call: no" in told:
            assert new == 0, told
        if "Charged by this call: maybe" in told:
            assert new <= 1
            assert len(self.doubts() - doubts) == 1, told
        if result.structured_content and result.structured_content["reused"]:
            assert new == 0
        elif not result.is_error:
            assert new == 1

    @rule(server=st.integers(0, 3), prompt=st.sampled_from(PROMPTS), fault=st.sampled_from(list(Fault)))
    def create_and_cancel_the_call(self, server: int, prompt: str, fault: Fault) -> None:
        self.world.simulator.weather.coming("POST", fault)
        agent, line = self.agents[server], self.world.line

        async def cancelled() -> None:
            left_or_done = anyio.Event()

            async def on_request(request: httpx.Request) -> None:
                if request.method == "POST":
                    left_or_done.set()
                    await anyio.lowlevel.checkpoint()

            async def call() -> None:
                await agent.call("create_wanx_task", task_type="txt2video-14b", prompt=prompt)
                left_or_done.set()

            line.on_request = on_request
            async with anyio.create_task_group() as group:
                group.start_soon(call)
                await left_or_done.wait()
                group.cancel_scope.cancel()
            line.on_request = None
            await agent.call("list_wanx_tasks")

        self.portal.call(cancelled)
        self.fair_weather()

    # Windows removes no file of a ledger that a server of this process has not closed within its last 0.3 s.
    @precondition(lambda _self: os.name == "posix")
    @rule(
        server=st.integers(0, 3),
        prompt=st.sampled_from(PROMPTS),
        after=st.booleans(),
        fault=st.sampled_from(list(Fault)),
    )
    def order_and_cut_the_power(self, server: int, prompt: str, after: bool, fault: Fault) -> None:
        """The ledger falls back to what was on the disk before or after the request reached the provider."""
        self.world.simulator.weather.coming("POST", fault)
        kept = Path(tempfile.mkdtemp(prefix="wanx-cut-"))
        line = self.world.line

        async def snapshot(request: httpx.Request) -> None:
            if request.method == "POST":
                # Windows lets nobody read a file that its process has locked; after a power cut it says nothing anyway.
                shutil.copytree(self.world.state, kept, dirs_exist_ok=True, ignore=shutil.ignore_patterns(FOLDER))

        line.on_request, line.on_response = (None, snapshot) if after else (snapshot, None)
        order = {"task_type": "txt2video-14b", "prompt": prompt}
        self.portal.call(lambda: self.agents[server].call("create_wanx_task", **order))
        line.on_request = line.on_response = None
        self.fair_weather()
        self.stop()
        if any(kept.iterdir()):
            shutil.rmtree(self.world.state)
            shutil.copytree(kept, self.world.state)
        shutil.rmtree(kept)
        self.start()

    @rule(server=st.integers(0, 3), fault=st.sampled_from(list(Fault)))
    def look_at_everything(self, server: int, fault: Fault) -> None:
        agent = self.agents[server]
        self.world.simulator.weather.coming("GET", fault)

        async def look() -> None:
            for task in (await agent.ok("list_wanx_tasks", limit=50))["tasks"]:
                if "task_id" in task:
                    await agent.call("get_wanx_task", task_id=task["task_id"])
                    await agent.call("cancel_wanx_task", task_id=task["task_id"])

        self.portal.call(look)
        self.fair_weather()

    @rule(names=st.sets(st.sampled_from(sorted(WEATHER)), max_size=2))
    def the_weather_turns(self, names: set[str]) -> None:
        odd = self.world.simulator.weather.quirks = tuple(WEATHER[name] for name in sorted(names))
        self.clocks_were_wrong |= any(quirk in CLOCKS for quirk in odd)
        self.prices_rose |= QUIRKS[RISE] in odd

    @rule(hours=st.sampled_from([-30, -1, 1, 30]))
    def our_clock_is_set(self, hours: int) -> None:
        self.world.clock.shift(hours * 3600)
        self.world.simulator.skew -= timedelta(hours=hours)
        self.clocks_were_wrong = True

    @rule(server=st.integers(0, 3), prompt=st.sampled_from(PROMPTS), seconds=st.sampled_from([30, 100, 700]))
    def order_and_suspend_before_it_leaves(self, server: int, prompt: str, seconds: int) -> None:
        agent, line = self.agents[server], self.world.line
        tasks = self.world.simulator.store.count()

        async def suspend(request: httpx.Request) -> None:
            if request.method == "POST":
                self.world.clock.suspend(seconds)

        line.on_connect = suspend
        order = {"task_type": "txt2video-14b", "prompt": prompt}
        result = self.portal.call(lambda: agent.call("create_wanx_task", **order))
        line.on_connect = None
        if seconds > 90 and not (result.structured_content or {}).get("reused"):
            assert self.world.simulator.store.count() == tasks
            assert result.is_error

    @rule(seconds=st.sampled_from([1, 30, 150, 700, 4000]))
    def time_goes_by(self, seconds: int) -> None:
        self.world.clock.advance(seconds)

    @rule()
    def restart(self) -> None:
        self.stop()
        self.start()

    # What is always true

    def fair_weather(self) -> None:
        self.world.simulator.weather.clear()
        self.world.line.broken_orders = []

    def entries(self) -> list[dict[str, Any]]:
        path = self.world.state / "ledger.sqlite3"
        if not path.exists():
            return []
        db = sqlite3.connect(path)
        db.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in db.execute("select * from entry")]
        finally:
            db.close()

    def doubts(self) -> set[int]:
        return {entry["number"] for entry in self.entries() if entry["state"] in ("unknown", "intended")}

    @invariant()
    def the_ledger_never_says_less_than_was_charged(self) -> None:
        if hasattr(self, "world"):
            now, tasks = self.world.simulator.now(), self.world.simulator.store.all()
            booked = sum(entry["booked"] for entry in self.entries())
            # What a lost answer would have said of a new price is not known before the task is found.
            assert booked >= sum(min(task.consumed(now), PRICE) for task in tasks if not task.is_of_other_product)

    @invariant()
    def every_task_of_the_provider_is_one_order_of_ours(self) -> None:
        if hasattr(self, "world"):
            alive = [entry for entry in self.entries() if entry["state"] not in ("declined", "released")]
            assert len(self.tasks()) <= len(alive)
            if self.shared:  # two keys can have used one request_id before they were known to be of one account
                return
            keys = Counter((entry["account"], entry["request_id"]) for entry in alive if entry["request_id"])
            assert all(count == 1 for count in keys.values())

    @invariant()
    def the_budget_holds(self) -> None:
        if hasattr(self, "world") and not self.prices_rose and not self.clocks_were_wrong:
            assert sum(entry["booked"] for entry in self.entries()) <= to_points_of_days(self.world)

    def tasks(self) -> set[str]:
        """The ids of the tasks that were ordered here."""
        return {task.task_id for task in self.world.simulator.store.all() if not task.is_of_other_product}

    def everything_is_found_in_the_end(self) -> None:
        """In fair weather, beside orders that are accepted, each order has its task or is proved absent."""

        async def settle() -> None:
            for number, agent in enumerate(self.agents):
                await agent.ok("create_wanx_task", task_type="txt2video-14b", prompt=f"canary {number}")
            for _ in range(8):
                for agent in self.agents:
                    for _ in range(3):  # of many doubts, not all are looked for at once
                        await agent.ok("list_wanx_tasks")
                        self.world.clock.advance(11)
                self.world.clock.advance(330)

        self.fair_weather()
        self.world.simulator.weather.quirks = ()
        self.world.simulator.weather.quirks_of.clear()
        self.stop()
        self.world.environment = {"WANX_DAILY_BUDGET_USD": "unlimited"}
        self.start()
        self.portal.call(settle)
        owned = [entry["task_id"] for entry in self.entries() if entry["state"] == "accepted"]
        assert len(owned) == len(set(owned))
        assert set(owned) <= self.tasks()
        lost, doubts = self.tasks() - set(owned), self.doubts()
        assert len(lost) <= len(doubts), "a task that nobody owns is an order in doubt"
        if not self.clocks_were_wrong:
            assert not lost
            assert not doubts


def to_points_of_days(world: World) -> int:
    """The budget of as many whole days as may lie in the run."""
    days = int(world.clock.seconds() // 86_400) + 1
    return to_points(Decimal(BUDGET)) * days


TestMoney = Money.TestCase
TestMoney.settings = settings(
    max_examples=int(os.environ.get("MACHINE_EXAMPLES", "40")),
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.reuse, Phase.generate],  # runs are slow, so a failure is replayed as it is, by its blob
    print_blob=True,
)
