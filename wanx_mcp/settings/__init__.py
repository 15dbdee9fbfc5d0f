"""What the operator configures: environment variables, read in one place."""

from wanx_mcp.settings.rows import SETTINGS, Stops
from wanx_mcp.settings.settings import Settings, read_settings, shown_default

__all__ = ["SETTINGS", "Settings", "Stops", "read_settings", "shown_default"]
