"""Secrets are struck out however they are spelt, wherever the provider or a prompt could bring them back."""

from __future__ import annotations

import base64
import html
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote as percent

import anyio
import httpx
import pytest

from tests.provider_answers import answering, changing, own
from tests.test_commands import run
from tests.world import KEY, World, text
from wanx_mcp.provider.wallet import shape
from wanx_mcp.quoting import quote
from wanx_mcp.redaction import MARK, Redaction, without

SECRET = "whsec-zq7k-pl0ver"  # noqa: S105
HOOK = "https://hooks.example.com/piapi-wx7kq2?token=t0k3n-77"
BARE = HOOK.removeprefix("https://")
SECRETS = (KEY, SECRET, HOOK)
Spelling = Callable[[str], str]


def in_base64(before: str, after: str, *, safe: bool = False) -> Spelling:
    encode = base64.urlsafe_b64encode if safe else base64.b64encode
    return lambda secret: encode(f"{before}{secret}{after}".encode()).decode()


SPELLINGS: Mapping[str, Spelling] = {
    "as it is": lambda secret: secret,
    "upper case": str.upper,
    "mixed case": str.title,
    "percent-encoded": lambda secret: percent(secret, safe=""),
    "percent-encoded letter by letter": lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()),
    "percent-encoded in lower case": lambda secret: "".join(f"%{byte:02x}" for byte in secret.encode()),
    "percent-encoded in part": lambda secret: "".join(
        f"%{ord(char):02x}" if n % 3 else char for n, char in enumerate(secret)
    ),
    "percent-encoded twice": lambda secret: "".join(f"%25{byte:02x}" for byte in secret.encode()),
    "HTML-escaped": lambda secret: (
        html.escape(secret).replace("-", "&#45;").replace("/", "&#x2F;").replace(".", "&period;")
    ),
    "decimal entities": lambda secret: "".join(f"&#{ord(char)};" for char in secret),
    "hexadecimal entities": lambda secret: "".join(f"&#x{ord(char):X};" for char in secret),
    "JSON-escaped": lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    "JSON-escaped letter by letter": lambda secret: "".join(f"\\u{ord(char):04x}" for char in secret),
    "a program's escapes": lambda secret: "".join(f"\\x{ord(char):02x}" for char in secret),
    "JSON in JSON": lambda secret: "".join(f"\\\\u{ord(char):04x}" for char in secret),
    "full width": lambda secret: "".join(chr(ord(char) + 0xFEE0) for char in secret),
    "zero-width characters in between": "\u200b".join,
    "control characters in between": "\x01".join,
    "broken over two lines": lambda secret: f"{secret[:9]}\n  {secret[9:]}",
    "hexadecimal": lambda secret: secret.encode().hex(),
    **{
        f"base64{' for addresses' if safe else ''} between {before!r} and {after!r}": in_base64(
            before, after, safe=safe
        )
        for safe in (False, True)
        for before in ("", "a", "ab", "user:")
        for after in ("", "z", "zz?>~")
    },
    "base64 without padding": lambda secret: base64.b64encode(secret.encode()).decode().rstrip("="),
    "base64, percent-encoded": lambda secret: percent(base64.b64encode(f">{secret}?".encode()).decode(), safe=""),
}
"""Ways in which a secret could come back."""


def traces(secret: str, spelling: Spelling) -> list[str]:
    """Stretches of the spelt secret of which none may be left."""
    spelt = spelling(secret)
    return [spelt[start : start + 14] for start in range(2, len(spelt) - 18, 3)] or [spelt]


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("secret", [KEY, SECRET, HOOK, BARE])
def test_a_secret_is_struck_out_in_every_spelling(name: str, secret: str) -> None:
    spelling = SPELLINGS[name]
    if name == "hexadecimal" and secret in (HOOK, BARE):
        secret = "piapi-wx7kq2"  # noqa: S105  # the telling part of the address
    shown = without(f"it said <{spelling(secret)}> then", SECRETS)
    assert MARK in shown
    assert shown.startswith("it said <")
    assert shown.endswith("> then")
    for trace in traces(secret.removeprefix("https://"), spelling):
        assert trace not in shown


