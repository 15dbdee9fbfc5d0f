"""smolagents: a ToolCallingAgent, with a scripted model in place of a paid one."""

from __future__ import annotations

from typing import Any

from mcp import StdioServerParameters
from script import next_turn, server, tell
from smolagents import MCPClient, Model, ToolCallingAgent
from smolagents.models import (
    ChatMessage,
    ChatMessageToolCall,
    ChatMessageToolCallFunction,
    MessageRole,
    get_tool_json_schema,
)


class Scripted(Model):
    """Plays the script; keeps what it was shown."""

    seen: list[str] = []  # noqa: RUF012  # one run, one model

    def generate(self, messages: list[ChatMessage], **_rest: Any) -> ChatMessage:
        """The next turn; the last words are a call of `final_answer`."""
        told = [message for message in messages if message.role == MessageRole.TOOL_RESPONSE]
        self.seen = ["".join(part["text"] for part in message.content) for message in told]
        turn = next_turn(self.seen, preview=True)
        name, arguments = ("final_answer", {"answer": turn}) if isinstance(turn, str) else turn
        call = ChatMessageToolCall(
            id=f"call-{len(told)}",
            type="function",
            function=ChatMessageToolCallFunction(name=name, arguments=arguments),
        )
        return ChatMessage(role=MessageRole.ASSISTANT, content="", tool_calls=[call])


def main() -> None:
    """Let the agent order, wait and answer; then look at its tools."""
    command, args, env = server()
    model = Scripted()
    # snippet
    # The time-out of a request must be a float: an integer, such as the default of 5, counts as none.
    parameters = StdioServerParameters(command=command, args=args, env=env)
    limit = {"client_session_timeout_seconds": 60.0}
    with MCPClient(parameters, adapter_kwargs=limit, structured_output=True) as tools:
        # smolagents takes every argument for required; wanx_mcp says itself what an order lacks.
        for argument in (argument for tool in tools for argument in tool.inputs.values()):
            argument["nullable"] = True
        agent = ToolCallingAgent(tools=tools, model=model, verbosity_level=0)
        answer = agent.run("A video of a paper boat in a rain gutter, please")
        # /snippet
    tell(
        tools=[tool.name for tool in tools],
        formats={"openai chat": [get_tool_json_schema(tool) for tool in tools]},
        seen=model.seen,
        answer=answer,
    )


main()
