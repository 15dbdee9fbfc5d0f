"""Climates: the kinds of weather on the command line, with the probability of each fault and quirk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wanx_mcp.simulator.quirks.quirk import Lasts, Quirk
from wanx_mcp.simulator.quirks.table import QUIRKS
from wanx_mcp.simulator.weather import Fault

_FAULTS = [fault for fault in Fault if fault is not Fault.NONE]
_VARIANTS = [quirk for quirk in QUIRKS.values() if quirk.variants]
_HOSTILE = {Lasts.REQUEST: 0.01, Lasts.TASK: 0.03, Lasts.RUN: 0.1}
"""About four in ten orders meet a fault or a quirk; a task has two or three quirks, and so does a run."""


@dataclass(frozen=True, slots=True)
class Climate:
    """The probability of each fault per request, and of each quirk per request, task or run."""

    faults: Mapping[Fault, float] = field(default_factory=dict)
    quirks: Mapping[Quirk, float] = field(default_factory=dict)


CLIMATES: Mapping[str, Climate] = {
    "fair": Climate(),
    "rough": Climate(dict.fromkeys(_FAULTS, 0.04), dict.fromkeys(_VARIANTS, 0.04)),
    "stormy": Climate(dict.fromkeys(_FAULTS, 0.08), dict.fromkeys(_VARIANTS, 0.08)),
    "hostile": Climate(dict.fromkeys(_FAULTS, 0.02), {quirk: _HOSTILE[quirk.lasts] for quirk in QUIRKS.values()}),
}
