"""One visit: every check, and the probes if they were asked for."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from decimal import Decimal

import anyio

from wanx_mcp import __version__
from wanx_mcp.catalog import CATALOG
from wanx_mcp.cli.doctor.check import Patient, Verdict
from wanx_mcp.cli.doctor.examining import admitted, all_checks, examine
from wanx_mcp.cli.doctor.report import Report
from wanx_mcp.errors import WanxError
from wanx_mcp.money import dollars
from wanx_mcp.settings import Settings, read_settings
from wanx_mcp.studio.probing import Lesson, Probing

SECONDS = 15.0
DAY = timedelta(days=1)


def doctor(*, as_json: bool, probe: bool) -> int:
    """Examine this installation. Returns 0 if nothing is wrong, 1 otherwise."""
    settings = read_settings(os.environ)
    raw = os.environ.get("PIAPI_API_KEY", "")
    report = Report((*settings.secrets, raw, raw.strip()), as_json)
    simulated = ", simulated" if settings.simulate else ""
    report.say(f"wanx-mcp {__version__}{simulated}: a check-up, free of charge.")
    report.say()
    anyio.run(_visit, settings, report, probe)
    report.end(simulated=settings.simulate)
    return 0 if report.healthy else 1


async def _visit(settings: Settings, report: Report, probe: bool) -> None:
    async with admitted(settings) as patient:
        well: dict[str, bool] = {}
        async for name, finding in examine(patient, all_checks(os.environ)):
            report.add(name, finding)
            well[name] = finding.verdict not in (Verdict.WRONG, Verdict.SKIPPED)
        if not probe:
            return
        report.say()
        if all(well[name] for name in ("settings", "ledger", "provider", "account")):
            await _probe(patient, report)
        else:
            report.note("Nothing was probed: first mend what is wrong above.")


async def _probe(patient: Patient, report: Report) -> None:
    """What only the provider can tell: the words of its refusals, and the fields of its answers."""
    report.say(
        "Probing with orders that can only be refused: a task type that does not exist, or no picture where there has "
        "to be one. Each is in the ledger before it leaves."
    )
    before, began, over = await _balance(patient), patient.clock.now(), False
    try:
        async for probed in Probing(patient.settings, CATALOG, patient.clock, patient.account).ask():
            report.learn(probed)
            if probed.lesson is Lesson.TAKEN:
                report.note("ATTENTION: the provider accepted what it could not have accepted. Look at its task list.")
            elif probed.lesson is Lesson.UNKNOWN:
                report.note("The answer to a probe was lost, so nothing more is asked; the server looks it up.")
        over = not any(probed.lesson in (Lesson.TAKEN, Lesson.UNKNOWN) for probed in report.probed)
        report.show(await patient.account.provider.shapes(within=SECONDS))
    except WanxError as error:
        report.note(f"The probing ended early: {error.what}.")
    for task_id in await _strangers(patient, began):
        report.note(f"Task {task_id} began meanwhile and is not in this ledger: somebody else's, or look at it.")
    after = await _balance(patient)
    if before is None or after is None:
        report.note("The balance could not be compared.")
    elif before == after and over:
        report.note(f"The balance is {dollars(after)} as before: nothing was charged.")
    elif before == after:  # the provider may charge an order when it ends
        report.note(f"The balance is {dollars(after)} as before; that probe may still be charged: wanx-mcp ledger.")
    else:
        report.note(f"The balance went from {dollars(before)} to {dollars(after)} meanwhile: look at the task list.")


async def _balance(patient: Patient) -> Decimal | None:
    try:
        wallet = await patient.account.provider.wallet(within=SECONDS)
    except WanxError:
        return None
    return None if wallet is None else wallet.usd


async def _strangers(patient: Patient, began: datetime) -> list[str]:
    """Tasks of this account that began since then, and that the ledger does not know."""
    provider, ledger = patient.account.provider, patient.account.ledger
    try:
        since = began + provider.ahead
        reading = await provider.history(since, since + DAY, within=SECONDS)
        ids = [row.task_id for row in reading.rows if row.task_id]
        return await ledger.ask(lambda book: [task_id for task_id in ids if not book.knows(task_id)])
    except WanxError:
        return []
