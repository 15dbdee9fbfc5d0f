"""The questions that sources answer differently, each as an order that the provider must refuse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from wanx_mcp.catalog import Catalog, TaskType, wan26
from wanx_mcp.catalog.pictures import PICTURES
from wanx_mcp.catalog.wire import MODEL, PLACES, RIVALS
from wanx_mcp.strict import properties

LOWER_CASE = (wan26.MODEL,)
"""Models of which some source gives the name in lower case."""

PROBE = "wanx-mcp-probe"
"""A task type, motion, LoRA and aspect ratio that does not exist, and is not a picture."""

JUNK: Mapping[str, Any] = {"probe": [0]}
"""An object in place of text: a provider that reads the field has to refuse it, and names it."""


@dataclass(frozen=True, slots=True)
class ProbeQuestion:
    """One invalid order. The refusal names `ours` if this version is right, `rivals` if another source is."""

    topic: str
    task_type: str
    input: Mapping[str, Any] = field(default_factory=dict)
    ours: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    assumed: str = ""
    model: str = MODEL

    @property
    def payload(self) -> dict[str, Any]:
        return {"model": self.model, "task_type": self.task_type, "input": dict(self.input)}


def certainly_refused(catalog: Catalog, payload: Mapping[str, Any]) -> bool:
    """Whether no provider, however lenient, could make a video from `payload`.

    Its task type does not exist, or needs a picture and has none: the only text anywhere in the input is PROBE, so that
    nothing in it can be read as a picture, a link or a prompt.
    """
    kind, given = payload.get("task_type"), payload.get("input")
    row = catalog.find(kind) if isinstance(kind, str) else None
    impossible = kind == PROBE if row is None else bool(PICTURES & set(row.needed))
    return impossible and isinstance(given, Mapping) and all(text == PROBE for text in _texts(given))


def questions(catalog: Catalog) -> Iterator[ProbeQuestion]:
    """Every question that a refusal can answer, the most certain refusal first."""
    names = tuple(row.name for row in catalog.rows)
    assumed = f"{len(names)} task types: {', '.join(names)}"
    yield ProbeQuestion("task types", PROBE, ours=names, assumed=assumed)
    pictured = [row for row in catalog.rows if PICTURES & set(row.needed)]
    yield from _required(pictured)
    yield from _names(pictured)
    yield from _closed_lists(pictured)
    yield from _ratios(pictured)
    yield from _choices(pictured)
    yield from _models(pictured)


def _required(rows: list[TaskType]) -> Iterator[ProbeQuestion]:
    """What the provider requires when it gets an empty input: one question for each set of pictures."""
    seen: set[tuple[str, frozenset[str]]] = set()
    for row in rows:
        pictures = row.model, frozenset(PICTURES & set(row.needed))
        if pictures in seen:
            continue
        seen.add(pictures)
        keys = tuple(dict.fromkeys(PLACES[name].within or PLACES[name].key for name in row.needed))
        theirs = (key for rival in RIVALS if rival.keys() <= set(row.allowed) for key in rival.values())
        rivals = tuple(key for key in dict.fromkeys(theirs) if key not in keys)
        assumed = f"it needs {', '.join(keys)}"
        yield ProbeQuestion(f"what {row.name} needs", row.name, {}, keys, rivals, assumed, row.model)


def _names(rows: list[TaskType]) -> Iterator[ProbeQuestion]:
    """Each disputed name, ours and that of another source, with an invalid value."""
    asked: set[tuple[str, ...]] = set()
    for rival in RIVALS:
        row = next((row for row in rows if rival.keys() <= set(row.allowed)), None)
        if row is None:
            continue
        ours, theirs = tuple(rival), tuple(rival.values())
        if not any(set(ours) <= set(other) for other in asked):
            asked.add(ours)
            assumed = f"sends {', '.join(ours)}"
            yield ProbeQuestion(f"names in {row.name}", row.name, _input(dict.fromkeys(ours)), ours, theirs, assumed)
        # A name that we send for another task type proves nothing here: all may share one parser.
        telling = tuple(key for key in theirs if key not in PLACES)
        assumed = f"never sends {', '.join(theirs)}"
        yield ProbeQuestion(f"other names in {row.name}", row.name, _input(rival), (), telling, assumed)


def _closed_lists(rows: list[TaskType]) -> Iterator[ProbeQuestion]:
    """A value that does not exist, where the refusal may list those that do."""
    for name, assumed in (("motion_type", "a closed list of motions"), ("lora_type", "an open list of LoRAs")):
        row = next((row for row in rows if name in row.allowed), None)
        if row is not None:
            within, key = PLACES[name].within, PLACES[name].key
            value = {key: PROBE}
            given = {within: [value]} if within else value
            yield ProbeQuestion(f"values of {name}", row.name, given, (key,), (), assumed)


def _ratios(rows: list[TaskType]) -> Iterator[ProbeQuestion]:
    """Which families of models accept the aspect ratio."""
    seen: set[str] = set()
    for row in rows:
        family = row.output.family
        if family not in seen:
            seen.add(family)
            key = PLACES["aspect_ratio"].key
            taken = "aspect_ratio" in row.allowed
            assumed = "sent only when the user asks" if taken else "never sent: the picture decides the shape"
            ours, rivals = ((key,), ()) if taken else ((), (key,))
            yield ProbeQuestion(f"{key} in {row.name}", row.name, {key: PROBE}, ours, rivals, assumed, row.model)


def _choices(rows: list[TaskType]) -> Iterator[ProbeQuestion]:
    """What the provider says of length, size, sound and cuts, and how it spells the resolutions."""
    for row in rows:
        fields = properties(row.input)
        for name in ("duration", "resolution", "audio", "multi_shot"):
            if name not in row.allowed:
                continue
            key, words = PLACES[name].key, tuple(map(str, fields[name].get("enum", ())))
            text = fields[name]["type"] == "string" or PLACES[name].word is not None
            ours = (key, *words) if text else (key,)
            rivals = tuple(word.lower() for word in words if word.lower() != word)
            assumed = f"{key}: {', '.join(words) or PLACES[name].word or 'true or false'}"
            given = {key: PROBE if text else JUNK}
            yield ProbeQuestion(f"{key} in {row.name}", row.name, given, ours, rivals, assumed, row.model)
        if "resolution" in row.allowed:
            return


def _models(rows: list[TaskType]) -> Iterator[ProbeQuestion]:
    """Whether a model that some sources write in lower case is known by that name too: then the refusal is about the
    missing picture, not about the model."""
    row = next((row for row in rows if row.model in LOWER_CASE), None)
    if row is not None:
        needs = tuple(PLACES[name].key for name in row.needed if name in PICTURES)
        small, assumed = row.model.lower(), f"{row.model}, not {row.model.lower()}"
        yield ProbeQuestion(f"model {small}", row.name, {}, ("model",), needs, assumed, small)


def _input(names: Mapping[str, str] | Mapping[str, None]) -> dict[str, Any]:
    """An input with JUNK under each name, or under the other name given for it; and under prompt, so that a provider
    that ignores the name still refuses the order."""
    made: dict[str, Any] = {}
    for name, other in names.items():
        within = PLACES[name].within
        holder = made if within is None else made.setdefault(within, [{}])[0]
        holder[other or PLACES[name].key] = JUNK
    return {**made, PLACES["prompt"].key: JUNK}


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str() | bytes():
            yield str(value)
        case Mapping():
            for inner in value.values():
                yield from _texts(inner)
        case list() | tuple():
            for inner in value:
                yield from _texts(inner)
