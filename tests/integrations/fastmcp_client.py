"""FastMCP's client."""

from __future__ import annotations

import asyncio

from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from script import SPOILT, server, tell


async def main() -> None:
    """Order, wait, tell."""
    command, args, env = server()
    # snippet
    order = {"task_type": "txt2video-14b", "prompt": "A paper boat drifts along a rain gutter at dusk"}
    # A request has no time-out of its own (the default is None). An error result is raised as ToolError.
    async with Client(StdioTransport(command=command, args=args, env=env), timeout=60) as client:
        ordered = await client.call_tool("create_wanx_task", order)
        waiting = {"task_id": ordered.structured_content["task_id"], "wait_seconds": 45}
        task = await client.call_tool("get_wanx_task", waiting)
        while task.structured_content["status"] in ("pending", "processing"):
            task = await client.call_tool("get_wanx_task", waiting)
        link = task.structured_content.get("video_url")
        # /snippet
        refused = await client.call_tool("create_wanx_task", SPOILT, raise_on_error=False)
        assert refused.is_error
        assert task.data.video_url == link  # `data` is an object built from the output schema
        tools = await client.list_tools()
        tell(
            tools=[tool.name for tool in tools],
            formats={"mcp": [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]},
            seen=[result.content[0].text for result in (refused, ordered, task)],
            typed=[ordered.structured_content, task.structured_content],
            answer=link,
        )


asyncio.run(main())
