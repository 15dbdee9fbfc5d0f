"""The use cases: the only room where catalog, provider, ledger and simulator meet."""

from wanx_mcp.studio.following import Sight
from wanx_mcp.studio.opening import open_studio
from wanx_mcp.studio.ordering import Placement
from wanx_mcp.studio.previewing import Preview
from wanx_mcp.studio.saving import MeterReport, Saved, Underway
from wanx_mcp.studio.studio import Page, Quotation, Studio

__all__ = [
    "MeterReport",
    "Page",
    "Placement",
    "Preview",
    "Quotation",
    "Saved",
    "Sight",
    "Studio",
    "Underway",
    "open_studio",
]
