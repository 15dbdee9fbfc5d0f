"""Parses an incoming order and checks it against the catalog, as the provider would [contract 2, 4]."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wanx_mcp.catalog import Catalog, TaskType, Terms, parse_order
from wanx_mcp.catalog.wire import from_wire
from wanx_mcp.errors import WanxError
from wanx_mcp.simulator.replies import RefusedError
from wanx_mcp.simulator.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Ordered:
    """An accepted order: its row of the catalog, and `input` and `config` as received."""

    row: TaskType
    input: dict[str, Any] = field(repr=False)
    config: dict[str, Any] = field(repr=False)

    @property
    def terms(self) -> Terms:
        """What the order costs and takes."""
        return self.row.terms(provider_reads(self.input))


DEFAULTS: Mapping[str, Any] = {"duration": 5, "resolution": "1080P", "audio": False}
"""What the simulator assumes where an order does not say it. The provider's own defaults are unknown for the last two:
the most expensive one, and the other than ours, so that an order that relies on them is noticed."""


def provider_reads(given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments in an order's `input`, with the simulated provider's own defaults."""
    return {**DEFAULTS, **from_wire(given)}


def read_order(content: bytes, catalog: Catalog, uploads: Uploads) -> Ordered:
    """The order in the body of a request. Raises RefusedError."""
    try:
        body = json.loads(content)
    except ValueError:
        raise RefusedError(400, "the body is not JSON") from None
    if not isinstance(body, dict) or not isinstance(body.get("input"), dict):
        raise RefusedError(400, "input is missing")
    row = catalog.find(str(body.get("task_type")))
    if body.get("model") not in catalog.models or (row is not None and body["model"] != row.model):
        raise RefusedError(400, "unknown model")
    try:
        given = uploads.checked(from_wire(body["input"]))
        order = parse_order(catalog, {"task_type": body.get("task_type"), **given}, adult=True)
    except WanxError as error:
        raise RefusedError(400, error.what) from None
    config = body.get("config", {})
    if not _is_config(config):
        raise RefusedError(400, "webhook_config must hold strings: endpoint and secret")
    return Ordered(order.row, body["input"], config)


def _is_config(config: Any) -> bool:
    webhook = config.get("webhook_config", {}) if isinstance(config, Mapping) else None
    return isinstance(webhook, Mapping) and all(isinstance(value, str) for value in webhook.values())
