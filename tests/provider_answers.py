"""Answers put in the provider's place: for some requests only, so that the others still meet the simulator."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx

from tests.world import Answer, World

TASKS = "/api/v1/task"


def answering(world: World, answer: Callable[[], httpx.Response], *, method: str = "POST", path: str = TASKS) -> None:
    """Requests of `method` whose path begins with `path` get what `answer` makes."""

    async def reply(request: httpx.Request, inner: Answer) -> httpx.Response:
        if request.method == method and request.url.path.startswith(path):
            return answer()
        return await inner(request)

    world.line.answer(reply)


def own(status: int, message: str, *, http: int | None = None, **headers: str) -> httpx.Response:
    """A refusal in the provider's own envelope; `http` is the HTTP status if it is another."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps({"code": status, "message": message, "data": None})
    return httpx.Response(http or status, text=body, headers=named)


def page(status: int, text: str = "<html><h1>Oops</h1></html>", **headers: str) -> httpx.Response:
    """A page of something that stands in front of the provider."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, text=text, headers=named)
