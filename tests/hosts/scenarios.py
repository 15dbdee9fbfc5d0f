"""What each host has to do, and what is wrong with it: judged by what the model received."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.hosts import script
from tests.hosts.apis import Call, Result
from tests.hosts.model import model
from tests.hosts.provider import provider
from tests.hosts.rows import HostRow
from tests.hosts.running import Home, Host, home
from tests.hosts.script import TASK_ID, VIDEO
from wanx_mcp.toolnames import CREATE, GET, LIST, PREVIEW, SAVE

RUN_SECONDS = 150
STEP_SECONDS = 90
"""From the start of a host to its first call."""

IN_THE_CALL_SECONDS = 1.0
"""After the model has asked for a wait, so that the server is in it when the host is cancelled."""

Problems = Iterator[str]


def whole_job(row: HostRow, received: list[script.Progress]) -> Problems:
    """A bad order's error, an order, its wait, the saved path, the preview."""
    with model() as played, home(row, played, "--simulate") as place:
        host = place.start("main")
        yield from _ended(host)
        got = played.received()
        received.append(got)
        errors, orders = got.of(CREATE)[:1], got.of(CREATE)[1:]
        yield from _lacks("the bad order's error", errors, "invalid_order: image is missing", "Next: set image to")
        yield from _lacks("the bad order's error", errors, "Charged by this call: no")
        yield from _lacks("the order", orders, "0.12", "simulated", TASK_ID.pattern)
        yield from _lacks("the wait", got.of(GET)[-1:], "completed", "0.12", got.task or "a task")
        yield from _lacks("the saved video", got.of(SAVE), VIDEO.pattern)
        yield from _preview(row, got)
        yield from _video(played.last_words(), place)
        yield from (f"a server was left: {words}" for words in host.orphans())


def _preview(row: HostRow, got: script.Progress) -> Problems:
    yield from _lacks("the preview", got.of(PREVIEW), "Contact sheet", "do not describe it", r"[\w-]+\.(jpg|png|webp)")
    seen = any(result.pictures for result in got.of(PREVIEW))
    if seen != row.shows_pictures:
        yield f"the preview's picture was {'shown' if seen else 'not shown'}"


def _video(words: str, place: Home) -> Problems:
    found = VIDEO.search(words)
    path = Path(found[0]) if found else None
    if path is None or not path.is_file():
        yield f"the model's last words name no saved video: {words[:200]!r}"
    elif b"ftyp" not in path.read_bytes()[:12] or not path.is_relative_to(place.folder):
        yield f"{path.name} is no video of this home"


def cancelled_in_a_wait(row: HostRow, received: list[script.Progress]) -> Problems:
    """Ctrl-C while the server waits: nothing is left running, and the order is found again, not placed again."""
    with model() as played, home(row, played, "--simulate") as place:
        host = place.start("wait")
        if not played.wait_for(_asks(GET), STEP_SECONDS):
            yield f"no wait began: {host.told()}"
        time.sleep(IN_THE_CALL_SECONDS)
        host.end(signal.SIGINT)
        yield from (f"a server was left: {words}" for words in host.orphans())
        first = played.received().task
        if first is None:
            yield "no order came back before the wait"
            return
        yield from _again(place, received, expected=first)


def killed_in_a_create(row: HostRow, received: list[script.Progress]) -> Problems:
    """The host is killed while the provider holds its order: it is looked up afterwards, and placed once."""
    with provider() as gate, model() as played:
        shell = {"PIAPI_BASE_URL": gate.url, "PIAPI_API_KEY": "any-key-will-do"}
        with home(row, played, "--with-key", "--carry", **shell) as place:
            host = place.start("wait")
            if not gate.arrived.wait(STEP_SECONDS):
                yield f"no order arrived: {host.told()}"
            host.end(signal.SIGKILL)
            gate.open.set()
            yield from (f"a server was left: {words}" for words in host.orphans())
            yield from _again(place, received, expected=None)
        if gate.orders != 1:
            yield f"{gate.orders} orders were placed instead of 1"


def _again(place: Home, received: list[script.Progress], expected: str | None) -> Problems:
    """The same order in a new host, in the same home: the model is told of the first one, and of no second."""
    place.model.forget()
    host = place.start("again")
    yield from _ended(host)
    got = place.model.received()
    received.append(got)
    listed = {found for result in got.of(LIST) for found in TASK_ID.findall(result.text)}
    if not got.of(CREATE) or not got.of(LIST):
        yield f"the order was not repeated: {place.model.last_words()[:200]!r} {host.told()}"
    elif len(listed) > 1 or (expected and listed != {expected}):
        yield f"the list has {sorted(listed)} instead of {expected or 'one order'}"
    elif not re.search(r"outcome_unknown|reused|already|same order", got.of(CREATE)[-1].text):
        yield f"the repeat was not recognised: {got.of(CREATE)[-1].text[:200]!r}"
    yield from (f"a server was left: {words}" for words in host.orphans())


def _asks(tool: str) -> Callable[[Call | str], bool]:
    return lambda answer: isinstance(answer, Call) and script.unwrapped(answer).tool == tool


def _ended(host: Host) -> Problems:
    code = host.wait(RUN_SECONDS)
    if code is None:
        host.end(signal.SIGTERM)
        yield f"it did not end within {RUN_SECONDS} s: {host.told()}"
    elif code:
        yield f"exit code {code}: {host.told()}"


def _lacks(what: str, results: list[Result], *patterns: str) -> Problems:
    if not results:
        yield f"{what} never came"
    for result in results[:1]:
        for pattern in patterns:
            if not re.search(pattern, result.text):
                yield f"{what} lacks {pattern!r}: {result.text[:200]!r}"


SCENARIOS = {
    "whole job": whole_job,
    "cancelled in a wait": cancelled_in_a_wait,
    "killed in a create": killed_in_a_create,
}
