"""LangChain (langchain-mcp-adapters): `create_agent`, with a scripted chat model in place of a paid one."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from langchain.agents import create_agent
from langchain_anthropic.chat_models import convert_to_anthropic_tool
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools
from script import next_turn, server, tell


class Scripted(BaseChatModel):
    """Plays the script."""

    _llm_type = "scripted"

    def bind_tools(self, _tools: Any, **_rest: Any) -> Any:
        """The script knows the tools."""
        return self

    def _generate(self, messages: list[BaseMessage], *_rest: Any, **_options: Any) -> ChatResult:
        seen = [message.content for message in messages if isinstance(message, ToolMessage)]
        turn = next_turn(seen, preview=True)
        if isinstance(turn, str):
            message = AIMessage(turn)
        else:
            call = {"name": turn[0], "args": turn[1], "id": f"call-{len(messages)}", "type": "tool_call"}
            message = AIMessage("", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=message)])


async def main() -> None:
    """Let the agent order, wait and answer; then look at its tools."""
    command, args, env = server()
    model = Scripted()
    # snippet
    # There is no time-out by default. One session for the whole run: `client.get_tools()` would start the server anew
    # for every call. The typed result is the `artifact` of each tool message.
    limit = {"read_timeout_seconds": timedelta(seconds=60)}
    wanx = {"transport": "stdio", "command": command, "args": args, "env": env, "session_kwargs": limit}
    client = MultiServerMCPClient({"wanx": wanx})
    async with client.session("wanx") as session:
        tools = await load_mcp_tools(session)
        agent = create_agent(model, tools)
        asked = {"messages": [("user", "A video of a paper boat in a rain gutter, please")]}
        messages = (await agent.ainvoke(asked))["messages"]
        answer = messages[-1].content
        # /snippet
    results = [message for message in messages if isinstance(message, ToolMessage)]
    tell(
        tools=[tool.name for tool in tools],
        formats={
            "langchain": [
                {"name": tool.name, "description": tool.description, "parameters": tool.args_schema} for tool in tools
            ],
            "openai chat": [convert_to_openai_tool(tool) for tool in tools],
            "openai strict": [convert_to_openai_tool(tool, strict=True) for tool in tools],
            "anthropic": [convert_to_anthropic_tool(tool) for tool in tools],
        },
        seen=[result.content for result in results],
        typed=[result.artifact["structured_content"] for result in results[1:3]],
        error_status=results[0].status,
        answer=answer,
    )


asyncio.run(main())
