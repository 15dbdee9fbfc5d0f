"""Where the card is played: the real server over stdio, a host page over loopback, and a say in what tasks do."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import uvicorn
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client, StdioServerParameters
from mcp.client import advertise
from mcp.client.stdio import stdio_client
from mcp.server.apps import APP_MIME_TYPE, EXTENSION_ID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from wanx_mcp.simulator.life import Plan
from wanx_mcp.simulator.store import Store

HERE = Path(__file__).parent
WAITING = Plan(pending=1e6, processing=1e6)
WORKING = Plan(pending=4, processing=1e6)
BROKEN = Plan(pending=1, processing=20, error="CUDA out of memory on worker 7")


def policy(csp: dict[str, list[str]] | None, data: str = "data:") -> str:
    """The policy that the specification of MCP Apps asks of a host: what was declared, and nothing else. Some hosts
    are stricter and leave `data` out."""
    declared = " ".join((csp or {}).get("resourceDomains", []))
    connect = " ".join((csp or {}).get("connectDomains", [])) or "'none'"
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'unsafe-inline' {declared}",
            f"style-src 'self' 'unsafe-inline' {declared}",
            f"img-src 'self' {data} {declared}",
            f"font-src 'self' {declared}",
            f"media-src 'self' {data} {declared}",
            f"connect-src {connect}",
            "frame-src 'none'",
            "object-src 'none'",
            "base-uri 'self'",
        )
    )


@dataclass
class Theatre:
    """The server process behind a host page. `url` is the page."""

    portal: BlockingPortal
    client: Client
    state: Path
    url: str

    @property
    def videos(self) -> Path:
        return self.state / "videos"

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """A call of the model's that nobody shows; its structured result."""
        result = self.portal.call(self.client.call_tool, tool, arguments)
        assert not result.is_error, result
        assert result.structured_content is not None
        return dict(result.structured_content)

    def order(self, prompt: str = "A paper boat drifts along a rain gutter at dusk", **arguments: Any) -> str:
        """A new task, which waits in the queue until it is told otherwise."""
        wanted = {"task_type": "txt2video-14b", "prompt": prompt, "request_id": f"take-{datetime.now(UTC)}"}
        task_id = str(self.call("create_wanx_task", **wanted, **arguments)["task_id"])
        self.direct(task_id, WAITING)
        return task_id

    def direct(self, task_id: str, plan: Plan, *, ago: float = 0, cancelled: bool = False) -> None:
        """Give the task that life, begun so many seconds ago: the simulator reads it with its next answer."""
        store = Store(self.state / "simulator.sqlite3")
        task = store.find(task_id)
        assert task is not None
        now = datetime.now(UTC)
        begun = now - timedelta(seconds=ago)
        store.save(replace(task, plan=plan, created_at=begun, cancelled_at=now if cancelled else None))
        store.close()

    def finish(self, task_id: str, took: float = 168, *, ago: float = 20) -> None:
        """The video is there, since so many seconds `ago`, after so many that it took."""
        self.direct(task_id, Plan(pending=took * 0.08, processing=took * 0.92), ago=took + ago)


def _app(client: Client, script: bytes) -> Starlette:
    async def page(_request: Request) -> Response:
        return HTMLResponse((HERE / "host.html").read_text(encoding="utf-8"))

    async def bundle(_request: Request) -> Response:
        return Response(script, media_type="text/javascript")

    async def sandbox(request: Request) -> Response:
        asked = request.query_params
        header = {"content-security-policy": policy(json.loads(asked["csp"]), asked["data"])}
        return HTMLResponse((HERE / "sandbox.html").read_text(encoding="utf-8"), headers=header)

    async def listed(_request: Request) -> Response:
        return _shown(await client.list_tools())

    async def read(request: Request) -> Response:
        return _shown(await client.read_resource((await request.json())["uri"]))

    async def called(request: Request) -> Response:
        params = await request.json()
        return _shown(await client.call_tool(params["name"], params.get("arguments") or {}))

    async def nothing(_request: Request) -> Response:
        return Response(status_code=204)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/host.js", bundle),
            Route("/sandbox", sandbox),
            Route("/favicon.ico", nothing),
            Route("/tools/list", listed, methods=["POST"]),
            Route("/resources/read", read, methods=["POST"]),
            Route("/tools/call", called, methods=["POST"]),
        ]
    )


def _shown(result: Any) -> Response:
    return JSONResponse(result.model_dump(mode="json", by_alias=True, exclude_none=True))


@asynccontextmanager
async def _playing(environment: dict[str, str], script: bytes) -> AsyncIterator[tuple[Client, str]]:
    command = StdioServerParameters(command=sys.executable, args=["-m", "wanx_mcp"], env=environment)
    apps = advertise(EXTENSION_ID, {"mimeTypes": [APP_MIME_TYPE]})
    async with Client(stdio_client(command), extensions=[apps]) as client:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            config = uvicorn.Config(_app(client, script), log_config=None, access_log=False, lifespan="off")
            server = uvicorn.Server(config)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(server._serve, [listener])  # without its hold on the signals, which are the tests'
                yield client, f"http://127.0.0.1:{listener.getsockname()[1]}/"
                server.should_exit = server.force_exit = True


@contextmanager
def theatre(state: Path, script: bytes, *, speed: float = 1) -> Iterator[Theatre]:
    """Open with a server of its own, whose tasks live `speed` times faster than life."""
    environment = {
        "WANX_SIMULATE": "1",
        "WANX_SIMULATE_SPEED": str(speed),
        "WANX_STATE_DIR": str(state),
        "WANX_OUTPUT_DIR": str(state / "videos"),
        "WANX_DAILY_BUDGET_USD": "unlimited",
    }
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(_playing(environment, script)) as (client, url),
    ):
        yield Theatre(portal, client, state, url)
