"""AutoGen (autogen-ext): an AssistantAgent, with a scripted model in place of a paid one."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_core import FunctionCall
from autogen_core.models import (
    ChatCompletionClient,
    CreateResult,
    FunctionExecutionResultMessage,
    LLMMessage,
    ModelInfo,
    RequestUsage,
)
from autogen_core.tools import ToolSchema
from autogen_ext.models.openai._openai_client import convert_tools
from autogen_ext.models.replay import ReplayChatCompletionClient
from autogen_ext.tools.mcp import McpWorkbench, StdioServerParams
from script import next_turn, server, tell

ABLE = ModelInfo(vision=False, function_calling=True, json_output=False, family="unknown", structured_output=False)


class Scripted(ReplayChatCompletionClient):
    """Plays the script; keeps what it was shown."""

    seen: list[Any] = []  # noqa: RUF012  # one run, one model

    async def create(self, messages: list[LLMMessage], **_rest: Any) -> CreateResult:
        """The next turn."""
        told = [message for message in messages if isinstance(message, FunctionExecutionResultMessage)]
        self.results = [result for message in told for result in message.content]
        self.seen = [result.content for result in self.results]
        turn = next_turn(self.seen)
        call = f"call-{len(self.seen)}"
        content: Any = turn if isinstance(turn, str) else [FunctionCall(call, json.dumps(turn[1]), turn[0])]
        return CreateResult(
            finish_reason="stop" if isinstance(turn, str) else "function_calls",
            content=content,
            usage=RequestUsage(prompt_tokens=0, completion_tokens=0),
            cached=False,
        )


command, args, env = server()


# snippet
class Wanx(McpWorkbench):
    # AutoGen would show the model the picture of a preview as base64 text: 650 000 characters.
    async def list_tools(self) -> list[ToolSchema]:
        return [tool for tool in await super().list_tools() if tool["name"] != "preview_wanx_video"]


async def answered(parameters: StdioServerParams, model: ChatCompletionClient, task: str) -> str:
    # One round of tools is the default; a video takes a round for the order and one for each wait.
    async with Wanx(parameters) as wanx:
        agent = AssistantAgent("director", model_client=model, workbench=wanx, max_tool_iterations=30)
        return (await agent.run(task=task)).messages[-1].content


# The default time-out is 5 s a request; one call of get_wanx_task waits up to 45 s.
parameters = StdioServerParams(command=command, args=args, env=env, read_timeout_seconds=60)
# /snippet


async def main() -> None:
    """Let the agent order, wait and answer; then look at its tools."""
    model = Scripted([], model_info=ABLE)
    answer = await answered(parameters, model, "A video of a paper boat in a rain gutter, please")
    async with Wanx(parameters) as wanx:
        tools = await wanx.list_tools()
    tell(
        tools=[tool["name"] for tool in tools],
        formats={"openai chat": convert_tools(tools)},
        seen=model.seen,
        error_status=str(model.results[0].is_error),
        answer=answer,
    )


asyncio.run(main())
