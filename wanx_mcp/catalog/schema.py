"""The catalog as JSON Schema and as text, for the tool that places orders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wanx_mcp.catalog.catalog import Catalog
from wanx_mcp.catalog.loras import LORAS, Fits
from wanx_mcp.catalog.output import Output
from wanx_mcp.catalog.pictures import PICTURES
from wanx_mcp.catalog.prices import span_words
from wanx_mcp.catalog.tasks import TaskType
from wanx_mcp.strict import properties


def order_properties(catalog: Catalog, folder: str = "") -> dict[str, Any]:
    """The schema of `task_type` and of every argument of every row. `folder` is where local pictures are looked for."""
    merged: dict[str, Any] = {
        "task_type": {
            "type": "string",
            "enum": [row.name for row in catalog.rows],
            "description": "See list above.",
        }
    }
    for row in catalog.rows:
        for name, schema in properties(row.input).items():
            merged[name] = _merged(merged[name], schema, row) if name in merged else dict(schema)
    if folder and "image" in merged:
        merged["image"]["description"] = merged["image"]["description"].replace("the picture folder", folder)
    return merged


def _merged(wide: Mapping[str, Any], schema: Mapping[str, Any], row: TaskType) -> dict[str, Any]:
    """A schema that allows what both allow; its description says what `row` takes instead, if that differs."""
    found = dict(wide)
    if "enum" in wide:
        found["enum"] = list(dict.fromkeys([*wide["enum"], *schema["enum"]]))
    for bound, widest in (("maxLength", max), ("maximum", max), ("minLength", min), ("minimum", min)):
        if bound in wide and bound in schema:
            found[bound] = widest(wide[bound], schema[bound])
    if words := _difference(wide, schema, row.output.family):
        found["description"] = f"{wide['description'].removesuffix(words).rstrip()} {words}"
    return found


def _difference(wide: Mapping[str, Any], schema: Mapping[str, Any], family: str) -> str:
    if schema.get("maxLength", 0) < wide.get("maxLength", 0):
        return f"{family}: at most {schema['maxLength']} characters."
    more = [choice for choice in schema.get("enum", ()) if choice not in wide["enum"]]
    return f"{', '.join(more)}: {family} only." if more else ""


def order_required(catalog: Catalog) -> list[str]:
    """The arguments that every row requires."""
    common = set.intersection(*(set(row.needed) for row in catalog.rows))
    return ["task_type", *(name for name in catalog.arguments if name in common)]


def headline(catalog: Catalog) -> str:
    """One sentence: what is made, and for how much. Some hosts show no more than its first 155 characters."""
    made = [
        f"{output.family} {'with sound' if output.sound else 'silent'}, {output.size_words.split(' (')[0]}, "
        f"{output.length_words}, {price}"
        for output, rows in families(catalog)
        if (price := span_words([row.price for row in rows]))
    ]
    return f"Makes one short video from text or a picture: {'; '.join(made)}."


def families(catalog: Catalog) -> list[tuple[Output, list[TaskType]]]:
    """The rows by what they make, in the order of the table."""
    found: dict[str, list[TaskType]] = {}
    for row in catalog.rows:
        found.setdefault(row.output.family, []).append(row)
    return [(rows[0].output, rows) for rows in found.values()]


def task_lines(catalog: Catalog) -> str:
    """Each family with what the headline leaves out, and its task types: price, use, and the arguments that not nearly
    every task type takes."""
    usual = _usual(catalog)
    return "\n".join(line for output, rows in families(catalog) for line in _family(output, rows, usual))


def _usual(catalog: Catalog) -> set[str]:
    """The arguments that so many rows take that it is shorter to name the rows without them."""
    taken = {name: sum(name in row.allowed for row in catalog.rows) for name in catalog.arguments}
    return {name for name, count in taken.items() if 4 * count > 3 * len(catalog.rows)}


def _family(output: Output, rows: list[TaskType], usual: set[str]) -> list[str]:
    """A line for the family with everything that its rows share, and one for each of them."""
    shared = set.intersection(*(set(row.allowed) for row in rows)) - usual
    one_price = all(row.price == rows[0].price for row in rows)
    in_headline = span_words([row.price for row in rows]) != ""  # with size, length and sound
    facts = [output.pixel_words if in_headline else output.words]
    facts += ["unconfirmed"] if not output.confirmed else []
    facts += [rows[0].price.words()] if one_price else []
    also = f" {_brackets(rows[0], shared)}" if shared else ""
    head = f"{output.family}: {', '.join(fact for fact in facts if fact)}{also}"
    return [head, *(_line(row, usual, shared, priced=not one_price) for row in rows)]


def _line(row: TaskType, usual: set[str], shared: set[str], *, priced: bool) -> str:
    price = f"{row.price.words()}, " if priced else ""
    extras = _brackets(row, set(row.allowed) - usual - shared)
    lacks = "".join(f", no {name}" for name in sorted(usual - set(row.allowed)))
    return f"{row.name}: {price}{row.choose}{lacks}{f' {extras}' if extras else ''}"


def _brackets(row: TaskType, names: set[str]) -> str:
    listed = [name + ("" if name in row.needed else "?") for name in row.allowed if name in names]
    return f"[{', '.join(listed)}]" if listed else ""


def for_hosts(schema: Mapping[str, Any]) -> dict[str, Any]:
    """`schema` without lists of numbers, which some hosts refuse: their lowest and highest instead."""
    return {**schema, "properties": {name: _bounded(field) for name, field in schema["properties"].items()}}


def _bounded(field: Mapping[str, Any]) -> dict[str, Any]:
    if field.get("type") != "integer" or "enum" not in field:
        return dict(field)
    rest = {name: value for name, value in field.items() if name != "enum"}
    return {**rest, "minimum": min(field["enum"]), "maximum": max(field["enum"])}


def choice_words(catalog: Catalog) -> str:
    """For which families an order can choose length, size and sound."""
    chosen = [output.family for output, _ in families(catalog) if not output.fixed]
    if not chosen:
        return "Length, size and sound cannot be chosen."
    return f"Length, size and sound can be chosen for {', '.join(chosen)} only."


def example(row: TaskType) -> dict[str, Any]:
    """The arguments of one valid order of that row: only the required ones."""
    return {"task_type": row.name, **{name: _example(row, name) for name in row.needed}}


def _example(row: TaskType, name: str) -> Any:
    if name in PICTURES:
        return f"https://example.com/{name}.jpg"
    if name == "lora_type":
        takes_picture = bool(PICTURES & set(row.allowed))
        return next(lora.name for lora in LORAS if (lora.picture if takes_picture else lora.text) is Fits.YES)
    schema = properties(row.input)[name]
    if "enum" in schema:
        return schema["enum"][1]
    return str((row.input.model_fields[name].examples or [name])[0]).strip('"')
