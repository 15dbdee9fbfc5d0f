"""The checks in order: each is run, or skipped because of another, and none of them can end the examination."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import anyio

from wanx_mcp.catalog import CATALOG
from wanx_mcp.cli.doctor.check import Check, Finding, Patient, Verdict, wrong
from wanx_mcp.cli.doctor.hosts import host_checks
from wanx_mcp.cli.doctor.machine import MACHINE
from wanx_mcp.cli.doctor.network import NETWORK
from wanx_mcp.clock import RealClock
from wanx_mcp.settings import Settings
from wanx_mcp.studio.opening import ledger_path, open_account


def all_checks(environment: Mapping[str, str]) -> tuple[Check, ...]:
    """Every row, the nearest first."""
    return (*MACHINE, *NETWORK, *host_checks(environment))


@asynccontextmanager
async def admitted(settings: Settings) -> AsyncIterator[Patient]:
    """The patient, with an open account (and its simulator, if that is what is configured).

    Raises NotConfigured where there is no folder for the ledger.
    """
    ledger_path(settings)  # outside of the group, in which the error would become one of many
    clock = RealClock()
    async with anyio.create_task_group() as group:
        try:
            async with open_account(settings, CATALOG, clock, group) as account:
                yield Patient(settings, os.environ, clock, account)
        finally:
            group.cancel_scope.cancel()


async def examine(patient: Patient, checks: Sequence[Check]) -> AsyncIterator[tuple[str, Finding]]:
    """Each check's name with what it found."""
    ill: dict[str, str] = {}
    for check in checks:
        because = next((ill[name] for name in check.needs if name in ill), None)
        if because is not None:
            finding = Finding(Verdict.SKIPPED, f"not looked at: first mend: {because}")
            ill[check.name] = because
        else:
            finding = await _found(check, patient)
            if finding.verdict in (Verdict.WRONG, Verdict.SKIPPED):
                ill[check.name] = check.name
        yield check.name, finding


async def _found(check: Check, patient: Patient) -> Finding:
    try:
        return await check.run(patient)
    except Exception as error:  # a check that fails is a finding
        fix = "Please report this, with the version that stands above."
        return wrong(f"This check itself failed: {type(error).__name__}.", fix, "failed_check")
