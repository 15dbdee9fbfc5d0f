"""OpenAI Agents SDK: its own agent loop, with a scripted model in place of a paid one."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from agents import Agent, Model, ModelResponse, RunContextWrapper, Runner, Usage, set_tracing_disabled
from agents.mcp import MCPServerStdio, MCPUtil
from agents.models.chatcmpl_converter import Converter
from agents.models.openai_responses import Converter as ResponsesConverter
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText
from script import next_turn, server, tell


class Scripted(Model):
    """Plays the script; keeps what it was shown."""

    seen: list[Any] = []  # noqa: RUF012  # one run, one model

    async def get_response(self, **asked: Any) -> ModelResponse:
        """The next turn."""
        items = asked["input"] if isinstance(asked["input"], list) else []
        self.seen = [item["output"] for item in items if item.get("type") == "function_call_output"]
        turn = next_turn(self.seen, preview=True)
        if isinstance(turn, str):
            text = ResponseOutputText(type="output_text", text=turn, annotations=[])
            item: Any = ResponseOutputMessage(
                id="m", type="message", role="assistant", status="completed", content=[text]
            )
        else:
            call = f"call-{len(self.seen)}"
            item = ResponseFunctionToolCall(
                type="function_call", call_id=call, name=turn[0], arguments=json.dumps(turn[1])
            )
        return ModelResponse(output=[item], usage=Usage(), response_id=None)

    def stream_response(self, *_rest: Any, **_options: Any) -> Any:
        """`Runner.run` does not stream."""
        raise AssertionError("nobody asked for a stream")


async def main() -> None:
    """Let the agent order, wait and answer; then look at its tools."""
    command, args, env = server()
    model = Scripted()
    set_tracing_disabled(True)
    # snippet
    # The default time-out is 5 s a request; one call of get_wanx_task waits up to 45 s. The default limit is 10 turns,
    # and a video of six minutes takes nine waits. Leave `convert_schemas_to_strict` off (its default): it would make
    # the model fill in every argument, and one that does not belong to the task type is refused.
    async with MCPServerStdio(
        params={"command": command, "args": args, "env": env},
        client_session_timeout_seconds=60,
        use_structured_content=True,
        cache_tools_list=True,
    ) as wanx:
        agent = Agent(name="Director", model=model, mcp_servers=[wanx])
        result = await Runner.run(agent, "A video of a paper boat in a rain gutter, please", max_turns=30)
        answer = result.final_output
        # /snippet
        tools = await agent.get_all_tools(RunContextWrapper(None))
        strict = await MCPUtil.get_function_tools(wanx, True, RunContextWrapper(None), agent)
        tell(
            tools=[tool.name for tool in tools],
            formats={
                "openai responses": ResponsesConverter.convert_tools(tools, []).tools,
                "openai chat": [Converter.tool_to_openai(tool) for tool in tools],
                "openai strict": [Converter.tool_to_openai(tool) for tool in strict],
            },
            seen=model.seen,
            typed=[json.loads(seen) for seen in model.seen[1:3]],
            answer=answer,
        )


asyncio.run(main())
