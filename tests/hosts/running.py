"""A host in a home of its own: started, watched, and ended like a person or a crash would end it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.hosts.installing import CACHE, installed, node
from tests.hosts.model import Model
from tests.hosts.rows import HostRow
from tests.integrations.__main__ import surroundings

CONFIG_SECONDS = 60
END_SECONDS = 15
"""After which a host that was asked to end is killed."""

_OTHERS = (
    "XDG_",
    "CLAUDE",
    "CODEX_",
    "GEMINI_",
    "QWEN_",
    "COPILOT_",
    "CLINE_",
    "CONTINUE_",
    "OPENCODE_",
    "GH_",
    "GITHUB_",
)


@dataclass(frozen=True, slots=True)
class Home:
    """A home folder in which a host is configured, and the folder in which it works."""

    row: HostRow
    folder: Path
    model: Model

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def environment(self) -> dict[str, str]:
        """What the host inherits: no key and no setting of this machine, and no way out of it."""
        kept = {name: value for name, value in surroundings().items() if not name.startswith(_OTHERS)}
        path = os.pathsep.join([str(node()), str(installed(self.row.package)), kept["PATH"]])
        own = {"HOME": str(self.folder), "USERPROFILE": str(self.folder), "PATH": path, "CI": "1", "NO_COLOR": "1"}
        return {**kept, **own, **self.row.environment(self.model.url)}

    def filled(self, words: tuple[str, ...], prompt: str = "") -> list[str]:
        """A command of the row, ready to run."""
        return [word.format(prompt=prompt, url=self.model.url) for word in words]

    def start(self, scenario: str) -> Host:
        """Ask the host to play `scenario`."""
        prompt = f"Make a video, please. SCENARIO={scenario}"
        command = self.filled(self.row.command, prompt)
        log = (self.folder / f"{scenario}.log").open("ab")
        with log:
            process = subprocess.Popen(
                command,
                cwd=self.work,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return Host(process, Path(log.name), self.folder)


@dataclass(frozen=True, slots=True)
class Host:
    """A running host; it leads a session of its own."""

    process: subprocess.Popen[bytes]
    log: Path
    home: Path

    def wait(self, seconds: float) -> int | None:
        """The exit code, None if it does not end in that time."""
        with suppress(subprocess.TimeoutExpired):
            return self.process.wait(seconds)
        return None

    def end(self, how: signal.Signals) -> None:
        """Send `how` to the host and its group, as a terminal does, and wait for the end."""
        for number in (how, signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            if self.wait(END_SECONDS) is not None:
                return

    def orphans(self, seconds: float = 10) -> list[str]:
        """The servers of this home that still live after that time."""
        deadline = time.monotonic() + seconds
        while (left := list(servers_of(self.home))) and time.monotonic() < deadline:
            time.sleep(0.1)
        return left

    def told(self) -> str:
        """The end of what it printed."""
        return " ".join(self.log.read_text(encoding="utf-8", errors="replace").split())[-400:]


def servers_of(home: Path) -> Iterator[str]:
    """The command lines of the servers that still run in `home`."""
    return (words for _, words in processes_of(home) if "wanx_mcp" in words or "wanx-mcp" in words)


def processes_of(home: Path) -> Iterator[tuple[int, str]]:
    """The processes whose home folder is `home`, with their command lines. Only Linux shows them."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"HOME={home}\0".encode() in (folder / "environ").read_bytes() + b"\0":
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                yield int(folder.name), words.strip()


@contextmanager
def home(row: HostRow, model: Model, *options: str, **variables: str) -> Iterator[Home]:
    """A home in which the host is set up for the model, and configured by `wanx-mcp config` with `options`."""
    with tempfile.TemporaryDirectory(prefix=f"wanx-{row.name}-", ignore_cleanup_errors=True) as name:
        place = Home(row, Path(name).resolve(), model)
        place.work.mkdir()
        for path, text in row.settings(model.url).items():
            (place.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (place.folder / path).write_text(text, encoding="utf-8")
        try:
            if row.prepare:
                _run(place.filled(row.prepare), place.environment(), place.work)
            configure(place, options, variables)
            yield place
        finally:  # some hosts leave a background process of their own
            for number, _ in list(processes_of(place.folder)):
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)


def configure(place: Home, options: tuple[str, ...], variables: Mapping[str, str]) -> None:
    """Configure the host by `wanx-mcp config`: the printed line is run if there is one, else the file is written."""
    command = [sys.executable, "-m", "wanx_mcp", "config", place.row.name, *options]
    environment = {**place.environment(), **variables}
    printed = _run(command, environment, place.work)
    if place.row.name == "claude-code":
        _run(shlex.split(printed), environment, place.work)
    written = _run([*command, "--write"], environment, place.work)
    if place.row.name == "claude-code" and "nothing was changed" not in written.splitlines()[0]:
        raise RuntimeError(f"the host's own command has added something else than --write: {written}")


def _run(command: list[str], environment: Mapping[str, str], folder: Path) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=CONFIG_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{shlex.join(command)}: {' '.join((done.stderr or done.stdout).split())[-300:]}")
    return done.stdout


__all__ = ["CACHE", "Home", "Host", "home"]
