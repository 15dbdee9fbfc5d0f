"""Google GenAI SDK: function declarations for Gemini, with the model's function calls played from a script."""

from __future__ import annotations

import asyncio
from typing import Any

from google.genai import types
from google.genai._mcp_utils import mcp_to_gemini_tools
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from script import next_turn, server, tell


async def main() -> None:
    """Let the script call functions, as Gemini would; then look at the declarations."""
    command, args, env = server()
    # snippet
    # Declare the functions from their JSON Schema: the SDK's own way of taking an MCP session as a tool stops with
    # AttributeError at `additionalProperties: false`. A request has no time-out of its own (the default is None).
    parameters = StdioServerParameters(command=command, args=args, env=env)
    async with Client(stdio_client(parameters), read_timeout_seconds=60) as client:
        tools = (await client.list_tools()).tools
        declarations = [
            types.FunctionDeclaration(
                name=tool.name, description=tool.description, parameters_json_schema=tool.input_schema
            )
            for tool in tools
        ]
        config = types.GenerateContentConfig(tools=[types.Tool(function_declarations=declarations)])

        async def answered(call: types.FunctionCall) -> types.Part:
            result = await client.call_tool(call.name, call.args)
            text = {"error" if result.is_error else "result": result.content[0].text}
            return types.Part.from_function_response(name=call.name, response=result.structured_content or text)

        # /snippet
        seen: list[Any] = []
        while not isinstance(turn := next_turn(seen), str):
            part = await answered(types.FunctionCall(name=turn[0], args=turn[1]))
            seen.append(part.function_response.response)
    try:
        mcp_to_gemini_tools(tools)
    except AttributeError:
        pass
    else:
        raise SystemExit("google-genai converts the tools by itself now: shorten this snippet")
    declared = config.tools[0].function_declarations
    tell(
        tools=[each.name for each in declared],
        formats={"gemini": [each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in declared]},
        seen=seen,
        typed=seen[1:],
        answer=turn,
    )


asyncio.run(main())
