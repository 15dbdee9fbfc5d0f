"""The doctor: runs every check, then the probes if they were asked for."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal

import anyio

from wanx_mcp import __version__
from wanx_mcp.catalog import CATALOG
from wanx_mcp.cli.doctor.checks import Check, Installation, run_checks
from wanx_mcp.cli.doctor.hosts import host_checks
from wanx_mcp.cli.doctor.ledgers import second_ledgers
from wanx_mcp.cli.doctor.machine import MACHINE_CHECKS
from wanx_mcp.cli.doctor.network import NETWORK_CHECKS
from wanx_mcp.cli.doctor.probes import Lesson, Probes
from wanx_mcp.cli.doctor.report import Report
from wanx_mcp.clock import RealClock
from wanx_mcp.errors import WanxError
from wanx_mcp.limits.provider import DOCTOR_SECONDS
from wanx_mcp.money import dollars
from wanx_mcp.settings import Settings, read_settings
from wanx_mcp.studio.opening import open_account

DAY = timedelta(days=1)
PROBES_NEED = ("settings", "ledger", "provider", "account")


def doctor(*, as_json: bool, probe: bool) -> int:
    """Check this installation and print a report. Returns 0 if nothing is wrong, 1 otherwise."""
    settings = read_settings(os.environ)
    raw = os.environ.get("PIAPI_API_KEY", "")
    report = Report((*settings.secrets, raw, raw.strip()), as_json)
    simulated = ", simulated" if settings.simulate else ""
    report.say(f"wanx-mcp {__version__}{simulated}: checking this installation, free of charge.")
    report.say()
    anyio.run(_run, settings, report, probe)
    report.end(simulated=settings.simulate)
    return 0 if report.healthy else 1


def all_checks(settings: Settings, environment: Mapping[str, str]) -> tuple[Check, ...]:
    """Every check, in order."""
    return (*MACHINE_CHECKS, *second_ledgers(settings), *NETWORK_CHECKS, *host_checks(environment))


async def _run(settings: Settings, report: Report, probe: bool) -> None:
    async with _opened(settings) as installation:
        passed: dict[str, bool] = {}
        async for name, finding in run_checks(installation, all_checks(settings, os.environ)):
            report.add(name, finding)
            passed[name] = finding.result.passed
        if not probe:
            return
        report.say()
        if all(passed[name] for name in PROBES_NEED):
            await _probe(installation, report)
        else:
            report.note("Nothing was probed: first fix the problems above.")


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Installation]:
    """The installation with its account open (and the simulator running, if that is configured).

    Raises NotConfigured if there is no folder for the ledger.
    """
    _ = settings.ledger_path  # outside the task group, which would wrap the error
    clock = RealClock()
    async with anyio.create_task_group() as group:
        try:
            async with open_account(settings, CATALOG, clock, group) as account:
                yield Installation(settings, os.environ, clock, account)
        finally:
            group.cancel_scope.cancel()


async def _probe(installation: Installation, report: Report) -> None:
    """Send the probes and report the provider's refusals, the fields of its answers, and any change of the balance."""
    report.say(
        "Probing with orders that the provider must refuse: a task type that does not exist, or no picture where one "
        "is required. Each is recorded in the ledger before it is sent."
    )
    before, started, refused = await _balance(installation), installation.clock.now(), False
    try:
        async for probed in Probes(installation.settings, CATALOG, installation.clock, installation.account).ask():
            report.add_probe(probed)
            if probed.lesson is Lesson.TAKEN:
                report.note("ATTENTION: the provider accepted an invalid order. Check its list of tasks.")
            elif probed.lesson is Lesson.UNKNOWN:
                report.note("The answer to a probe was lost, so no more are sent. The server looks this order up.")
        refused = not any(probed.lesson in (Lesson.TAKEN, Lesson.UNKNOWN) for probed in report.probed)
        report.add_shapes(await installation.account.provider.shapes(within=DOCTOR_SECONDS))
    except WanxError as error:
        report.note(f"Probing ended early: {error.what}.")
    for task_id in await _unrecorded_tasks(installation, started):
        report.note(f"Task {task_id} was created meanwhile and is not in this ledger. If it is not yours, look at it.")
    report.note(_comparison(before, await _balance(installation), refused=refused))


def _comparison(before: Decimal | None, after: Decimal | None, *, refused: bool) -> str:
    if before is None or after is None:
        return "The balance could not be compared."
    if before != after:
        return f"The balance went from {dollars(before)} to {dollars(after)} meanwhile: check the list of tasks."
    if refused:
        return f"The balance is still {dollars(after)}: nothing was charged."
    # The provider may charge an order when it ends.
    return f"The balance is still {dollars(after)}; that probe may be charged later: see wanx-mcp ledger."


async def _balance(installation: Installation) -> Decimal | None:
    try:
        wallet = await installation.account.provider.wallet(within=DOCTOR_SECONDS)
    except WanxError:
        return None
    return None if wallet is None else wallet.usd


async def _unrecorded_tasks(installation: Installation, since: datetime) -> list[str]:
    """The ids of tasks that this account created after `since` and that are not in the ledger."""
    provider, ledger = installation.account.provider, installation.account.ledger
    try:
        start = since + provider.ahead
        reading = await provider.history(start, start + DAY, within=DOCTOR_SECONDS)
        ids = [row.task_id for row in reading.rows if row.task_id]
        return await ledger.ask(lambda book: [task_id for task_id in ids if not book.knows(task_id)])
    except WanxError:
        return []
