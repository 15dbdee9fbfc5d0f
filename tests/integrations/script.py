"""What the snippets share: the server's command line, and the part of a model, played from a script. Stdlib only.

`next_turn` reads what a model would see, so a task id or a link that a framework drops cannot come back from it.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

SPOILT = {"task_type": "img2video-14b", "prompt": "The boat sails on", "image": "no-such-picture.png"}
ORDER = {"task_type": "txt2video-14b", "prompt": "A paper boat drifts along a rain gutter at dusk"}
TASK_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TOLD = 5000
"""Characters of a result that are passed on: more is a picture."""

LINK = re.compile(r"https?://[^\s\"'\\]+\.mp4")


def server() -> tuple[str, list[str], dict[str, str]]:
    """The command, its arguments and its environment: from the command line, and every WANX_ variable."""
    environment = {name: value for name, value in os.environ.items() if name.startswith("WANX_")}
    return sys.argv[1], sys.argv[2:], environment


def next_turn(seen: Sequence[object], *, preview: bool = False) -> tuple[str, dict[str, Any]] | str:
    """A tool and its arguments, or the last words. `seen` are the tool results so far, as the model gets them."""
    match len(seen):
        case 0:
            return "create_wanx_task", SPOILT
        case 1:
            return "create_wanx_task", ORDER
        case 2:
            return "get_wanx_task", {"task_id": _found(TASK_ID, seen[1]), "wait_seconds": 45}
        case 3 if preview:
            return "preview_wanx_video", {"task_id": _found(TASK_ID, seen[1]), "frames": 2}
        case _:
            return f"Here it is: {_found(LINK, seen[2])}"


def tell(**found: Any) -> None:
    """Print what was found, as one line of JSON; `seen` as text, and how the contact sheet came if it was asked for."""
    if len(found["seen"]) > 3:
        found["picture"] = _picture(found["seen"][3])
    found["seen"] = [shown(each)[:TOLD] for each in found["seen"]]
    print(json.dumps(found))


def shown(result: object) -> str:
    """A tool result as the text that reaches a model."""
    return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, default=str)


def _picture(result: object) -> str:
    """How a framework shows the model a picture: as one, not at all, or as thousands of tokens of base64."""
    for part in result if isinstance(result, list) else []:
        kind = part.get("type") if isinstance(part, dict) else getattr(part, "media_type", None)
        if kind in ("image", "input_image", "image/jpeg"):
            return "image"
    return "base64" if len(shown(result)) > TOLD else "left out"


def _found(pattern: re.Pattern[str], result: object) -> str:
    found = pattern.search(shown(result))
    if not found:
        raise SystemExit(f"the model sees no {pattern.pattern} in {shown(result)[:600]}")
    return found[0]
