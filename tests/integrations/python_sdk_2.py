"""The official Python SDK, 2.x."""

from __future__ import annotations

import asyncio

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from script import SPOILT, server, tell


async def main() -> None:
    """Order, wait, tell."""
    command, args, env = server()
    # snippet
    order = {"task_type": "txt2video-14b", "prompt": "A paper boat drifts along a rain gutter at dusk"}
    parameters = StdioServerParameters(command=command, args=args, env=env)
    # A request has no time-out of its own (the default is None); 60 s is above the longest wait of one call, 45 s.
    async with Client(stdio_client(parameters), read_timeout_seconds=60) as client:
        ordered = await client.call_tool("create_wanx_task", order)
        if ordered.is_error:
            raise RuntimeError(ordered.content[0].text)
        waiting = {"task_id": ordered.structured_content["task_id"], "wait_seconds": 45}
        task = await client.call_tool("get_wanx_task", waiting)
        while not task.is_error and task.structured_content["status"] in ("pending", "processing"):
            task = await client.call_tool("get_wanx_task", waiting)
        if task.is_error:
            raise RuntimeError(task.content[0].text)
        link = task.structured_content.get("video_url")
        # /snippet
        refused = await client.call_tool("create_wanx_task", SPOILT)
        assert refused.is_error
        tools = (await client.list_tools()).tools
        tell(
            tools=[tool.name for tool in tools],
            formats={"mcp": [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]},
            seen=[result.content[0].text for result in (refused, ordered, task)],
            typed=[ordered.structured_content, task.structured_content],
            answer=link,
        )


asyncio.run(main())
