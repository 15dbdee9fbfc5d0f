"""LlamaIndex (llama-index-tools-mcp): a FunctionAgent, with its mock model in place of a paid one."""

from __future__ import annotations

import asyncio
from typing import Any

from llama_index.core.agent.workflow import FunctionAgent, ToolCallResult
from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.tools.mcp import BasicMCPClient, McpToolSpec
from script import next_turn, server, tell

seen: list[str] = []


def scripted(messages: list[ChatMessage], **kwargs: Any) -> ChatMessage:
    """The next turn."""
    seen[:] = [str(message.content) for message in messages if message.role == "tool"]
    turn = next_turn(seen)
    if isinstance(turn, str):
        return ChatMessage(role="assistant", content=turn)
    call = ToolCallBlock(tool_call_id=f"call-{len(seen)}", tool_name=turn[0], tool_kwargs=turn[1])
    return ChatMessage(role="assistant", blocks=[call])


async def main() -> None:
    """Let the agent order, wait and answer; then look at its tools."""
    command, args, env = server()
    model = MockFunctionCallingLLM(response_generator=scripted, is_chat_model=True)
    # snippet
    names = ["create_wanx_task", "get_wanx_task", "list_wanx_tasks", "save_wanx_video", "cancel_wanx_task"]
    names += ["join_wanx_videos"]
    # The default time-out is 30 s a request, less than the longest wait of one call, 45 s. The tools start the server
    # anew for every call: the orders are in the ledger on disk, so nothing is lost between two calls. The preview is
    # left out, since LlamaIndex would show the model its picture as base64 text: about 150 000 characters.
    client = BasicMCPClient(command, args=args, env=env, timeout=60)
    tools = await McpToolSpec(client, allowed_tools=names).to_tool_list_async()
    agent = FunctionAgent(tools=tools, llm=model)
    run = agent.run("A video of a paper boat in a rain gutter, please")
    answer = str(await run)
    # /snippet
    results = [event.tool_output async for event in run.stream_events() if isinstance(event, ToolCallResult)]
    tell(
        tools=[tool.metadata.name for tool in tools],
        formats={"openai chat": [tool.metadata.to_openai_tool(skip_length_check=True) for tool in tools]},
        seen=seen,
        typed=[result.raw_output.structured_content for result in results[1:]],
        error_status=str(results[0].is_error),
        answer=answer,
    )


asyncio.run(main())
