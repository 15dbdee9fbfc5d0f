"""The use cases: the only room where catalog, provider, ledger and simulator meet."""

from wanx_mcp.studio.opening import open_studio
from wanx_mcp.studio.orders.placement import Placement
from wanx_mcp.studio.studio import Page, Quotation, Studio
from wanx_mcp.studio.tasks.reading import TaskView
from wanx_mcp.studio.videos.comparing import Comparison
from wanx_mcp.studio.videos.fetching import Saved
from wanx_mcp.studio.videos.joining import JoinedFilm, JoinUnderway
from wanx_mcp.studio.videos.previewing import Preview, StillPreview
from wanx_mcp.studio.videos.saving import MeterReport, Underway

__all__ = [
    "Comparison",
    "JoinUnderway",
    "JoinedFilm",
    "MeterReport",
    "Page",
    "Placement",
    "Preview",
    "Quotation",
    "Saved",
    "StillPreview",
    "Studio",
    "TaskView",
    "Underway",
    "open_studio",
]
