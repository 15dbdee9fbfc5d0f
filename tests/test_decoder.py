"""The process that decodes: bounded in time and memory, ended with its call and its server, and not trusted."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import PIL
import pytest

import wanx_mcp
from tests.movies import filmed, rendered, written
from tests.test_clips import refused
from tests.test_save import until
from tests.world import KEY
from wanx_mcp.errors import PreviewFailed
from wanx_mcp.media.decoder import process
from wanx_mcp.media.decoder.process import Decoder, Question
from wanx_mcp.media.frames import watch

pytestmark = pytest.mark.anyio
posix = pytest.mark.skipif(os.name == "nt", reason="a pipe with a name keeps the decoder waiting")


async def test_memory_is_bounded(tmp_path: Path) -> None:
    path = filmed(tmp_path, 2, (4096, 4096))
    # An older decoder takes its own lack of memory for broken content.
    with pytest.raises(PreviewFailed, match=r"it needs more than 80 MB of memory|its content makes no sense"):
        await watch(path, 1, 60.0, memory=80 << 20)
    assert (await watch(path, 1, 60.0)).width == 4096


@posix
async def test_a_decoder_that_hangs_is_ended(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "clip.mp4")
    with anyio.fail_after(120), pytest.raises(PreviewFailed, match="could not be decoded within 1 s"):
        await watch(tmp_path / "clip.mp4", 6, 0.5, start=0.5)


def gone(pid: int) -> bool:
    """Whether that process has ended, also if nobody has asked for its exit code."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except ProcessLookupError:
        return True
    except FileNotFoundError:
        return Path("/proc/self/stat").exists()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The decoders that are started, as process numbers."""
    found: list[int] = []

    class Noted(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            found.append(self.pid)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    return found


def waiting(tmp_path: Path) -> Path:
    """A clip that keeps whoever opens it waiting for ever."""
    path = tmp_path / "clip.mp4"
    os.mkfifo(path)
    return path


@posix
async def test_a_call_that_is_cancelled_ends_its_decoder(tmp_path: Path, started: list[int]) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(watch, waiting(tmp_path), 6, 200.0)
        await until(lambda: bool(started))
        group.cancel_scope.cancel()
    await until(lambda: gone(started[0]))


@posix
async def test_a_server_that_dies_takes_its_decoder_with_it(tmp_path: Path) -> None:
    code = (
        "import anyio, pathlib, sys; from wanx_mcp.media.decoder.process import Decoder, Question;"
        "decoder = Decoder(Question(pathlib.Path(sys.argv[1]), 6, 64, 600.0));"
        "print(decoder._started().pid, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(waiting(tmp_path))]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: ASYNC220
    assert server.stdout is not None
    pid = int(server.stdout.readline())
    assert not gone(pid)
    server.kill()
    server.communicate()
    await until(lambda: gone(pid))


@posix
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux shows a process's environment")
async def test_the_decoder_does_not_know_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIAPI_API_KEY", KEY)
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    decoder = Decoder(Question(waiting(tmp_path), 6, 64, 600.0))
    shown = Path(f"/proc/{decoder._started().pid}/environ")
    await until(lambda: bool(shown.read_bytes()))  # empty until the new program has begun
    environment = await anyio.Path(shown).read_bytes()
    decoder.kill()
    assert KEY.encode() not in environment
    assert b"PYTHONPATH" not in environment


@posix
async def test_a_decoder_that_crashes_is_named_as_that(tmp_path: Path, started: list[int]) -> None:
    async def crash() -> None:
        await until(lambda: bool(started))
        os.kill(started[0], signal.SIGSEGV)

    async with anyio.create_task_group() as group:
        group.start_soon(crash)
        await refused(waiting(tmp_path), "the decoder crashed on it")


FRAME = {"seconds": 1.0, "width": 2, "height": 2, "turn": None, "frames": [[0.0, 2, 2]]}
LIES = {
    "nothing": b"",
    "half a length": b"\0\0",
    "a header without end": struct.pack(">I", 0xFFFFFFFF),
    "no header": struct.pack(">I", 4) + b"nono",
    "a list": struct.pack(">I", 2) + b"[]",
    "nesting": struct.pack(">I", 60_000) + b"[" * 60_000,
    "no frames": FRAME | {"frames": []},
    "a frame beyond measure": FRAME | {"frames": [[0.0, 60_000, 60_000]]},
    "a frame of no size": FRAME | {"frames": [[0.0, 0, 2]]},
    "a frame of half a size": FRAME | {"frames": [[0.0, 1.5, 2]]},
    "pixels that are missing": FRAME | {"frames": [[0.0, 64, 64]]},
    "an unknown turn": FRAME | {"turn": 9},
    "no length": FRAME | {"seconds": "long"},
    "a length without end": FRAME | {"seconds": float("inf")},
    "no width": FRAME | {"width": None},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_the_decoders_answer_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lie: object) -> None:
    answer = lie if isinstance(lie, bytes) else struct.pack(">I", len(json.dumps(lie))) + json.dumps(lie).encode()
    code = f"import sys; sys.stdin.readline(); sys.stdout.buffer.write({answer!r} + bytes(12))"
    monkeypatch.setattr(process, "OPTIONS", ("-c", code))
    with pytest.raises(PreviewFailed):
        await watch(tmp_path, 6, 20.0)


async def test_an_installation_without_a_python_of_its_own_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    await refused(tmp_path, "this installation has no Python of its own")


async def test_a_python_that_is_gone_is_a_failed_preview(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    await refused(tmp_path, "the decoder cannot be started")


def test_a_package_in_a_zip_decodes_too(tmp_path: Path) -> None:
    root = Path(wanx_mcp.__file__).parents[1]
    with zipfile.ZipFile(tmp_path / "app.pyz", "w") as archive:
        for path in (root / "wanx_mcp").rglob("*.py"):
            archive.write(path, path.relative_to(root))
    clip = written(tmp_path, rendered())
    others = str(Path(PIL.__file__).parents[1])
    code = (
        f"import sys; sys.path[:] = [sys.argv[1], *(p for p in sys.path if p), {others!r}];"
        "import anyio, pathlib, wanx_mcp; assert 'app.pyz' in wanx_mcp.__file__;"
        "from wanx_mcp.media.frames import watch;"
        "print(len(anyio.run(watch, pathlib.Path(sys.argv[2]), 6, 60.0).frames))"
    )
    command = [sys.executable, "-I", "-S", "-c", code, str(tmp_path / "app.pyz"), str(clip)]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=elsewhere)
    assert run.stdout == "6\n", run.stderr


@posix
def test_a_working_directory_that_is_gone_does_not_matter(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    clip = written(tmp_path, rendered())
    code = "import anyio, os, pathlib, shutil, sys; from wanx_mcp.media.frames import watch;"
    code += "shutil.rmtree(os.getcwd()); sys.path.insert(0, '');"
    code += "print(len(anyio.run(watch, pathlib.Path(sys.argv[1]), 6, 60.0).frames))"
    root = str(Path(wanx_mcp.__file__).parents[1])
    run = subprocess.run(
        [sys.executable, "-c", code, str(clip)],
        capture_output=True,
        text=True,
        check=False,
        cwd=gone,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert run.stdout == "6\n", run.stderr
