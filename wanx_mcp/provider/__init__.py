"""The provider's HTTP API as typed calls."""

from wanx_mcp.provider.answers import Status, Task
from wanx_mcp.provider.client import Provider
from wanx_mcp.provider.wire import Upstream, Wire

__all__ = ["Provider", "Status", "Task", "Upstream", "Wire"]
