"""Anthropic SDK: its tool runner over an MCP client, with a scripted answer in place of the Messages API."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
from anthropic import AsyncAnthropic
from anthropic.lib.tools.mcp import async_mcp_tool
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from script import next_turn, server, tell

asked: list[dict[str, Any]] = []
seen: list[Any] = []


def scripted(request: httpx2.Request) -> httpx2.Response:
    """The next turn, as the Messages API would say it."""
    asked.append(json.loads(request.content))
    for message in asked[-1]["messages"]:  # each request of the runner brings the newest results alone
        blocks = message["content"] if isinstance(message["content"], list) else []
        seen.extend(block["content"] for block in blocks if block["type"] == "tool_result")
    turn = next_turn(seen, preview=True)
    last = isinstance(turn, str)
    block = {"type": "text", "text": turn} if last else {"type": "tool_use", "name": turn[0], "input": turn[1]}
    reply = {
        "id": f"msg_{len(seen)}",
        "type": "message",
        "role": "assistant",
        "model": asked[-1]["model"],
        "content": [block if last else block | {"id": f"toolu_{len(seen)}"}],
        "stop_reason": "end_turn" if last else "tool_use",
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }
    return httpx2.Response(200, json=reply)


async def main() -> None:
    """Let the runner order, wait and answer; then look at what it sent."""
    command, args, env = server()
    transport = httpx2.MockTransport(scripted)
    anthropic = AsyncAnthropic(api_key="none", http_client=httpx2.AsyncClient(transport=transport))
    # snippet
    # A tool call has no time-out of its own (the default is None).
    parameters = StdioServerParameters(command=command, args=args, env=env)
    async with Client(stdio_client(parameters), read_timeout_seconds=60) as client:
        runner = anthropic.beta.messages.tool_runner(
            model="claude-sonnet-4-5",
            max_tokens=2000,
            tools=[async_mcp_tool(tool, client) for tool in (await client.list_tools()).tools],
            messages=[{"role": "user", "content": "A video of a paper boat in a rain gutter, please"}],
        )
        answer = (await runner.until_done()).content[0].text
        # /snippet
    tell(
        tools=[tool["name"] for tool in asked[0]["tools"]],
        formats={"anthropic": asked[0]["tools"]},
        seen=seen,
        answer=answer,
    )


asyncio.run(main())
