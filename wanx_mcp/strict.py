"""Strict arguments: pydantic models, their flat JSON Schemas, and the problems of a call in plain words."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

ModelT = TypeVar("ModelT", bound=BaseModel)

# Bounded, since Python refuses to convert thousands of digits.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,30})?")
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,19})(\.0{1,30})?")
LONGEST_NAME = 40
"""Characters. A longer name of an unknown argument is neither repeated nor compared with the known ones."""

MOST_UNKNOWN = 10
"""Unknown arguments that are named in one error, each with the nearest known name."""

_DROPPED_KEYS = ("title", "examples", "default", "format", "additionalProperties")
_BOOLEANS = {"true": True, "false": False}


class Arguments(BaseModel):
    """The arguments of one call, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a call, and how to fix it. `consent`: the fix makes something else than was asked for, so
    the user has to agree."""

    what: str
    fix: str
    consent: bool = False


class Problems(ValueError):
    """Everything that is wrong with one call."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.what for problem in self.problems))

    @property
    def fixes(self) -> str:
        return "; ".join(dict.fromkeys(problem.fix for problem in self.problems))

    @property
    def needs_consent(self) -> bool:
        """Whether the user has to agree to a fix."""
        return any(problem.consent for problem in self.problems)


@cache
def properties(model: type[BaseModel]) -> Mapping[str, Mapping[str, Any]]:
    """The JSON Schema of each field, without references, nulls, titles and defaults."""
    found: Mapping[str, Mapping[str, Any]] = object_schema(model)["properties"]
    return found


def object_schema(model: type[BaseModel]) -> dict[str, Any]:
    """A flat schema of arguments that allows no unknown ones. An optional argument is simply not required."""
    return {**open_schema(model), "additionalProperties": False}


def open_schema(model: type[BaseModel]) -> dict[str, Any]:
    """A flat schema of `model`: no `$ref`, `anyOf`, null, title or default."""
    schema = model.model_json_schema()
    return _flat(schema, schema.get("$defs", {}))


def check(model: type[ModelT], given: Mapping[str, Any]) -> ModelT:
    """`given` as a `model`. Raises Problems. Absent means missing, null or the empty text."""
    return check_present(model, present(given), problems=())


