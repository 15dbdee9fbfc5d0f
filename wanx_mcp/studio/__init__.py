"""The use cases: the only room where catalog, provider and simulator meet."""

from wanx_mcp.studio.opening import open_studio
from wanx_mcp.studio.studio import Placement, Sight, Studio

__all__ = ["Placement", "Sight", "Studio", "open_studio"]
