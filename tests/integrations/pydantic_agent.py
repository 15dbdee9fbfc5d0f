"""Pydantic AI: its own agent loop, with a FunctionModel in place of a paid one."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset, StdioTransport
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.google import GoogleModel, _function_declaration_from_tool
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.openai import OpenAIProvider
from script import next_turn, server, tell

seen: list[Any] = []
shown_to_model: list[AgentInfo] = []


def scripted(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """The next turn."""
    parts = [part for message in messages for part in message.parts]
    returned = [part for part in parts if isinstance(part, ToolReturnPart)]
    seen[:] = [part.content if isinstance(part.content, list) else part.model_response_str() for part in returned]
    shown_to_model[:] = [info]
    turn = next_turn(seen, preview=True)
    return ModelResponse(parts=[TextPart(turn) if isinstance(turn, str) else ToolCallPart(turn[0], turn[1])])


def as_sent(model: Any, info: AgentInfo) -> list[Any]:
    """The tool definitions as this provider's model would send them."""
    parameters = ModelRequestParameters(function_tools=info.function_tools)
    _, parameters = model.prepare_request(None, parameters)
    return list(parameters.function_tools)


async def main() -> None:
    """Let the agent order, wait and answer; then look at its tools."""
    command, args, env = server()
    model = FunctionModel(scripted)
    # snippet
    # The default time-outs are 5 s to connect and 300 s a request. A tool error goes back to the model as a retry; only
    # one is allowed by default, so that two errors in a row would end the run with UnexpectedModelBehavior.
    transport = StdioTransport(command=command, args=args, env=env)
    wanx = MCPToolset(transport, init_timeout=30, read_timeout=60, max_retries=3)
    agent = Agent(model, toolsets=[wanx])
    async with agent:
        result = await agent.run("A video of a paper boat in a rain gutter, please")
        answer = result.output
        # /snippet
    info = shown_to_model[0]
    openai = OpenAIChatModel("gpt-5", provider=OpenAIProvider(api_key="none"))
    claude = AnthropicModel("claude-sonnet-4-5", provider=AnthropicProvider(api_key="none"))
    gemini = GoogleModel("gemini-2.5-pro", provider=GoogleProvider(api_key="none"))
    returned = [part for message in result.all_messages() for part in message.parts if isinstance(part, ToolReturnPart)]
    tell(
        tools=[tool.name for tool in info.function_tools],
        formats={
            "pydantic ai": [
                {"name": tool.name, "description": tool.description, "parameters": tool.parameters_json_schema}
                for tool in info.function_tools
            ],
            "openai chat": [openai._map_tool_definition(tool, {}) for tool in as_sent(openai, info)],
            "anthropic": [
                claude._map_tool_definition(tool, {}, visibility="visible") for tool in as_sent(claude, info)
            ],
            "gemini": [_function_declaration_from_tool(tool) for tool in as_sent(gemini, info)],
        },
        seen=seen,
        typed=[part.content for part in returned if part.outcome == "success"][:2],
        answer=answer,
    )


asyncio.run(main())
