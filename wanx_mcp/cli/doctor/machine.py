"""What can be seen on this machine: versions, settings, key, folders, the ledger, the video extra."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path

from wanx_mcp import __version__
from wanx_mcp.catalog import CATALOG
from wanx_mcp.cli.doctor.check import Check, Finding, Patient, names, ok, told, warning, wrong
from wanx_mcp.errors import DownloadFailed, LedgerUnusable, NotConfigured
from wanx_mcp.ledger import State
from wanx_mcp.ledger.ledger import LedgerLockedError
from wanx_mcp.media.naming import check_spelling
from wanx_mcp.money import dollars, to_points, to_usd
from wanx_mcp.settings import Stops
from wanx_mcp.studio.opening import ledger_path
from wanx_mcp.toolnames import PREVIEW

LITTLE_SPACE = 200_000_000
MANY = 100


async def _versions(_patient: Patient) -> Finding:
    parts = [f"wanx-mcp {__version__}", f"Python {platform.python_version()}"]
    parts += [f"{name} {version(name)}" for name in ("mcp", "httpx", "pydantic", "pillow")]
    return ok(f"{names(parts)}, in {Path(sys.prefix)}")


async def _settings(patient: Patient) -> Finding:
    complaints = [one for one in patient.settings.complaints if one.variable != "PIAPI_API_KEY"]
    found = "; ".join(map(str, complaints))
    if any(one.wrong_value and one.stops > Stops.NOTHING for one in complaints):
        return wrong(found, "Correct that value or remove the variable.", "wrong_setting")
    if complaints:
        return warning(found, "Correct that value or remove the variable.", "wrong_setting")
    if patient.settings.simulate:
        return ok("WANX_SIMULATE is on: everything below is about the built-in simulator, and nothing costs money")
    budget = patient.settings.daily_budget
    return ok(
        f"the provider is {patient.settings.base_url}; " + _budget_words(None if budget is None else dollars(budget))
    )


def _budget_words(limit: str | None) -> str:
    return "no budget is set" if limit is None else f"at most {limit} in 24 hours"


async def _key(patient: Patient) -> Finding:
    if patient.settings.simulate:
        return ok("not needed for the simulator")
    complaint = next((one for one in patient.settings.complaints if one.variable == "PIAPI_API_KEY"), None)
    if complaint:
        return wrong(str(complaint), "Copy the key again from your PiAPI workspace, without quotes.", "unusable_key")
    if patient.settings.api_key is None:
        return wrong(
            "PIAPI_API_KEY is not set here.",
            "Take your key from your workspace at https://piapi.ai, set PIAPI_API_KEY to it, and run this again. The "
            "server itself gets its key from its host: wanx-mcp config HOST. To try it without a key: wanx-mcp demo.",
            "no_key",
        )
    return ok("PIAPI_API_KEY is set")


async def _output_folder(patient: Patient) -> Finding:
    try:
        folder = patient.settings.output_folder
        check_spelling(folder, "")
    except NotConfigured as error:
        return told(error, "no_home")
    except DownloadFailed as error:
        return told(error, "unspellable_folder")
    if problem := _unwritable(folder):
        return wrong(problem, f"Make {folder} a writable folder, or set WANX_OUTPUT_DIR to one.", "unwritable_folder")
    free = shutil.disk_usage(_existing(folder)).free
    if free < LITTLE_SPACE:
        found = f"only {free // 1_000_000} MB are free in {folder}"
        return warning(found, "Free some space, or set WANX_OUTPUT_DIR to another disk.", "little_space")
    later = "" if folder.is_dir() else " (made with the first video)"
    return ok(f"videos go to {folder}{later}")


async def _picture_folders(patient: Patient) -> Finding:
    folders = patient.settings.input_dirs
    missing = [folder for folder in folders if not folder.is_dir()]
    if missing:
        found = f"no folder: {names(map(str, missing))}"
        return warning(found, "Make it, or take it out of WANX_INPUT_DIRS.", "missing_folder")
    wide = [folder for folder in folders if folder in (_home(), Path(folder.anchor))]
    if wide:
        found = f"every picture under {names(map(str, wide))} can be sent"
        return warning(found, "Set WANX_INPUT_DIRS to the folders that hold pictures for videos.", "wide_folder")
    return ok("pictures may come from " + (names(map(str, patient.settings.picture_folders)) or "no folder"))


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:  # this user has none
        return None


async def _ledger(patient: Patient) -> Finding:
    path = ledger_path(patient.settings)
    if problem := _unwritable(path.parent):
        fix = f"Make {path.parent} a writable folder, or set WANX_STATE_DIR to one. No order is placed until then."
        return wrong(problem, fix, "unwritable_folder")
    if not path.exists():
        return ok(f"nothing was ordered yet; {path} is made with the first order")
    ledger, limit = patient.account.ledger, patient.account.limit
    try:
        if damage := await ledger.ask(lambda book: book.damage()):
            fix = f"Move {path} aside (keep it) and check the task history of your PiAPI account."
            return wrong(f"The ledger {path} is damaged: {damage}.", fix, "damaged_ledger")
        spending = await ledger.ask(lambda book: book.spending(patient.clock.now(), limit))
        doubts = await ledger.ask(lambda book: book.page(None, (State.UNKNOWN,), None, MANY))
    except LedgerLockedError as error:
        return warning(error.what, "Try again in a minute.", "locked_ledger")
    except LedgerUnusable as error:
        return told(error, "damaged_ledger" if "damaged" in error.next else "unusable_ledger")
    if os.name == "posix" and path.stat().st_mode & 0o077:
        return warning(f"other users can read {path}", f"chmod 600 '{path}'", "readable_ledger")
    booked = f"{dollars(to_usd(spending.booked))} booked in 24 hours"
    if doubts:
        found = f"{len(doubts)} order(s) of unknown outcome; {booked}"
        return warning(found, "The server looks for them by itself. By hand: wanx-mcp ledger", "unknown_orders")
    cheapest = min(row.price for row in CATALOG.rows if row.price is not None)
    if not spending.allows(to_points(cheapest)):
        found = f"the budget has no room for the cheapest video: {booked}"
        return warning(found, "Raise WANX_DAILY_BUDGET_USD, or wait.", "no_budget")
    return ok(f"{path}, {booked}")


async def _video(_patient: Patient) -> Finding:
    if find_spec("av") is None:
        found = f"PyAV is missing: there are no contact sheets ({PREVIEW}), and the simulator shows a stand-in."
        return warning(found, f"{install('av')}, then restart the server.", "missing_extra")
    try:
        import av
    except ImportError as error:
        found = f"PyAV is there but cannot be loaded ({error})."
        return warning(found, f"Install it again: {install('av')}", "missing_extra")
    return ok(f"PyAV {av.__version__}: previews work")


def install(package: str) -> str:
    """The command that puts a dependency of ours into this very Python."""
    try:
        wanted = next((one for one in requires("wanx-mcp") or () if re.match(rf"{package}\b", one)), package)
    except PackageNotFoundError:
        wanted = package
    demand = wanted.partition(";")[0].strip()
    python = f'"{sys.executable}"' if " " in sys.executable else sys.executable
    tool = f"{python} -m pip install" if find_spec("pip") else f"uv pip install --python {python}"
    return f'{tool} "{demand}"'


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next((place for place in (folder, *folder.parents) if os.path.lexists(place)), folder)


def _unwritable(folder: Path) -> str | None:
    """Why nothing can be written into `folder`, found by writing; nothing is left behind."""
    place = _existing(folder)
    try:
        with tempfile.TemporaryDirectory(prefix=".wanx-", dir=place) as trial:
            (Path(trial) / "trial").write_bytes(b"wanx")
    except OSError as error:
        return f"{folder} cannot be written: {error.strerror} ({place})."
    return None


MACHINE: tuple[Check, ...] = (
    Check("versions", _versions),
    Check("settings", _settings),
    Check("key", _key),
    Check("video extra", _video),
    Check("output folder", _output_folder),
    Check("picture folders", _picture_folders),
    Check("ledger", _ledger),
)
