"""The official Python SDK, 1.x line."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from script import SPOILT, server, tell


async def main() -> None:
    """Order, wait, tell."""
    command, args, env = server()
    # snippet
    order = {"task_type": "txt2video-14b", "prompt": "A paper boat drifts along a rain gutter at dusk"}
    parameters = StdioServerParameters(command=command, args=args, env=env)
    # A request has no time-out of its own (the default is None); 60 s is above the longest wait of one call, 45 s.
    limit = timedelta(seconds=60)
    async with stdio_client(parameters) as pipe, ClientSession(*pipe, read_timeout_seconds=limit) as client:
        await client.initialize()
        ordered = await client.call_tool("create_wanx_task", order)
        if ordered.isError:
            raise RuntimeError(ordered.content[0].text)
        waiting = {"task_id": ordered.structuredContent["task_id"], "wait_seconds": 45}
        task = await client.call_tool("get_wanx_task", waiting)
        while not task.isError and task.structuredContent["status"] in ("pending", "processing"):
            task = await client.call_tool("get_wanx_task", waiting)
        if task.isError:
            raise RuntimeError(task.content[0].text)
        link = task.structuredContent.get("video_url")
        # /snippet
        refused = await client.call_tool("create_wanx_task", SPOILT)
        assert refused.isError
        tools = (await client.list_tools()).tools
        tell(
            tools=[tool.name for tool in tools],
            formats={"mcp": [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]},
            seen=[result.content[0].text for result in (refused, ordered, task)],
            typed=[ordered.structuredContent, task.structuredContent],
            answer=link,
        )


asyncio.run(main())
