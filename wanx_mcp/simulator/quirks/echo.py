"""Quirks of the echo: how the input of an order comes back in the answers about its task [contract 5.7, 14]."""

from __future__ import annotations

import hashlib
import html
import unicodedata
from collections.abc import Callable
from typing import Any

from wanx_mcp.catalog.pictures import PICTURES
from wanx_mcp.simulator.quirks.quirk import Json, Lasts, Quirk, View

Text = Callable[[str], str]
_GO_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"})
CUT = 20
"""Characters that are left of a prompt that is cut."""


def _echo(name: str, about: str, change: Callable[[Json], Any]) -> Quirk:
    def shows(data: Json, _view: View) -> Json:
        echoed = data["input"]
        return {**data, "input": change(dict(echoed)) if isinstance(echoed, dict) else echoed}

    return Quirk(name=f"echo_{name}", about=about, lasts=Lasts.TASK, shows=shows)


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
    """The pictures under addresses of the provider's own."""
    addresses = {name: hashlib.sha256(str(echoed[name]).encode()).hexdigest()[:24] for name in PICTURES & echoed.keys()}
    return {**echoed, **{name: f"https://storage.theapi.app/image/{digest}.png" for name, digest in addresses.items()}}


def _filled(echoed: Json) -> Json:
    defaults = {"negative_prompt": "chaos, bad video, low quality, low resolution", "aspect_ratio": "16:9"}
    return {**echoed, **{name: echoed.get(name) or value for name, value in defaults.items()}, "seed": 0, "steps": 30}


def _told(name: str, about: str, change: Callable[[Json], Json]) -> Quirk:
    def shows(data: Json, view: View) -> Json:
        return data if view.kind == "create" else {**data, **change(data)}

    return Quirk(name=name, about=about, lasts=Lasts.TASK, shows=shows)


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
    _echo("no_prompt", "no prompt", _without("prompt")),
    _echo("empty", "an empty input", lambda _: {}),
    _echo("null", "input is null", lambda _: None),
    _echo("no_negative", "no negative prompt", _without("negative_prompt")),
    _echo("no_ratio", "no aspect ratio", _without("aspect_ratio")),
    _echo("filled", "defaults of the provider's own where nothing was sent", _filled),
    _echo("copied", "pictures under addresses of the provider's own", _copied),
    _echo("no_picture", "no pictures", _without(*PICTURES)),
    _told(
        "echo_type_renamed",
        "the task type under another name in a read",
        lambda data: {"task_type": f"wanx_{data['task_type']}".replace("-", "_")},
    ),
    _told("echo_no_type", "no task type in a read", lambda _: {"task_type": ""}),
    _told("echo_model_case", "the model as Qubico/Wanx in a read", lambda _: {"model": "Qubico/Wanx"}),
    _told("echo_model_renamed", "the model as wan in a read", lambda _: {"model": "wan"}),
)
