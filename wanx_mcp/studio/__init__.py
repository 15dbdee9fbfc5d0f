"""The use cases: the only room where catalog, provider, ledger and simulator meet."""

from wanx_mcp.studio.following import Sight
from wanx_mcp.studio.opening import open_studio
from wanx_mcp.studio.ordering import Placement
from wanx_mcp.studio.studio import Page, Quotation, Studio

__all__ = ["Page", "Placement", "Quotation", "Sight", "Studio", "open_studio"]
