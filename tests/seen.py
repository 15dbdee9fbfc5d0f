"""What can be seen of a quirk over HTTP: each function makes a look at a provider that answers yes or no."""

from __future__ import annotations

import unicodedata
from base64 import b64encode
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Literal

from tests.probe import KEY, PROMPT, Probe
from wanx_mcp.provider.answers import read_date

Look = Callable[[Probe], Awaitable[bool]]
HOURS = 6 * 3600
BOAT = {"prompt": "a boat"}


def echoed(seen: Callable[[Any], bool], given: dict[str, Any] | None = None) -> Look:
    async def look(probe: Probe) -> bool:
        return seen((await probe.read((await probe.made(given))["task_id"]))["input"])

    return look


def prompted(seen: Callable[[str], bool]) -> Look:
    return echoed(lambda given: seen((given or {}).get("prompt", "")))


def read(seen: Callable[[dict[str, Any]], bool], *, after: float = 0, failing: bool = False) -> Look:
    async def look(probe: Probe) -> bool:
        probe.simulator.weather.failing = float(failing)
        task_id = (await probe.made())["task_id"]
        probe.clock.advance(after)
        return seen({**await probe.read(task_id), "asked": task_id})

    return look


def used(seen: Callable[[dict[str, Any]], bool], *, after: float = 0, failing: bool = False) -> Look:
    return read(lambda data: seen(data["meta"].get("usage", {})), after=after, failing=failing)


def created(seen: Callable[[dict[str, Any]], bool]) -> Look:
    async def look(probe: Probe) -> bool:
        return seen(await probe.made())

    return look


def paged(seen: Callable[[Any], bool], *, tasks: int = 3, age: float = 3600, **query: Any) -> Look:
    """What a page of the history shows of tasks that are a minute apart, the newest of them `age` seconds old."""

    async def look(probe: Probe) -> bool:
        for number in range(tasks):
            await probe.made({"prompt": f"{number}"})
            probe.clock.advance(60)
        probe.clock.advance(age - 60)
        return seen(await probe.page(**query))

    return look


def listed(seen: Callable[[list[dict[str, Any]]], bool], **query: Any) -> Look:
    return paged(lambda page: seen(page["data"]), **query)


async def arrives_between_pages(probe: Probe) -> bool:
    for number in range(4):
        await probe.made({"prompt": f"{number}"})
    first, second = await probe.rows(page=1, page_size=2), await probe.rows(page=2, page_size=2)
    return first[-1]["task_id"] == second[0]["task_id"] and (await probe.rows())[0]["task_model"] == "kling"


async def leaves_between_pages(probe: Probe) -> bool:
    ids = [(await probe.made({"prompt": f"{number}"}))["task_id"] for number in range(4)]
    rows = [row for page in (1, 2) for row in await probe.rows(page=page, page_size=2)]
    return ids[1] not in [row["task_id"] for row in rows]


async def has_a_stranger(probe: Probe) -> bool:
    rows = await probe.rows()
    return bool(rows) and (await probe.read(rows[0]["task_id"]))["model"] == "kling"


async def listed_out_of_order(probe: Probe) -> bool:
    ids = [(await probe.made({"prompt": f"{number}"}))["task_id"] for number in range(20)]
    found = [row["task_id"] for row in await probe.rows()]
    return sorted(found) == sorted(ids) and found not in (ids, ids[::-1])


async def lists_eight_hours_off(probe: Probe) -> bool:
    await probe.made()
    now = probe.simulator.now().timestamp()
    off = await probe.rows(start_time=now + 8 * 3600 - 60, end_time=now + 8 * 3600 + 60)
    return bool(off) and not await probe.rows(start_time=now - 60, end_time=now + 60)


async def lists_what_was_not_asked_for(probe: Probe) -> bool:
    await probe.made()
    return bool(await probe.rows(start_time=1, end_time=2))


async def finds_newer_ones_only(probe: Probe) -> bool:
    await probe.made(BOAT)
    newer = probe.simulator.place(KEY, "wan22-txt2video-14b", BOAT).task_id
    filtered = [row["task_id"] for row in await probe.rows(model="wan")]
    return filtered == [newer] and len(await probe.rows()) == 2


