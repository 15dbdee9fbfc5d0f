"""The SDK's server, with our rows of resources, prompts and completions behind its methods."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import anyio
from mcp.server import MCPServer
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context
from mcp.server.stdio import stdio_server
from mcp.types import (
    Completion,
    CompletionArgument,
    CompletionContext,
    GetPromptResult,
    InputRequiredResult,
    Prompt,
    PromptReference,
    Resource,
    ResourceTemplate,
    ResourceTemplateReference,
)

from wanx_mcp.server import prompts, resources
from wanx_mcp.server.completions import complete
from wanx_mcp.server.resources import Sources
from wanx_mcp.server.stdio import own_output
from wanx_mcp.server.studio_access import StudioAccess


class WanxServer(MCPServer[StudioAccess]):
    """Overrides methods of the SDK instead of registering functions with it."""

    # Registering would build a pydantic model for each function at start-up, and give them no way to the studio.

    def __init__(self, sources: Sources, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self._sources = sources
        self.completion()(self._complete)  # type: ignore[no-untyped-call]  # the SDK's decorator has no types

    async def run_stdio_async(self) -> None:
        if (output := own_output()) is None:
            return await super().run_stdio_async()
        server = self._lowlevel_server
        async with stdio_server(stdout=anyio.wrap_file(output)) as (read, write):
            return await server.run(read, write, server.create_initialization_options())

    async def list_resources(self) -> list[Resource]:
        return [*resources.listed(), *await super().list_resources()]

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        return resources.templates()

    async def read_resource(
        self, uri: Any, context: Context[StudioAccess, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        contents = await resources.read(self._sources, str(uri))
        return [contents] if contents else await super().read_resource(uri, context)

    async def list_prompts(self) -> list[Prompt]:
        return prompts.listed(self._sources.catalog)

    async def get_prompt(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,
        context: Context[StudioAccess, Any] | None = None,  # noqa: ARG002  # the SDK's signature
    ) -> GetPromptResult | InputRequiredResult:
        return prompts.render(self._sources, name, arguments or {})

    async def _complete(
        self,
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        _context: CompletionContext | None,
    ) -> Completion:
        prompt = ref.name if isinstance(ref, PromptReference) else None
        return await complete(self._sources, prompt, argument.name, argument.value)
