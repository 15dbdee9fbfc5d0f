"""`wanx-mcp config HOST`: the configuration with which a host starts this installation."""

from wanx_mcp.cli.config.hosts import HOSTS, Host, find_host
from wanx_mcp.cli.config.printing import config

__all__ = ["HOSTS", "Host", "config", "find_host"]