def dated(created_off: Callable[[timedelta], bool], date_off: Callable[[timedelta | None], bool]) -> Look:
    """How far the date of a new task and the Date header are off."""

    async def look(probe: Probe) -> bool:
        probe.clock.advance(3500)
        response = await probe.create()
        date = read_date(response.json()["data"]["meta"]["created_at"])
        assert date
        return created_off(date - probe.simulator.now()) and date_off(probe.skew(response))

    return look


def right(off: timedelta | None) -> bool:
    return off is not None and abs(off) < timedelta(seconds=2)


def is_about(minutes: float) -> Callable[[timedelta | None], bool]:
    return lambda off: off is not None and abs(off - timedelta(minutes=minutes)) < timedelta(minutes=2)


def cached(*, aged: bool) -> Look:
    async def look(probe: Probe) -> bool:
        response = await dated_answer(probe)
        return is_about(-58)(probe.skew(response)) and ("age" in response.headers) == aged

    return look


async def dated_answer(probe: Probe) -> Any:
    probe.clock.advance(3500)
    return await probe.account()


async def gives_a_taken_id(probe: Probe) -> bool:
    first, second = await probe.made({"prompt": "one"}), await probe.made({"prompt": "two"})
    return first["task_id"] == second["task_id"] and probe.simulator.store.count() == 1


def given(spelt: Callable[[str], bool]) -> Look:
    """An id of that spelling, by which the task can be read."""

    async def look(probe: Probe) -> bool:
        task_id = (await probe.made())["task_id"]
        probe.clock.advance(HOURS)
        data = await probe.read(task_id)
        return spelt(task_id) and data["task_id"] == task_id and data["status"] == "completed"

    return look


def answered(kind: str, status: int, words: str = "", **headers: str) -> Look:
    """The answer to a request of that kind; a refused order has made no task."""

    async def look(probe: Probe) -> bool:
        task_id = probe.simulator.place(KEY, "txt2video-14b", BOAT).task_id
        calls = {"create": probe.create, "read": lambda: probe.get(task_id)}
        response = await (calls | {"history": probe.history, "account": probe.account})[kind]()
        expected = {name.replace("_", "-"): value for name, value in headers.items()}
        made = probe.simulator.store.count() - 1
        seen = response.status_code == status and words.lower() in response.text.lower()
        return seen and made == 0 and all(response.headers.get(name) == value for name, value in expected.items())

    return look


def said(words: Callable[[str], bool]) -> Look:
    async def look(probe: Probe) -> bool:
        response = await probe.create()
        return response.status_code == 400 and words(response.json()["message"])

    return look


async def upload_is_refused_for_the_plan(probe: Probe) -> bool:
    body = {"file_name": "in.png", "file_data": b64encode(b"a picture").decode()}
    response = await probe.client.post("/api/ephemeral_resource", json=body, headers={"x-api-key": KEY})
    return (response.status_code, response.json()["message"]) == (403, "insufficient plan level")


def failed(seen: Callable[[dict[str, Any]], bool]) -> Look:
    return read(lambda data: data["status"] == "failed" and seen(data), after=HOURS, failing=True)


def denied(status: int, media_type: str, *, for_ever: bool = True) -> Look:
    async def look(probe: Probe) -> bool:
        task_id = (await probe.made())["task_id"]
        first = await probe.get(task_id)
        probe.clock.advance(31)
        last = await probe.get(task_id)
        seen = (first.status_code, first.headers["content-type"].partition(";")[0]) == (status, media_type)
        return seen and last.status_code == (status if for_ever else 200) and len(await probe.rows()) == 1

    return look


def late(*, first: bool) -> Look:
    """An order that takes 15 s; its task was made before them or after them."""

    async def look(probe: Probe) -> bool:
        await probe.create()
        (task,) = probe.simulator.store.all()
        age = (probe.simulator.now() - task.created_at).total_seconds()
        return probe.clock.seconds() == 15 and age == (0 if first else 15)

    return look


def told(seen: Callable[[dict[str, Any]], bool]) -> Look:
    async def look(probe: Probe) -> bool:
        return seen((await probe.account()).json()["data"])

    return look


def form(name: Literal["NFC", "NFD", "NFKC"]) -> Callable[[str], bool]:
    """Whether the prompt has come back in that Unicode form, and in no other."""
    return lambda prompt: prompt == unicodedata.normalize(name, PROMPT)
