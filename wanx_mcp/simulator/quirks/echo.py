"""Quirks of the echo: how answers about a task repeat the input of its order [contract 5.7, 14]."""

from __future__ import annotations

import hashlib
import html
import unicodedata
from collections.abc import Callable
from typing import Any

from wanx_mcp.catalog.pictures import PICTURES
from wanx_mcp.simulator.quirks.quirk import Json, Quirk, View, showing

Text = Callable[[str], str]
_GO_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"})
CUT = 20
"""Length of a prompt that is cut short, in characters."""


def _echo(name: str, about: str, change: Callable[[Json], Any]) -> Quirk:
    def echoed(data: Json, _view: View) -> Json:
        given = data["input"]
        return {"input": change(dict(given)) if isinstance(given, dict) else given}

    return showing(f"echo_{name}", about, echoed, lambda _: True)


def _texts(value: Any, change: Text) -> Any:
    match value:
        case str():
            return value if value.startswith("data:") else change(value)
        case list():
            return [_texts(inner, change) for inner in value]
        case dict():
            return {name: _texts(inner, change) for name, inner in value.items()}
    return value


def _every_text(change: Text) -> Callable[[Json], Json]:
    return lambda echoed: {name: _texts(value, change) for name, value in echoed.items()}


def _prompt(change: Text) -> Callable[[Json], Json]:
    return lambda echoed: {**echoed, **({"prompt": change(echoed["prompt"])} if "prompt" in echoed else {})}


def _without(*names: str) -> Callable[[Json], Json]:
    return lambda echoed: {name: value for name, value in echoed.items() if name not in names}


def _copied(echoed: Json) -> Json:
    """The input with its pictures at addresses of the provider."""
    addresses = {name: hashlib.sha256(str(echoed[name]).encode()).hexdigest()[:24] for name in PICTURES & echoed.keys()}
    return {**echoed, **{name: f"https://storage.theapi.app/image/{digest}.png" for name, digest in addresses.items()}}


def _filled(echoed: Json) -> Json:
    defaults = {"negative_prompt": "chaos, bad video, low quality, low resolution", "aspect_ratio": "16:9"}
    return {**echoed, **{name: echoed.get(name) or value for name, value in defaults.items()}, "seed": 0, "steps": 30}


def _later(name: str, about: str, change: Callable[[Json], Json]) -> Quirk:
    return showing(name, about, lambda data, _view: change(data), lambda view: view.kind != "create")


def _rewritten(echoed: Json) -> Json:
    """What the provider sends its model where it may extend the prompt."""
    if not echoed.get("prompt_extend"):
        return echoed
    return {**echoed, "prompt": f"Shot 1: {echoed['prompt']}. Shot 2: closer."}


QUIRKS = (
    _echo("escaped", "HTML escapes in every text", _every_text(lambda text: text.translate(_GO_ESCAPES))),
    _echo("escaped_twice", "HTML escapes of HTML escapes", _every_text(lambda text: html.escape(html.escape(text)))),
    _echo("nfc", "composed characters", _every_text(lambda text: unicodedata.normalize("NFC", text))),
    _echo("nfd", "decomposed characters", _every_text(lambda text: unicodedata.normalize("NFD", text))),
    _echo("nfkc", "compatibility characters", _every_text(lambda text: unicodedata.normalize("NFKC", text))),
    _echo("collapsed", "white space collapsed", _every_text(lambda text: " ".join(text.split()))),
    _echo("newline", "a line break after the prompt", _prompt(lambda text: text + "\n")),
    _echo("extended", "words added to the prompt", _prompt(lambda text: f"{text}, cinematic, 4k")),
    _echo("cut_short", f"{CUT} characters of the prompt", _prompt(lambda text: text[:CUT])),
    _echo("rewritten", "another prompt altogether", _prompt(lambda _: "A cinematic shot of a scene")),
    _echo("prompt_extend", "the prompt of an order with prompt_extend rewritten", _rewritten),
    _echo("no_prompt", "no prompt", _without("prompt")),
    _echo("empty", "an empty input", lambda _: {}),
    _echo("null", "input is null", lambda _: None),
    _echo("no_negative", "no negative prompt", _without("negative_prompt")),
    _echo("no_ratio", "no aspect ratio", _without("aspect_ratio")),
    _echo("filled", "defaults of the provider's own where nothing was sent", _filled),
    _echo("copied", "pictures under addresses of the provider's own", _copied),
    _echo("no_picture", "no pictures", _without(*PICTURES)),
    _later(
        "echo_type_renamed",
        "the task type under another name in a read",
        lambda data: {"task_type": f"wanx_{data['task_type']}".replace("-", "_")},
    ),
    _later("echo_no_type", "no task type in a read", lambda _: {"task_type": ""}),
    _later("echo_model_case", "the model as Qubico/Wanx in a read", lambda _: {"model": "Qubico/Wanx"}),
    _later("echo_model_renamed", "the model as wan in a read", lambda _: {"model": "wan"}),
)
