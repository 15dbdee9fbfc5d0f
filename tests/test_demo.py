"""The demo as a person runs it: a real process, a film of three shots, its sheet, behind any proxy, on any terminal."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.process import limited
from wanx_mcp.media.movie import read_movie

DEAD = "http://127.0.0.1:1"
DEMO = ("-m", "wanx_mcp", "demo")


def run(
    folder: Path, command: Sequence[str] = (sys.executable, *DEMO), **environment: str
) -> subprocess.CompletedProcess[str]:
    surroundings = {**os.environ, "WANX_OUTPUT_DIR": str(folder), **environment}
    return subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=300, check=False)


def on_terminal(
    folder: Path, columns: int, command: Sequence[str] = (sys.executable, *DEMO), **environment: str
) -> tuple[int, str]:
    """The exit code, and all that a terminal of that width is sent."""
    import pty

    main, other = pty.openpty()
    surroundings = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    surroundings |= {"WANX_OUTPUT_DIR": str(folder), "TERM": "xterm", "COLUMNS": str(columns), **environment}
    with subprocess.Popen(command, env=surroundings, stdout=other, stderr=other, close_fds=True) as process:
        os.close(other)
        sent = bytearray()
        with contextlib.suppress(OSError):  # how Linux tells the end
            while piece := os.read(main, 4096):
                sent += piece
    os.close(main)
    return process.returncode, sent.decode().replace("\r\n", "\n")


def plain(sent: str) -> str:
    """Without colours."""
    return re.sub(r"\033\[[0-9;]*m", "", sent)


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
@pytest.mark.parametrize(("columns", "bar"), [(100, 30), (50, 19), (30, 0)])
def test_on_a_terminal_progress_is_one_line_that_fits_and_goes(tmp_path: Path, columns: int, bar: int) -> None:
    code, sent = on_terminal(tmp_path / "videos", columns, NO_COLOR="1")
    assert code == 0, sent
    lines = sent.split("\n")
    drawn = [piece for line in lines for piece in line.split("\r") if " left\033[K" in piece or "saving" in piece]
    assert len(drawn) > 2
    assert all(piece.endswith("\033[K") for piece in drawn)
    assert max(len(piece.removesuffix("\033[K")) for piece in drawn) < columns
    assert {len(re.findall("[━─]", piece)) for piece in drawn} == {bar}
    left = [line.rpartition("\r\033[K")[2] for line in lines]  # what stays there: the lines of progress are gone
    assert not [line for line in left if re.search(r"[━─\r\033]", line)]
    said = left[: next(number for number, line in enumerate(left) if line.startswith("The film"))]  # then come paths
    assert not [line for line in said if len(line) > columns and len(line.split()) > 2], "only a path may be longer"
    assert [line[:9] for line in left if line.startswith(("agent", "server"))] == ["agent  > ", "server < "] * 11


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
def test_colours_are_for_terminals_alone_and_only_where_they_are_wanted(tmp_path: Path) -> None:
    failing, folder = limited(4096, *DEMO), tmp_path / "videos"
    code, sent = on_terminal(folder, 80, failing)
    assert code == 1
    assert "\033[36magent  > \033[0m" in sent
    assert "\033[31mserver < \033[0m" in sent
    for quiet in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        code, sent = on_terminal(folder, 80, failing, **quiet)
        assert plain(sent) == sent
        assert "server < ledger_unusable" in sent
    assert "\033" not in sent
    assert "\033" not in run(folder, failing).stdout


def test_the_demo_leaves_a_film_its_shots_and_its_sheet(tmp_path: Path) -> None:
    folder = tmp_path / "two words"
    done = run(
        folder, HTTPS_PROXY=DEAD, HTTP_PROXY=DEAD, ALL_PROXY="socks5://127.0.0.1:1", SSL_CERT_FILE="/nothing.pem"
    )
    assert done.returncode == 0, done.stderr
    files = sorted(folder.iterdir())
    film = next(path for path in files if "film" in path.name and path.suffix == ".mp4")
    shots = [path for path in files if path.suffix == ".mp4" and path != film]
    assert [path.suffix for path in files].count(".jpg") == 1
    assert all(str(path) in done.stdout for path in files if path not in shots)
    assert [read_movie(path).seconds for path in shots] == [5.313] * 3
    assert read_movie(film).seconds == pytest.approx((85 + 84 + 84) / 16, abs=0.001)
    assert f'"{folder}"' in done.stdout
    assert "cost $0.84" in done.stdout
    assert len(done.stdout) < 16_000
    assert not set(done.stdout) & {"\r", "\033", "━"}


@pytest.mark.skipif(os.name != "posix", reason="no such limit on Windows")
def test_a_demo_that_fails_says_so_without_a_traceback(tmp_path: Path) -> None:
    done = run(tmp_path / "videos", limited(4096, *DEMO))  # too short a file for any ledger
    assert done.returncode == 1
    assert "server < ledger_unusable" in done.stdout
    assert "wanx-mcp doctor" in done.stderr
    assert "Traceback" not in done.stderr
