"""The tools' names, in the order of `tools/list`: every row and every sentence that names a tool takes it here."""

from __future__ import annotations

CREATE = "create_wanx_task"
GET = "get_wanx_task"
LIST = "list_wanx_tasks"
SAVE = "save_wanx_video"
PREVIEW = "preview_wanx_video"
CANCEL = "cancel_wanx_task"
JOIN = "join_wanx_videos"
