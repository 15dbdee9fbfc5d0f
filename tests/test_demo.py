"""The demo as a person runs it: a real process, two videos, their sheets, behind any proxy."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.process import limited
from wanx_mcp.media.movie import read_movie

DEAD = "http://127.0.0.1:1"
NO_VIDEO = """
import importlib.util as util
known = util.find_spec
util.find_spec = lambda name, *more: None if name == "av" else known(name, *more)
"""

DEMO = ("-m", "wanx_mcp", "demo")


def run(
    folder: Path, command: Sequence[str] = (sys.executable, *DEMO), **environment: str
) -> subprocess.CompletedProcess[str]:
    surroundings = {**os.environ, "WANX_OUTPUT_DIR": str(folder), **environment}
    return subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.skipif(find_spec("av") is None, reason="the video extra is not installed")
def test_the_demo_leaves_two_videos_and_their_sheets(tmp_path: Path) -> None:
    folder = tmp_path / "two words"
    done = run(
        folder, HTTPS_PROXY=DEAD, HTTP_PROXY=DEAD, ALL_PROXY="socks5://127.0.0.1:1", SSL_CERT_FILE="/nothing.pem"
    )
    assert done.returncode == 0, done.stderr
    files = sorted(folder.iterdir())
    assert [path.suffix for path in files] == [".jpg", ".mp4", ".jpg", ".mp4"]
    assert all(str(path) in done.stdout for path in files)
    assert all(read_movie(path).seconds == 5.313 for path in files if path.suffix == ".mp4")
    assert f'"{folder}"' in done.stdout
    assert "cost $0.56" in done.stdout
    assert len(done.stdout) < 9000


def test_without_the_video_extra_the_demo_works_and_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(NO_VIDEO, encoding="utf-8")
    folder = tmp_path / "videos"
    done = run(folder, PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert [path.suffix for path in folder.iterdir()] == [".mp4", ".mp4"]
    assert "pip install '.[video]'" in done.stdout
    assert "wanx-mcp[" not in done.stdout


@pytest.mark.skipif(os.name != "posix", reason="no such limit on Windows")
def test_a_demo_that_fails_says_so_without_a_traceback(tmp_path: Path) -> None:
    done = run(tmp_path / "videos", limited(4096, *DEMO))  # too short a file for any ledger
    assert done.returncode == 1
    assert "server < ledger_unusable" in done.stdout
    assert "wanx-mcp doctor" in done.stderr
    assert "Traceback" not in done.stderr
