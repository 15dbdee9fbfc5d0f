"""`wanx-mcp config HOST`: the configuration with which a host starts this installation."""

from wanx_mcp.cli.config.docker import NAME as DOCKER
from wanx_mcp.cli.config.docker import docker
from wanx_mcp.cli.config.hosts import HOSTS, Host, find_host
from wanx_mcp.cli.config.printing import config

__all__ = ["DOCKER", "HOSTS", "Host", "config", "docker", "find_host"]