@pytest.mark.parametrize(
    "part",
    [KEY[:8], KEY[-8:], KEY[:12], KEY[3:14], SECRET[:8], SECRET[-9:], f"{KEY[:8]}...{KEY[-8:]}", f"{KEY[:10]}****"],
)
def test_eight_characters_in_a_row_give_a_secret_away(part: str) -> None:
    shown = without(f"key {part}, wrong", SECRETS)
    assert MARK in shown
    assert KEY[:8] not in shown
    assert KEY[-8:] not in shown


@pytest.mark.parametrize(
    "part",
    [
        BARE,
        f"http://{BARE}",
        f"wss://{BARE}",
        f"//{BARE.upper()}",
        "/piapi-wx7kq2?token=t0k3n-77",
        "/piapi-wx7kq2",
        "piapi-wx7kq2",
        "token=t0k3n-77",
        "hooks.example.com:443/piapi-wx7kq2?token=t0k3n-77",
    ],
)
def test_of_a_webhook_address_neither_scheme_nor_host_is_needed(part: str) -> None:
    shown = without(f"cannot call {part} now", SECRETS).lower()
    assert "wx7kq2" not in shown
    assert "t0k3n" not in shown


def test_ordinary_words_and_other_addresses_stay() -> None:
    words = "cannot fetch https://example.com/in.jpg for https://hooks.example.com/other, test the keys: 12345"
    assert without(words, SECRETS) == words


@pytest.mark.parametrize(
    ("address", "words", "shown"),
    [
        (
            "https://h.example/hook",
            "h.example/hook failed, the hook of h.example",
            "[hidden] failed, the hook of h.example",
        ),
        ("https://h.example/notifications/wanx", "/notifications/wanx", "[hidden]"),
        ("https://h.example", "at h.example now", "at [hidden] now"),
        ("https://a81f92c3.tunnel.example/x", "a81f92c3.tunnel.example", "[hidden].tunnel.example"),
        ("https://me:hunter2pass@h.example/x", "hunter2pass", "[hidden]"),
        ("http://127.0.0.1:8080/hook", "127.0.0.1:8080/hook", "[hidden]"),
        ("https://h.example:443/hook", "h.example:443/hook, h.example/hook", "[hidden], [hidden]"),
        ("https://h.example/ab12cd", "ab12cd", "[hidden]"),
        ("https://h.example/ab12c", "ab12c", "ab12c"),
        ("https://h.example/AbCdEfGhIjKl", "abcdefghi", "[hidden]"),
        ("https://h.example/abcdefghijkl", "abcdefghi", "abcdefghi"),
        ("https://abcdef12.example/x", "abcdef12", "[hidden]"),
        ("https://abcde12.example/x", "abcde12", "abcde12"),
    ],
)
def test_which_parts_of_an_address_count(address: str, words: str, shown: str) -> None:
    assert without(words, (address,)) == shown


@pytest.mark.parametrize(
    ("secret", "words", "shown"),
    [
        ("boat", "a boat and boats, a lifeboat, BOAT", "a [hidden] and boats, a lifeboat, [hidden]"),
        ("boat", "a\nboat\there\u2003boat", "a\n[hidden]\there\u2003[hidden]"),
        ("zq7kpl0", "xzq7kpl0y", "xzq7kpl0y"),
        ("zq7kpl0v", "xzq7kpl0vy", "x[hidden]y"),
        ("boat", "Ym9hdA== and Ym9hdA", "[hidden] and [hidden]"),
        ("the", "the cat in the hat", "the cat in the hat"),
        ("the", 'secret=the; "the", secret: the.', 'secret=[hidden]; "[hidden]", secret: [hidden].'),
        ("a", "a cat", "a cat"),
        ("", "a cat", "a cat"),
        ("!#$%&()*+~^{}", "key !#$%&()*+~^{} wrong", "key [hidden] wrong"),
        ("pa!ss\\w0rd&amp;", "key pa!ss\\w0rd&amp; wrong", "key [hidden] wrong"),
    ],
)
def test_a_short_secret_does_not_eat_ordinary_words(secret: str, words: str, shown: str) -> None:
    assert without(words, (secret,)) == shown


# --- at the front door ---------------------------------------------------------------------------------------------

SETTINGS = {"WANX_WEBHOOK_URL": HOOK, "WANX_WEBHOOK_SECRET": SECRET}
CLUES = [
    "wx7kq2",
    "t0k3n",
    "zq7k",
    "pl0ver",
    KEY[:8],
    KEY[-8:],
    percent(KEY[:8]),
    base64.b64encode(KEY.encode()).decode()[:12],
]


