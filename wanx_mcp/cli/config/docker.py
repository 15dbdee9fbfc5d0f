"""`wanx-mcp config docker`: how a host starts the image that is built from .docker/Dockerfile."""

from __future__ import annotations

import io
import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wanx_mcp.cli.config.launch import FREE, KEY, PLACEHOLDER, SERVER, carried
from wanx_mcp.settings import Settings, read_settings

IMAGE = "wanx-mcp:local"
BUILD = f"docker build --file .docker/Dockerfile --tag {IMAGE} ."
VOLUME = "wanx-state"
"""Keeps the ledger. Without a name, Docker would delete it together with the container."""

FIXED = ("run", "-i", "--rm", "--init", "--pull=never", "--read-only")
"""`--pull=never`: an image of this name may exist in a public registry, and would not be ours."""

_PLACES = {"WANX_OUTPUT_DIR", "WANX_INPUT_DIRS", "WANX_STATE_DIR", "SSL_CERT_FILE", "SSL_CERT_DIR"}
"""Variables with paths of this machine, which do not exist in the container."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine, and the path under which the container has it."""

    here: Path
    inside: str
    read_only: bool = False

    @property
    def mount(self) -> str:
        """The value of `--mount`, which is one line of CSV."""
        end = ["readonly"] if self.read_only else []
        return ",".join(map(_cell, ["type=bind", f"src={self.here}", f"dst={self.inside}", *end]))


def docker(*, simulate: bool, with_key: bool, carry: bool) -> int:
    """Print the configuration. Returns the exit code. Raises NotConfigured if there is no folder for videos."""
    settings = read_settings(os.environ)
    if with_key and settings.api_key is None:
        print(f"wanx-mcp config: --with-key prints the key in {KEY}, which is not set here", file=sys.stderr)
        return 1
    secret = dict(FREE) if simulate else {KEY: settings.api_key or PLACEHOLDER if with_key else PLACEHOLDER}
    found = {name: value for name, value in carried(settings, os.environ).items() if name not in _PLACES}
    videos, pictures = folders(settings)
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8")
    print(json.dumps(_document(videos, pictures, secret | (found if carry else {})), indent=2), flush=True)
    print("\n".join(_advice(videos, secret, {} if carry else found)), file=sys.stderr)
    return 0


def folders(settings: Settings) -> tuple[Folder, tuple[Folder, ...]]:
    """The folder for videos, and those of pictures.

    They keep their paths, so that a path in an answer is one of this machine. Windows has no such paths.
    """
    output, inputs = Path(settings.output_folder).absolute(), [path.absolute() for path in settings.input_dirs]
    if os.name == "nt":
        pictures = [Folder(path, f"/pictures/{number}", read_only=True) for number, path in enumerate(inputs, 1)]
        return Folder(output, "/videos"), tuple(pictures)
    return Folder(output, str(output)), tuple(Folder(path, str(path), read_only=True) for path in inputs)


def _document(videos: Folder, pictures: tuple[Folder, ...], given: Mapping[str, str]) -> dict[str, object]:
    env = {**given, "WANX_OUTPUT_DIR": videos.inside}
    if pictures:
        env["WANX_INPUT_DIRS"] = ":".join(folder.inside for folder in pictures)  # the container is Linux
    args = [*FIXED, *_user()]
    args += ["--mount", f"type=volume,src={VOLUME},dst=/state"]
    args += [word for folder in (videos, *pictures) for word in ("--mount", folder.mount)]
    args += [word for name in env for word in ("-e", name)]  # without values, so that no process list shows the key
    command = shutil.which("docker") or "docker"
    return {"mcpServers": {SERVER: {"command": command, "args": [*args, IMAGE], "env": env}}}


def _user() -> list[str]:
    """On Linux a mounted folder keeps its owner, so the server must be that user. Docker Desktop maps owners."""
    if sys.platform != "linux":
        return []
    return ["--user", f"{os.getuid()}:{os.getgid()}"]


def _advice(videos: Folder, secret: Mapping[str, str], left_out: Mapping[str, str]) -> list[str]:
    made = f'mkdir "{videos.here}"' if os.name == "nt" else f"mkdir -p {shlex.quote(str(videos.here))}"
    lines = [
        "",
        "This starts the server in a container. First build its image, in this project's folder:",
        f"  {BUILD}",
        f"and create the folder for the videos, if it is not there: {made}",
        "It goes where `wanx-mcp config HOST` says for your host; this is the format of Claude Desktop and Cursor.",
        f"The ledger is in the volume {VOLUME}. It is not the one of this installation: each has a budget of its own.",
    ]
    if secret.get(KEY) == PLACEHOLDER:
        lines.append(
            f"Replace {PLACEHOLDER} with your PiAPI key (--with-key prints the one that is set in {KEY} here)."
        )
    elif KEY in secret:
        lines.append("This text contains your key: keep it secret.")
    else:
        lines.append("Everything is simulated: no key, no network, no money.")
    if left_out:
        lines.append(f"Set here, but the container does not get them: {', '.join(left_out)}. --carry adds them.")
    return lines


def _cell(text: str) -> str:
    """`text` as one field of a line of CSV."""
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\n') else text
