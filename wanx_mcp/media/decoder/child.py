"""The decoder's process: one question on standard input, one answer on standard output, and then the end.

An answer is four bytes of length, a JSON header of that length, and the pixels of the frames that it lists."""

from __future__ import annotations

import json
import os
import struct
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO


def main() -> None:
    """Answer one question. The exit code tells of an end without an answer: see `limits`."""
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints is no answer
    with os.fdopen(os.dup(0), "rb", buffering=0) as questions:  # unbuffered: `limits` looks at the same pipe
        asked = json.loads(questions.readline())
    if "clips" in asked:
        _join(asked, answer)
        os._exit(0)
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
        path = _path(asked["path"])
        if asked["moment"] is not None:
            return _still(path, asked["moment"], asked["within"])
        bounds = {"count": asked["count"], "side": asked["side"], "within": asked["within"]}
        found = decode(path, **bounds, moments=asked["moments"])
    except UnfitError as error:
        return {"error": error.kind, "words": str(error)}, []
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


def _join(asked: dict[str, Any], answer: BinaryIO) -> None:
    """Write a film to `answer` piece by piece, and then what became of it."""
    from wanx_mcp.media.decoder.outlet import Outlet

    outlet = Outlet(answer)
    try:
        from wanx_mcp.media.decoder.limits import limit

        limit(seconds=asked["seconds"], memory=asked["memory"])
        from wanx_mcp.media.decoder.making import make
        from wanx_mcp.media.decoder.survey import ClipError, Cut

        cuts = [Cut(_path(path), first, end, shortened) for path, first, end, shortened in asked["clips"]]
        try:
            result = asdict(make(cuts, outlet))
        except ClipError as error:
            result = {"error": "unfit", "words": str(error), "clip": error.clip}
    except ImportError as error:
        result = {"error": "missing", "words": error.name or ""}
    except MemoryError:
        result = {"error": "memory"}
    except Exception as error:
        result = {"error": "fault", "words": f"the encoder failed ({type(error).__name__})"}
    outlet.end(result)


def _path(encoded: str) -> Path:
    return Path(os.fsdecode(bytes.fromhex(encoded)))


def _still(path: Path, moment: str, within: float) -> tuple[dict[str, Any], list[bytes]]:
    """One frame at its full size."""
    from wanx_mcp.media.decoder.stills import take

    taken = take(path, moment, within=within)
    head = {
        "number": taken.number,
        "at": taken.seconds,
        "count": taken.frames,
        "skipped": taken.skipped,
        "seconds": taken.length,
        "turn": None if taken.movie.turn is None else int(taken.movie.turn),
        "frames": [[taken.seconds, taken.width, taken.height]],
    }
    return head, [taken.pixels]
