"""The decoder's process: one question on standard input, one answer on standard output, and then the end.

An answer is four bytes of length, a JSON header of that length, and the pixels of the frames that it lists."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any


def main() -> None:
    """Answer one question. The exit code tells of an end without an answer: see `limits`."""
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints is no answer
    with os.fdopen(os.dup(0), "rb", buffering=0) as questions:  # unbuffered: `limits` looks at the same pipe
        asked = json.loads(questions.readline())
    head, frames = _answered(asked)
    encoded = json.dumps(head).encode()
    answer.write(struct.pack(">I", len(encoded)) + encoded)
    for pixels in frames:
        answer.write(pixels)
    answer.flush()
    os._exit(0)  # the libraries' own cleaning up costs time, and may crash


def _answered(asked: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """The header and the pixels. What happens in here happens within the limits."""
    try:
        from wanx_mcp.media.decoder.limits import limit

        limit(seconds=asked["seconds"], memory=asked["memory"])
        from wanx_mcp.media.decoder.decode import decode
        from wanx_mcp.media.decoder.tables import UnfitError
    except ImportError as error:
        return {"error": "missing", "words": error.name or ""}, []
    try:
        path = Path(os.fsdecode(bytes.fromhex(asked["path"])))
        found = decode(path, count=asked["count"], side=asked["side"], within=asked["within"])
    except UnfitError as error:
        return {"error": "unfit", "words": str(error)}, []
    except ImportError as error:
        return {"error": "missing", "words": error.name or ""}, []
    except MemoryError:
        return {"error": "memory"}, []
    except Exception as error:
        return {"error": "fault", "words": f"the decoder failed on it ({type(error).__name__})"}, []
    head = {
        "seconds": found.seconds,
        "width": found.width,
        "height": found.height,
        "turn": None if found.movie.turn is None else int(found.movie.turn),
        "frames": [[frame.seconds, frame.width, frame.height] for frame in found.frames],
    }
    return head, [frame.pixels for frame in found.frames]
