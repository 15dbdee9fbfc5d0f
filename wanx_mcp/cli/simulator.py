"""`wanx-mcp simulator`: the provider's HTTP API on loopback, until Ctrl-C."""

from __future__ import annotations

import os
import sqlite3
import sys
from datetime import timedelta
from functools import partial

import anyio

from wanx_mcp.catalog import CATALOG
from wanx_mcp.settings import read_settings
from wanx_mcp.simulator.climates import CLIMATES
from wanx_mcp.simulator.locking import LockedError
from wanx_mcp.simulator.serving import persistent, serving


def simulator(*, port: int, speed: float, climate: str, seed: int | None, key: str | None, kept: timedelta) -> int:
    """Serve until interrupted. Accepts only `key`, or any key if it is None. A finished video can be downloaded for
    `kept`. Returns the exit code."""
    if key is None:
        keys, taken, sample = None, "It accepts any key. Try it", "any"
    else:
        keys, taken, sample = (
            frozenset({key}),
            "It accepts only the key given with --key. To see another one refused",
            "another",
        )
    state = read_settings(os.environ).state_folder
    weather = CLIMATES[climate]
    try:
        simulated = anyio.run(partial(persistent, state, CATALOG, speed=speed, climate=weather, seed=seed, keys=keys))
    except LockedError:
        print(f"wanx-mcp simulator: another process has locked the tasks in {state}; end it", file=sys.stderr)
        return 1
    except (OSError, sqlite3.Error) as error:
        print(f"wanx-mcp simulator: tasks cannot be stored in {state} ({error}); set WANX_STATE_DIR", file=sys.stderr)
        return 1
    simulated.kept = kept

    async def run() -> None:
        async with serving(simulated, port) as url:
            print(
                f"The simulated provider listens on {url} ({speed:g} times faster than real time, {climate} weather)."
            )
            print(f"{taken}: {_line(url, sample)}", flush=True)
            await anyio.sleep_forever()

    try:
        anyio.run(run)
    except OSError as error:
        print(f"wanx-mcp simulator: port {port} cannot be used ({error.strerror}); try --port 0", file=sys.stderr)
        return 1
    return 0


def _line(url: str, key: str) -> str:
    """How to run the doctor against the simulator, in the shells of this platform."""
    if sys.platform == "win32":  # PowerShell and cmd have no common way to set a variable for one command
        return f"set PIAPI_BASE_URL to {url} and PIAPI_API_KEY to {key}, then wanx-mcp doctor"
    return f"PIAPI_BASE_URL={url} PIAPI_API_KEY={key} wanx-mcp doctor"
