"""What the decoder's process may use of the machine, set by itself before it looks at a clip."""

from __future__ import annotations

import contextlib
import math
import os
import sys
import threading
from typing import Final

from wanx_mcp.limits.videos import MEMORY_CHECK_SECONDS

EXIT_MEMORY: Final = 86
"""The exit code of a process that needed too much memory."""

EXIT_ALONE: Final = 87
"""The exit code of a process whose parent has died."""


def limit(*, seconds: float, memory: int) -> None:
    """Bound this process: seconds on the clock and on the processors, bytes of memory, no files written, and an end
    with its parent, which holds the other end of standard input."""
    _confine(seconds, memory)
    threading.Thread(target=_watch, args=(memory,), daemon=True).start()


if sys.platform == "win32":
    import time

    from wanx_mcp.media.decoder.windows import committed, confine

    def _confine(_seconds: float, memory: int) -> None:
        confine(memory)  # the parent ends what takes too long
        threading.Thread(target=_listen, daemon=True).start()

    def _listen() -> None:
        with contextlib.suppress(OSError):
            os.read(0, 1)
        os._exit(EXIT_ALONE)

    def _watch(memory: int) -> None:
        while committed() <= memory:
            time.sleep(MEMORY_CHECK_SECONDS)
        os._exit(EXIT_MEMORY)

else:
    import resource
    import select
    import signal

    def _confine(seconds: float, memory: int) -> None:
        _lower(resource.RLIMIT_CORE, 0)
        _lower(resource.RLIMIT_FSIZE, 0)
        _lower(resource.RLIMIT_CPU, 2 * math.ceil(seconds), 1)  # a second later, the signal cannot be ignored
        # Address space is also taken by libraries and by stacks that are never filled; data is what can be written to.
        # macOS heeds neither limit: there `_watch` alone looks at the memory.
        _lower(resource.RLIMIT_AS, memory + (1 << 30))
        _lower(resource.RLIMIT_DATA, memory)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # the kernel ends the process, whatever its threads are doing
        signal.setitimer(signal.ITIMER_REAL, seconds)

    def _lower(kind: int, most: int, grace: int = 0) -> None:
        _soft, hard = resource.getrlimit(kind)
        bound = most + grace if hard == resource.RLIM_INFINITY else min(most + grace, hard)
        with contextlib.suppress(ValueError, OSError):  # a system that does not know this limit
            resource.setrlimit(kind, (min(most, bound), bound))

    def _watch(memory: int) -> None:
        before = _resident()
        while not select.select([0], [], [], MEMORY_CHECK_SECONDS)[0]:
            if _resident() - before > memory:
                os._exit(EXIT_MEMORY)
        os._exit(EXIT_ALONE)

    def _resident() -> int:
        """Bytes in use; where the system does not tell them, the most that ever were."""
        try:
            with open("/proc/self/statm", "rb") as file:
                return int(file.read().split()[1]) * resource.getpagesize()
        except OSError:
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
