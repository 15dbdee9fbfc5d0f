"""The frameworks as rows: what is installed, which snippet runs, what its formats are known to lose and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
USUAL_SPEED = 1000
"""Of the simulator; a task then takes about 0.4 s."""

SLOW_SPEED = 40
"""A task takes about 10 s: longer than the 5 s after which some frameworks give up unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Row:
    """One framework. `packages` are pinned, the framework itself first; none means the environment that runs this."""

    name: str
    title: str
    file: str
    packages: tuple[str, ...] = ()
    must: bool = False
    typed: bool = True
    """Whether the framework hands over structured content; otherwise the text is read."""

    gives_up: str = "never"
    """After how long a request ends by default, read in the installed package."""

    speed: int = USUAL_SPEED
    loses: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By format, what its conversion is known to lose or change (the words of `formats.changes`)."""

    without: frozenset[str] = frozenset()
    """Tools that the snippet leaves out."""

    picture: str = "not asked"
    """How the contact sheet of a preview reaches the model: `image`, `left out`, or `not asked`."""

    reason: str = ""
    """What a reader should know: limits and the exact errors met."""

    @property
    def path(self) -> Path:
        return HERE / self.file

    @property
    def is_node(self) -> bool:
        return self.file.endswith(".mjs")


PREVIEW = frozenset({"preview_wanx_video"})
STRICT = frozenset({"optional"})
"""OpenAI's strict format makes every argument required: the model has to send all of them."""

ROWS = (
    Row("in-process", "In your own process", "in_process.py", must=True),
    Row("python-sdk-1", "MCP Python SDK 1.x", "python_sdk_1.py", ("mcp==1.30.0",), must=True),
    Row("python-sdk-2", "MCP Python SDK 2.x", "python_sdk_2.py", ("mcp==2.3.0",), must=True),
    Row(
        "typescript-sdk-1",
        "MCP TypeScript SDK 1.x",
        "typescript_sdk_1.mjs",
        ("@modelcontextprotocol/sdk@1.32.2",),
        must=True,
        gives_up="60 s",
    ),
    Row(
        "typescript-sdk-2",
        "MCP TypeScript SDK 2.x",
        "typescript_sdk_2.mjs",
        ("@modelcontextprotocol/client@2.4.0",),
        must=True,
        gives_up="60 s",
    ),
    Row(
        "langchain",
        "LangChain",
        "langchain_agent.py",
        ("langchain-mcp-adapters==0.3.2", "langchain>=1.4,<2", "langchain-anthropic>=1.4,<2"),
        must=True,
        picture="image",
        loses={"openai strict": STRICT},
    ),
    Row(
        "openai-agents",
        "OpenAI Agents SDK",
        "openai_agents.py",
        ("openai-agents==0.24.0",),
        must=True,
        gives_up="5 s",
        speed=SLOW_SPEED,
        picture="image",
        loses={"openai strict": STRICT},
        reason="convert_schemas_to_strict (off by default) makes all 13 arguments of an order required",
    ),
    Row(
        "pydantic-ai",
        "Pydantic AI",
        "pydantic_agent.py",
        ("pydantic-ai-slim[mcp,openai,anthropic,google]==2.68.0",),
        must=True,
        gives_up="300 s",
        picture="image",
    ),
    Row(
        "anthropic",
        "Anthropic SDK",
        "anthropic_sdk.py",
        ("anthropic[mcp]==2.12.0", "mcp==2.3.0"),
        typed=False,
        picture="image",
    ),
    Row("fastmcp", "FastMCP", "fastmcp_client.py", ("fastmcp>=4.1,<4.2",)),
    Row(
        "llama-index",
        "LlamaIndex",
        "llama_index_agent.py",
        ("llama-index-tools-mcp==0.6.0",),
        gives_up="30 s",
        loses={"openai chat": frozenset({"bounds", "closed", "nullable"})},
        without=PREVIEW,
        reason="rebuilds each schema as a pydantic model; shows the model the repr of the whole result, and the "
        "picture of a preview as base64: 152 345 characters for two frames",
    ),
    Row(
        "smolagents",
        "smolagents",
        "smolagents_agent.py",
        ("smolagents[mcp]==1.26.0", "mcp[ws]>=1.30,<2"),
        typed=False,
        gives_up="never (5, an integer, counts as none)",
        picture="left out",
        loses={"openai chat": frozenset({"closed", "required", "nullable"})},
        reason="with mcp 2.3: ImportError: cannot import name 'streamablehttp_client' from "
        "'mcp.client.streamable_http'; without the snippet's loop every order is 'Argument negative_prompt is "
        "required' (grll/mcpadapt#90); error results are not marked as such",
    ),
    Row(
        "autogen",
        "AutoGen",
        "autogen_agent.py",
        ("autogen-ext[mcp,openai]==0.7.5", "autogen-agentchat==0.7.5", "mcp>=1.30,<2"),
        typed=False,
        gives_up="5 s",
        speed=SLOW_SPEED,
        without=PREVIEW,
        reason="with mcp 2.3: ImportError: cannot import name 'RequestContext' from 'mcp.shared.context'; shows the "
        "model the picture of a preview as base64: 652 393 characters for two frames",
    ),
    Row(
        "google-genai",
        "Google GenAI SDK",
        "google_genai.py",
        ("google-genai==3.4.0", "mcp==2.3.0"),
        reason="an MCP session as a tool: AttributeError: 'bool' object has no attribute 'items', at "
        "additionalProperties false (googleapis/python-genai#2393); the snippet declares the functions itself",
    ),
)
