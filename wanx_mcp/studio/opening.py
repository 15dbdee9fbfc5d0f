"""Opening and closing the studio: the provider or the simulator behind it, and the background under way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup, TaskStatus

from wanx_mcp.addresses import is_loopback
from wanx_mcp.catalog import Catalog
from wanx_mcp.clock import Clock
from wanx_mcp.errors import Unreachable
from wanx_mcp.ledger import Ledger
from wanx_mcp.limits import CLOSING_SECONDS
from wanx_mcp.media.download import Limits
from wanx_mcp.provider import Provider, Upstream, Wire
from wanx_mcp.settings import Settings
from wanx_mcp.studio.account import Account
from wanx_mcp.studio.background import Background
from wanx_mcp.studio.studio import Studio

_HELD = "make the same call again in a minute; if that does not help, ask the user to end the other process"
_UNKEPT = (
    "ask the user to make that folder writable, to move a damaged simulator.sqlite3 in it aside, or to set "
    "WANX_STATE_DIR to another folder"
)


@asynccontextmanager
async def open_studio(
    settings: Settings,
    catalog: Catalog,
    clock: Clock,
    upstream: Upstream | None = None,
    limits: Limits | None = None,
    *,
    follow: bool = True,
) -> AsyncIterator[Studio]:
    """A studio for `settings`. `upstream` replaces the provider that they name, `limits` those of a download; `follow`:
    whether it follows its orders in the background.

    Raises NotConfigured where there is no folder for the ledger.
    """
    _ = settings.ledger_path  # outside of the group, in which an error that says what to do would become one of many
    async with anyio.create_task_group() as group:
        background = Background(group)
        try:
            async with open_account(settings, catalog, clock, group, upstream) as account:
                studio = Studio(settings, catalog, clock, account, background, group, limits or Limits())
                try:
                    if follow:
                        studio.follow()
                    yield studio
                finally:
                    studio.stop_following()
                    with anyio.CancelScope(shield=True):
                        await background.settle()
                    studio.videos.discard_parts()
        finally:
            group.cancel_scope.cancel()


@asynccontextmanager
async def open_account(
    settings: Settings, catalog: Catalog, clock: Clock, group: TaskGroup, upstream: Upstream | None = None
) -> AsyncIterator[Account]:
    """The account of `settings`; a simulator behind it lives in `group`, whose end is the caller's to bring about."""
    found = upstream or _upstream(settings, catalog, group)
    provider = None
    if found is not None:
        # The simulator's key is a word, and no secret.
        secrets = settings.secrets if settings.simulate else (found.key, *settings.secrets)
        wires = Wire(found, clock), Wire(found.uploads, clock)
        provider = Provider(*wires, loopback=found.loopback, secrets=secrets)
    ledger = Ledger(settings.ledger_path)
    account = Account(settings, clock, ledger, found, provider)
    try:
        yield account
    finally:
        with anyio.move_on_after(CLOSING_SECONDS, shield=True):
            if provider is not None:
                await provider.aclose()
            await ledger.aclose()
        account.sender.release()


def _upstream(settings: Settings, catalog: Catalog, group: TaskGroup) -> Upstream | None:
    if settings.simulate:
        return Upstream("simulator", _simulator(settings, catalog, group), key="simulated", loopback=True)
    if settings.api_key is None:
        return None

    async def locate() -> str:
        return settings.base_url

    async def locate_uploads() -> str:
        return settings.upload_host

    return Upstream(
        settings.base_url,
        locate,
        key=settings.api_key,
        loopback=is_loopback(settings.base_url),
        locate_uploads=locate_uploads,
    )


def _simulator(settings: Settings, catalog: Catalog, group: TaskGroup) -> Callable[[], Awaitable[str]]:
    """Where the simulator is: started by the first question, in the studio's own task group."""
    lock = anyio.Lock()
    url: str | None = None

    async def run(*, task_status: TaskStatus[str]) -> None:
        import sqlite3

        from wanx_mcp.simulator.locking import LockedError
        from wanx_mcp.simulator.serving import persistent, serving

        try:
            simulator = await persistent(settings.state_folder, catalog, speed=settings.simulate_speed)
        except LockedError as error:
            what = f"another process holds the simulated tasks in {settings.state_folder}"
            raise Unreachable(what, advice=_HELD) from error
        except (OSError, sqlite3.Error) as error:
            what = f"no simulated tasks can be kept in {settings.state_folder} ({error}), so nothing was sent"
            raise Unreachable(what, advice=_UNKEPT) from error
        async with serving(simulator) as address:
            task_status.started(address)
            await anyio.sleep_forever()

    async def locate() -> str:
        nonlocal url
        async with lock:
            if url is None:
                url = await group.start(run)
        return url

    return locate
