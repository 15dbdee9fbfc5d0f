"""Checks of this machine: versions, settings, key, PyAV, folders, the ledger."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path

from wanx_mcp import __version__
from wanx_mcp.catalog import CATALOG
from wanx_mcp.cli.doctor.checks import Check, Finding, Installation, from_error, ok, to_person, warning, wrong
from wanx_mcp.errors import DownloadFailed, LedgerUnusable, NotConfigured
from wanx_mcp.ledger import State
from wanx_mcp.ledger.ledger import LedgerLockedError
from wanx_mcp.media.naming import check_spelling
from wanx_mcp.money import dollars, to_points, to_usd
from wanx_mcp.settings import Stops
from wanx_mcp.settings.protected import privacy_advice
from wanx_mcp.toolnames import PREVIEW

LITTLE_SPACE = 200_000_000
"""Bytes: about a hundred videos."""

MOST_DOUBTS = 100
"""Orders of unknown outcome that are counted."""


async def _versions(_installation: Installation) -> Finding:
    parts = [f"wanx-mcp {__version__}", f"Python {platform.python_version()}"]
    parts += [f"{name} {version(name)}" for name in ("mcp", "httpx", "pydantic", "pillow")]
    return ok(f"{', '.join(parts)}, in {Path(sys.prefix)}")


async def _settings(installation: Installation) -> Finding:
    problems = [one for one in installation.settings.problems if one.variable != "PIAPI_API_KEY"]
    found = "; ".join(map(str, problems))
    if any(one.wrong_value and one.stops > Stops.NOTHING for one in problems):
        return wrong(found, "Correct that value or remove the variable.", "wrong_setting")
    if problems:
        return warning(found, "Correct that value or remove the variable.", "wrong_setting")
    if installation.settings.simulate:
        return ok("WANX_SIMULATE is on: all results below are about the built-in simulator, and nothing costs money")
    budget = installation.settings.daily_budget
    limit = "no budget is set" if budget is None else f"the budget is {dollars(budget)} in 24 hours"
    return ok(f"the provider is {installation.settings.base_url}; {limit}")


async def _key(installation: Installation) -> Finding:
    if installation.settings.simulate:
        return ok("not needed by the simulator")
    problem = next((one for one in installation.settings.problems if one.variable == "PIAPI_API_KEY"), None)
    if problem:
        return wrong(str(problem), "Copy the key again from your PiAPI workspace, without quotes.", "unusable_key")
    if installation.settings.api_key is None:
        return wrong(
            "PIAPI_API_KEY is not set here.",
            "Copy your key from your workspace at https://piapi.ai, set PIAPI_API_KEY to it, and run this again. The "
            "server itself gets the key from its host: wanx-mcp config HOST. To try it without a key: wanx-mcp demo.",
            "no_key",
        )
    return ok("PIAPI_API_KEY is set")


async def _output_folder(installation: Installation) -> Finding:
    try:
        folder = installation.settings.output_folder
        check_spelling(folder, "")
    except NotConfigured as error:
        return from_error(error, "no_home")
    except DownloadFailed as error:
        return from_error(error, "unspellable_folder")
    if problem := _unwritable(folder, "WANX_OUTPUT_DIR"):
        return problem
    free = shutil.disk_usage(_existing(folder)).free
    if free < LITTLE_SPACE:
        found = f"only {free // 1_000_000} MB are free in {folder}"
        return warning(found, "Free some space, or set WANX_OUTPUT_DIR to a folder on another disk.", "little_space")
    later = "" if folder.is_dir() else " (created with the first video)"
    return ok(f"videos are saved in {folder}{later}")


async def _picture_folders(installation: Installation) -> Finding:
    folders = installation.settings.input_dirs
    missing = [folder for folder in folders if not folder.is_dir()]
    if missing:
        found = f"not a folder: {_listed(missing)}"
        return warning(found, "Create it, or remove it from WANX_INPUT_DIRS.", "missing_folder")
    wide = [folder for folder in folders if folder in (_home(), Path(folder.anchor))]
    if wide:
        found = f"every picture under {_listed(wide)} can be sent"
        return warning(found, "Set WANX_INPUT_DIRS to the folders that hold pictures for videos.", "wide_folder")
    return ok(f"pictures may be sent from {_listed(installation.settings.picture_folders) or 'no folder'}")


async def _ledger(installation: Installation) -> Finding:
    path = installation.settings.ledger_path
    if problem := _unwritable(path.parent, "WANX_STATE_DIR"):
        return replace(problem, fix=f"{problem.fix} No order is placed until then.")
    if not path.exists():
        return ok(f"nothing was ordered yet; {path} is created with the first order")
    ledger, limit = installation.account.ledger, installation.account.limit
    try:
        if damage := await ledger.ask(lambda book: book.damage()):
            fix = f"Move {path} aside (keep it) and check the task history of your PiAPI account."
            return wrong(f"The ledger {path} is damaged: {damage}.", fix, "damaged_ledger")
        spending = await ledger.ask(lambda book: book.spending(installation.clock.now(), limit))
        doubts = await ledger.ask(lambda book: book.page(None, (State.UNKNOWN,), None, MOST_DOUBTS))
    except LedgerLockedError as error:
        return warning(error.what, "Try again in a minute.", "locked_ledger")
    except LedgerUnusable as error:
        return from_error(error, "damaged_ledger" if "damaged" in error.next else "unusable_ledger")
    if os.name == "posix" and path.stat().st_mode & 0o077:
        return warning(f"other users can read {path}", f"chmod 600 '{path}'", "readable_ledger")
    booked = f"{dollars(to_usd(spending.booked))} booked in 24 hours"
    if doubts:
        fix = "The server looks them up by itself. To settle one by hand: wanx-mcp ledger"
        found = f"orders of unknown outcome: {len(doubts)}; {booked}"
        return warning(
            found, "The server looks them up by itself. To settle one by hand: wanx-mcp ledger", "unknown_orders"
        )
    cheapest = CATALOG.lowest_price
    if cheapest is not None and not spending.allows(to_points(cheapest)):
        found = f"what is left of the budget does not pay for the cheapest video: {booked}"
        return warning(found, "Raise WANX_DAILY_BUDGET_USD, or wait.", "no_budget")
    return ok(f"{path}, {booked}")


async def _pyav(_installation: Installation) -> Finding:
    try:
        import av
    except ImportError as error:
        found = f"PyAV cannot be loaded ({error}): {PREVIEW} and the videos of the simulator need it"
        return warning(found, f"Install it again: {_reinstall('av')}", "missing_extra")
    return ok(f"version {av.__version__}: previews work")


def _reinstall(package: str) -> str:
    """The command that installs a dependency of this package again, into this Python."""
    try:
        demand = next((one for one in requires("wanx-mcp") or () if re.match(rf"{package}\b", one)), package)
    except PackageNotFoundError:
        demand = package
    python = f'"{sys.executable}"' if " " in sys.executable else sys.executable
    pip = f"{python} -m pip install --force-reinstall"
    return f'{pip if find_spec("pip") else f"uv pip install --reinstall --python {python}"} "{demand}"'


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:  # this user has none
        return None


def _listed(folders: Sequence[Path]) -> str:
    return ", ".join(map(str, folders))


def _existing(folder: Path) -> Path:
    """The folder, or its nearest parent that exists."""
    return next((place for place in (folder, *folder.parents) if os.path.lexists(place)), folder)


def _unwritable(folder: Path, variable: str) -> Finding | None:
    """Why `folder` cannot be written, None if it can. Writes a temporary file to find out."""
    place = _existing(folder)
    if place.is_file():
        found = f"{folder} cannot be made, because {place} is a file, not a folder."
        return wrong(found, f"Move that file away, or set {variable} to another folder.", "unwritable_folder")
    try:
        with tempfile.TemporaryDirectory(prefix=".wanx-", dir=place) as trial:
            (Path(trial) / "trial").write_bytes(b"wanx")
    except OSError as error:
        found = f"{folder} cannot be written: {error.strerror} ({place})."
        fix = to_person(privacy_advice(error, place) or f"make {folder} a writable folder, or set {variable} to one")
        return wrong(found, fix, "unwritable_folder")
    return None


MACHINE_CHECKS: tuple[Check, ...] = (
    Check("versions", _versions),
    Check("settings", _settings),
    Check("key", _key),
    Check("PyAV", _pyav),
    Check("output folder", _output_folder),
    Check("picture folders", _picture_folders),
    Check("ledger", _ledger),
)
