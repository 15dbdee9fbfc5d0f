"""`wanx-mcp config HOST`: the configuration that makes a host start this very installation."""

from wanx_mcp.cli.config.hosts import HOSTS, Host, find_host
from wanx_mcp.cli.config.printing import config

__all__ = ["HOSTS", "Host", "config", "find_host"]
