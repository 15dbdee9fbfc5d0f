"""The server that clients meet: the SDK's, with this house's rows of resources and prompts in its lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mcp.server import MCPServer
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context
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
from wanx_mcp.server.resources import Shelf
from wanx_mcp.server.studio_access import StudioAccess


class WanxServer(MCPServer[StudioAccess]):
    """Registering functions would build a pydantic model for each at start-up, and hide the studio from them."""

    def __init__(self, shelf: Shelf, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self._shelf = shelf
        self.completion()(self._complete)  # type: ignore[no-untyped-call]  # the SDK's decorator has no types

    async def list_resources(self) -> list[Resource]:
        return [*resources.listed(), *await super().list_resources()]

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        return resources.templates()

    async def read_resource(
        self, uri: Any, context: Context[StudioAccess, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        contents = await resources.read(self._shelf, str(uri))
        return [contents] if contents else await super().read_resource(uri, context)

    async def list_prompts(self) -> list[Prompt]:
        return prompts.listed(self._shelf.catalog)

    async def get_prompt(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,
        context: Context[StudioAccess, Any] | None = None,  # noqa: ARG002  # the SDK's signature
    ) -> GetPromptResult | InputRequiredResult:
        return prompts.render(self._shelf, name, arguments or {})

    async def _complete(
        self,
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        _context: CompletionContext | None,
    ) -> Completion:
        prompt = ref.name if isinstance(ref, PromptReference) else None
        return await complete(self._shelf, prompt, argument.name, argument.value)
