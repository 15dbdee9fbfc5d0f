"""The provider's HTTP API as typed calls."""

from wanx_mcp.provider.account_info import AccountIdentity
from wanx_mcp.provider.answers import Status, Task
from wanx_mcp.provider.client import Provider
from wanx_mcp.provider.history import Reading
from wanx_mcp.provider.last_check import Leave
from wanx_mcp.provider.rows import HistoryRow
from wanx_mcp.provider.skew import Skew
from wanx_mcp.provider.upstream import Upstream
from wanx_mcp.provider.wire import Wire

__all__ = [
    "AccountIdentity",
    "HistoryRow",
    "Leave",
    "Provider",
    "Reading",
    "Skew",
    "Status",
    "Task",
    "Upstream",
    "Wire",
]
