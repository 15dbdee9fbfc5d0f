"""Builds the image without a registry and runs it without a container engine: a Debian of its own as base image, then
the built file system in namespaces of its own, read-only but for what is mounted, as the image's user."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.release.exporting import ROOT

NEEDED = ("buildah", "debootstrap", "unshare")
BASE = "localhost/wanx-base"
NAME = "localhost/wanx-mcp"
SUITE = "bookworm"
PACKAGES = "python3,python3-venv,ca-certificates"
FROM_HERE = ("/etc/ssl/certs", "/etc/pip.conf")
"""How this machine reaches a package index; nothing of it stays in the image."""

STORE = Path(tempfile.gettempdir()) / "wanx-image"
"""The base image is kept there for the next run."""


def missing() -> list[str]:
    """What this machine lacks for a build, in words."""
    lacks = [name for name in NEEDED if shutil.which(name) is None]
    if sys.platform != "linux" or os.getuid() != 0:
        lacks.append("Linux and root")
    return lacks


@dataclass(frozen=True)
class Image:
    """The built image: its configuration, and its file system as a folder."""

    config: Mapping[str, Any]
    root: Path

    def command(
        self,
        *words: str,
        mounts: Mapping[Path, str],
        env: Mapping[str, str] | None = None,
        user: str | None = None,
        entrypoint: Sequence[str] | None = None,
    ) -> list[str]:
        """The command that runs the image's entrypoint with `words`, without a network, as `user` (uid:gid).

        `mounts` are the folders that can be written, and where they are inside.
        """
        settings = dict(one.split("=", 1) for one in self.config["Env"]) | dict(env or {})
        start = [*(self.config["Entrypoint"] if entrypoint is None else entrypoint), *words]
        plan = {
            "root": str(self.root),
            "mounts": {str(place): inside for place, inside in mounts.items()},
            "user": user or self.config["User"],
            "folder": self.config["WorkingDir"],
            "env": settings,
            "command": start,
        }
        spaces = ("--mount", "--net", "--ipc", "--uts", "--pid", "--fork", "--kill-child")
        runner = str(Path(__file__).with_name("rootfs.py"))
        return ["unshare", *spaces, sys.executable, runner, json.dumps(plan)]


@dataclass
class Builder:
    """buildah with a store of its own."""

    store: Path = STORE
    opened: list[str] = field(default_factory=list)

    def buildah(self, *words: str | Path) -> str:
        place = ["--root", str(self.store / "images"), "--runroot", str(self.store / "run"), "--storage-driver", "vfs"]
        done = subprocess.run(
            ["buildah", *place, *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"buildah {words[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout.strip()

    def build(self, source: Path) -> Image:
        """Build the image of the files in `source`."""
        self._base()
        mounts = [word for place in FROM_HERE if Path(place).exists() for word in ("-v", f"{place}:{place}:ro")]
        docker = source / ".docker"
        self.buildah(
            *("build", "--format", "docker", "--isolation", "chroot", "--network", "host", "--pull-never", *mounts),
            *("--build-arg", f"BASE={BASE}", "--ignorefile", docker / "Dockerfile.dockerignore"),
            *("--file", docker / "Dockerfile", "--tag", NAME, source),
        )
        container = self.buildah("from", "--pull-never", NAME)
        self.opened.append(container)
        told = json.loads(self.buildah("inspect", "--type", "image", NAME))
        return Image(told["Docker"]["config"], Path(self.buildah("mount", container)))

    def close(self) -> None:
        """Remove what was built, but not the base."""
        for container in self.opened:
            self.buildah("rm", container)
        self.buildah("rmi", "--force", NAME)
        self.buildah("rmi", "--prune")

    def _base(self) -> None:
        if BASE in self.buildah("images", "--format", "{{.Name}}"):
            return
        with tempfile.TemporaryDirectory(prefix="wanx-base-") as folder:
            words = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, folder]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"debootstrap: {done.stdout[-2000:]}")
            container = self.buildah("from", "scratch")
            self.buildah("add", container, folder, "/")
        self.buildah("commit", "--rm", container, BASE)
