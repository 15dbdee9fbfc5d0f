"""A mistyped command line: the usage of what was meant, the word that was meant, exit code 2."""

from __future__ import annotations

import pytest

from tests.test_commands import run


@pytest.mark.parametrize(
    ("words", "usage", "meant"),
    [
        ("doctor --jsn", "wanx-mcp doctor [-h]", "did you mean --json?"),
        ("simulator --wether=fair", "wanx-mcp simulator [-h]", "did you mean --weather?"),
        ("simulator --weather stromy", "wanx-mcp simulator [-h]", "did you mean stormy?"),
        ("config claude-dekstop", "wanx-mcp config [-h]", "did you mean claude-desktop?"),
        ("docter", "wanx-mcp [-h]", "did you mean doctor?"),
        ("--versoin", "wanx-mcp [-h]", "did you mean --version?"),
    ],
)
def test_a_typo_is_answered_with_the_usage_and_the_word_that_was_meant(words: str, usage: str, meant: str) -> None:
    ended = run(*words.split())
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"usage: {usage}")
    assert ended.stderr.rstrip().endswith(meant)


@pytest.mark.parametrize("words", ["doctor nonsense", "doctor --xyzzy", "demo twice", "xyzzy"])
def test_what_is_like_nothing_known_is_refused_without_a_guess(words: str) -> None:
    ended = run(*words.split())
    assert ended.returncode == 2
    assert words.rsplit(maxsplit=1)[-1] in ended.stderr
    assert "did you mean" not in ended.stderr


@pytest.mark.parametrize("words", ["--settle 1", "--settle 1 --task-id=", "--task-id abc", "--not-placed"])
def test_half_a_settlement_is_refused_with_the_usage_of_the_ledger(words: str) -> None:
    ended = run("ledger", *words.split())
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("usage: wanx-mcp ledger [-h]")
    assert "--settle" in ended.stderr.splitlines()[-1]