def clean(shown: str) -> None:
    for clue in CLUES:
        assert clue.lower() not in shown.lower(), clue


def pieces(length: int = 150) -> list[str]:
    """Messages that are short enough to be quoted whole."""
    spelt = [spelling(secret) for spelling in SPELLINGS.values() for secret in SECRETS]
    return [piece for piece in spelt if len(piece) <= length]


@pytest.mark.anyio
async def test_no_spelling_of_a_secret_comes_back_in_an_error() -> None:
    world, said = World(SETTINGS), iter(pieces())
    answering(world, lambda: own(400, f"bad {next(said)} here"))
    async with world.client() as agent:
        for number in range(len(pieces())):
            error = await agent.error("create_wanx_task", task_type="txt2video-14b", prompt=f"boat {number}")
            assert error.startswith("refused: ")
            assert "here" in error
            clean(error)


@pytest.mark.anyio
async def test_no_spelling_of_a_secret_is_stored_or_shown_of_a_task() -> None:
    world, current = World(SETTINGS), list[str]()

    def failed(body: dict[str, Any]) -> None:
        body["data"].update(status="failed", error={"message": current[-1]}, task_type=f"odd {current[-1]}")
        body["data"]["output"] = {"video_url": f"https://h.example/a.mp4?key={KEY}"}

    async with world.client() as agent:
        made = [(await agent.order(prompt=f"boat {number}"))["task_id"] for number in range(len(pieces()))]
        changing(world, failed)
        world.clock.advance(60)
        for task_id, piece in zip(made, pieces(), strict=True):
            current.append(piece)
            seen = await agent.call("get_wanx_task", task_id=task_id)
            clean(text(seen) + json.dumps(seen.structured_content))
    for path in world.state.rglob("*"):
        if path.is_file():
            clean(path.read_bytes().decode("latin-1"))


@pytest.mark.anyio
async def test_no_spelling_of_a_secret_in_a_prompt_is_listed() -> None:
    world = World(SETTINGS)
    async with world.client() as agent:
        for number, piece in enumerate(pieces()):
            task_id = (await agent.order(prompt=f"{number} {piece}"))["task_id"]
            listed = await agent.call("list_wanx_tasks", limit=1)
            resource = await agent.client.read_resource(f"wanx://tasks/{task_id}")
            clean(text(listed) + json.dumps(listed.structured_content) + str(resource.contents))


def test_the_ledger_command_shows_no_secret() -> None:
    world = World(SETTINGS)

    async def order() -> None:
        async with world.client() as agent:
            for number, piece in enumerate(pieces(45)):
                await agent.order(prompt=f"{piece} {number}")

    anyio.run(order)
    environment = {"WANX_STATE_DIR": str(world.state), "PIAPI_API_KEY": KEY, **SETTINGS}
    ended = run("ledger", PIAPI_BASE_URL="http://127.0.0.1:9", **environment)
    assert ended.returncode == 0
    clean(ended.stdout + ended.stderr)


@pytest.mark.parametrize("spelling", ["as it is", "percent-encoded letter by letter", "base64 without padding"])
def test_a_log_shows_no_secret_not_even_in_a_traceback(spelling: str) -> None:
    logger, written = logging.Logger("test"), list[str]()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(self.format(record))

    logger.addHandler(Handler())
    Redaction(SECRETS).guard(logger)
    spelt = SPELLINGS[spelling](KEY)
    try:
        raise httpx.LocalProtocolError(f"illegal header {spelt}")  # noqa: TRY301
    except httpx.LocalProtocolError:
        logger.exception("a fault with %s", spelt)
    (line,) = written
    assert "LocalProtocolError: illegal header [hidden]" in line
    assert "a fault with [hidden]" in line
    clean(line)


@pytest.mark.parametrize(
    "junk", ["a" * 10**6, "%" * 10**6, "%41" * 300_000, "\\" * 10**6, "\u0301" * 10**6, KEY * 50_000]
)
def test_a_long_text_is_gone_through_once(junk: str) -> None:
    assert len(without(junk, SECRETS)) <= len(junk)


def test_the_shape_of_an_answer_shows_no_secret() -> None:
    body = {"data": {"plan": f"creator {KEY}", KEY: 1, "deep": {percent(SECRET): [{"status": HOOK}]}}}
    lines = shape(body, lambda words: quote(words, 200, SECRETS, links=False))
    assert len(lines) == 3
    clean("\n".join(lines))
