"""Runs a command in another root file system. Started by `unshare` in namespaces of its own; see image.py.

The root is read-only; what is mounted into it can be written. Its argument is the plan in JSON.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
DEVICES = ("null", "zero", "full", "random", "urandom")


def run(plan: dict[str, Any]) -> None:
    """Never returns: becomes the command."""
    root = Path(plan["root"])
    _mount("--make-rprivate", "/")
    _mount("--rbind", root, root)
    for inside in plan["mounts"].values():
        (root / inside.lstrip("/")).mkdir(parents=True, exist_ok=True)
    _devices(root)
    _mount("-t", "proc", "proc", root / "proc")
    _mount("-o", "remount,bind,ro", root)
    for place, inside in plan["mounts"].items():
        _mount("--bind", place, root / inside.lstrip("/"))
    _loopback()
    os.chroot(root)
    os.chdir(plan["folder"])
    uid, gid = map(int, plan["user"].split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    os.execvpe(plan["command"][0], plan["command"], plan["env"])  # noqa: S606  # that is the point


def _devices(root: Path) -> None:
    _mount("-t", "tmpfs", "-o", "mode=755", "none", root / "dev")
    for name in DEVICES:
        (root / "dev" / name).touch()
        _mount("--bind", f"/dev/{name}", root / "dev" / name)
    _mount("-o", "remount,ro", root / "dev")


def _loopback() -> None:
    """A new network namespace has nothing but a loopback device that is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plug:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack_from("h", fcntl.ioctl(plug, SIOCGIFFLAGS, request), 16)[0]
        fcntl.ioctl(plug, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def _mount(*words: str | Path) -> None:
    subprocess.run(["mount", *map(str, words)], check=True)


if __name__ == "__main__":
    run(json.loads(sys.argv[1]))