def present(given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` without null and "", which some clients send for an absent argument."""
    return {name: value for name, value in given.items() if value is not None and value != ""}


def check_present(model: type[ModelT], given: Mapping[str, Any], problems: Iterable[Problem]) -> ModelT:
    """Like `check`, for arguments that are present. Earlier `problems` are reported together with the new ones."""
    known = properties(model)
    found = [*problems, *unknown_arguments([name for name in given if name not in known], known)]
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name in known.keys() & given.keys():
        try:
            values[name] = coerce(known[name], given[name])
        except ValueError as error:
            wrong[name] = str(error)
    try:
        valid = model.model_validate(values)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            name = str(detail["loc"][0])
            wrong.setdefault(name, _words(known[name], detail["type"], detail.get("ctx", {})))
    found += [Problem(f"{name} {wrong[name]}", _fix(model, name)) for name in known if name in wrong]
    if found:
        raise Problems(found)
    return valid


def unknown_arguments(names: Sequence[str], known: Iterable[str]) -> Iterator[Problem]:
    """The problems of unknown arguments; the first MOST_UNKNOWN are named."""
    for name in names[:MOST_UNKNOWN]:
        yield unknown(name, known)
    if (more := len(names) - MOST_UNKNOWN) > 0:
        yield Problem(f"{more} more are not arguments of this call", "remove every argument that the schema lacks")


def unknown(name: str, known: Iterable[str]) -> Problem:
    """The problem of an unknown argument, with the nearest known name if it looks like a typo."""
    short = len(name) <= LONGEST_NAME  # longer ones are not compared: that takes quadratic time
    label = name if short and re.fullmatch(r"[\w. -]+", name, re.ASCII) else "an argument"
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6) if short else []
    hint = f" or write it as {near[0]}" if near else ""
    return Problem(f"{label} is not an argument of this call", f"remove {label}{hint}")


def coerce(schema: Mapping[str, Any], value: object) -> object:
    """`value` in the type that `schema` asks for. Exact numbers and booleans may be text; nothing else is converted.

    Raises ValueError with words that follow the argument's name.
    """
    match schema.get("type"), value:
        case "string", str():
            if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
                raise ValueError("contains a lone surrogate, which cannot be sent")
            return value
        case "number", int() | float() if not isinstance(value, bool):
            return value
        case "number", str() if _NUMBER.fullmatch(value):
            return float(value)
        case "integer", int() if not isinstance(value, bool):
            return value
        case "integer", float() if value.is_integer():
            return int(value)
        case "integer", str() if _WHOLE.fullmatch(value):
            return int(value.partition(".")[0])
        case "array", list():
            return [coerce(schema["items"], item) for item in value]
        case "array", str() if value.lstrip().startswith("["):
            return coerce(schema, _listed(value))
        case "boolean", bool():
            return value
        case "boolean", str() if value in _BOOLEANS:
            return _BOOLEANS[value]
    raise ValueError(f"must be {allowed(schema)}, not {_kind(value)}")


def _listed(text: str) -> object:
    """The list that some clients send as JSON text; anything else comes back as it is, and is refused."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    return found if isinstance(found, list) else {}


def allowed(schema: Mapping[str, Any]) -> str:
    """The values that `schema` allows, as part of a sentence."""
    if choices := schema.get("enum"):
        quoted = [f'"{choice}"' for choice in choices]
        return " or ".join(quoted) if len(quoted) < 3 else "one of " + ", ".join(quoted)
    match schema.get("type"):
        case "number" | "integer" as kind:
            noun = "a number" if kind == "number" else "a whole number"
            return f"{noun} from {schema['minimum']:g} to {schema['maximum']:g}"
        case "boolean":
            return "true or false"
        case "array":
            return f"a list of {schema['minItems']} to {schema['maxItems']} texts"
        case _ if "maxLength" in schema:
            return f"text of {schema.get('minLength', 0)} to {schema['maxLength']} characters"
        case _:
            return "text"


def _words(schema: Mapping[str, Any], kind: str, context: Mapping[str, Any]) -> str:
    match kind:
        case "missing":
            return "is missing"
        case "value_error":
            return str(context["error"])
        case _:
            return f"must be {allowed(schema)}"


def _fix(model: type[BaseModel], name: str) -> str:
    words = allowed(properties(model)[name])
    example = _example(model, name)
    if not example:
        return f"set {name} to {words}"
    return f"set {name} to {example}" if words == "text" else f"set {name} to {words}, for example {example}"


def _example(model: type[BaseModel], name: str) -> str:
    schema = model.model_json_schema()["properties"][name]
    shapes = (schema, *schema.get("anyOf", ()))  # the example of an optional argument is one level down
    return next((str(shape["examples"][0]) for shape in shapes if "examples" in shape), "")


def _kind(value: object) -> str:
    match value:
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "this text"
        case list():
            return "a list"
        case _:
            return "an object"


def _flat(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return _flat(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        (one,) = (branch for branch in schema["anyOf"] if branch.get("type") != "null")
        return _flat({**one, **{key: value for key, value in schema.items() if key != "anyOf"}}, definitions)
    flat = {key: value for key, value in schema.items() if key not in _DROPPED_KEYS and key != "$defs"}
    if "const" in flat:
        flat["enum"] = [flat.pop("const")]
    if "properties" in flat:
        flat.pop("description", None)  # the model's docstring, which is for developers
        flat["properties"] = {name: _flat(field, definitions) for name, field in schema["properties"].items()}
    if "items" in flat:
        flat["items"] = _flat(schema["items"], definitions)
    return flat
