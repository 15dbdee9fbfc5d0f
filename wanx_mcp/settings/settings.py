"""The settings as one frozen object. An invalid value becomes a SettingProblem, never a crash."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from wanx_mcp.addresses import is_loopback
from wanx_mcp.errors import NotConfigured
from wanx_mcp.limits import LONGEST_WAIT_SECONDS
from wanx_mcp.settings.hosts import LOOPBACK_ORIGINS, MEDIA_ORIGINS, PROVIDER, UPLOADS
from wanx_mcp.settings.readers import usual_folder
from wanx_mcp.settings.rows import SETTINGS, Setting, Stops
from wanx_mcp.settings.state_folders import REAL, SIMULATED, usual_state_folder
from wanx_mcp.variables import variable


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """A variable that cannot be used, and why. The value itself is never quoted."""

    variable: str
    words: str
    stops: Stops
    wrong_value: bool = True

    def __str__(self) -> str:
        return f"{self.variable} {self.words}"


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings, with their defaults. A folder that is None is the platform's, looked up when first needed."""

    api_key: str | None = field(default=None, repr=False)
    base_url: str = PROVIDER
    upload_url: str | None = None
    output_dir: Path | None = None
    input_dirs: tuple[Path, ...] = ()
    state_dir: Path | None = None
    daily_budget: Decimal | None = Decimal("5.00")
    assumed_price: Decimal = Decimal("0.60")
    webhook_url: str | None = field(default=None, repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    allow_adult: bool = False
    max_wait_seconds: int = LONGEST_WAIT_SECONDS
    reads_per_minute: int = 30
    auto_save: bool = True
    simulate: bool = False
    simulate_speed: float = 20.0
    problems: tuple[SettingProblem, ...] = ()

    @property
    def output_folder(self) -> Path:
        """Where videos are saved. Raises NotConfigured if the user has no home folder and none is set."""
        folder = self._usual_output_folder()
        if folder is None:
            raise _no_folder("videos", "WANX_OUTPUT_DIR")
        return folder

    def _usual_output_folder(self) -> Path | None:
        if self.output_dir is not None:
            return self.output_dir
        from platformdirs import user_videos_path

        return usual_folder(lambda: user_videos_path() / "wanx")

    @property
    def picture_folders(self) -> tuple[Path, ...]:
        """The only folders from which local pictures are sent; empty if none is set and the user has no home folder."""
        folder = self._usual_output_folder()
        return self.input_dirs if folder is None else (folder, *self.input_dirs)

    @property
    def upload_host(self) -> str:
        """Where pictures are uploaded."""
        # With a provider on this machine, pictures leave it only if the operator says so.
        return self.upload_url or (self.base_url if is_loopback(self.base_url) else UPLOADS)

    @property
    def speed(self) -> float:
        """How many times faster than real time tasks run."""
        return self.simulate_speed if self.simulate else 1.0

    @property
    def media_origins(self) -> tuple[str, ...]:
        """The origins of videos, in the form of a content security policy."""
        return LOOPBACK_ORIGINS if self.simulate or is_loopback(self.base_url) else MEDIA_ORIGINS

    @property
    def state_folder(self) -> Path:
        """Where the ledger is kept. Raises NotConfigured if the user has no home folder and none is set."""
        if self.state_dir is not None:
            return self.state_dir
        folder = usual_state_folder()
        if folder is None:
            raise _no_folder("the ledger of orders", "WANX_STATE_DIR")
        return folder

    @property
    def ledger_path(self) -> Path:
        """The ledger's file. Simulated orders have one of their own and never touch the real budget. Raises
        NotConfigured like `state_folder`."""
        return self.state_folder / (SIMULATED if self.simulate else REAL)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must never be shown."""
        return tuple(value for value in (self.api_key, self.webhook_secret, self.webhook_url) if value)

    def problems_that_stop(self, least: Stops) -> tuple[SettingProblem, ...]:
        """The problems that stop `least` or more."""
        return tuple(problem for problem in self.problems if problem.stops >= least)


def _no_folder(what: str, variable: str) -> NotConfigured:
    advice = f"ask the user to set {variable} to an absolute folder in this server's environment and to restart it"
    return NotConfigured(f"there is no folder for {what}: this user has no home folder", advice=advice)


def shown_default(row: Setting) -> str:
    """The default of a setting as text, as the README shows it."""
    match getattr(Settings(), row.field):
        case None | ():
            return row.unset
        case bool() as value:
            return str(value).lower()
        case float() as value:
            return f"{value:g}"
        case value:
            return str(value)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings that `environment` holds. Empty values and unfilled `${...}` templates count as unset."""
    found: dict[str, object] = {}
    problems: list[SettingProblem] = []
    for row in SETTINGS:
        text = variable(environment, row.variable)
        if not text:
            continue
        try:
            found[row.field] = value = row.read(text)
        except ValueError as error:
            problems.append(SettingProblem(row.variable, str(error), row.stops))
        else:
            if words := row.check(value):
                problems.append(SettingProblem(row.variable, words, Stops.NOTHING))
    problems += _unknown(environment)
    return Settings(**found, problems=tuple(problems))  # type: ignore[arg-type]  # each row reads its field's type


def _unknown(environment: Mapping[str, str]) -> list[SettingProblem]:
    """Variables with our prefixes that are not settings, probably mistyped."""
    known = [row.variable for row in SETTINGS]
    unknown = [name for name in environment if name.startswith(("WANX_", "PIAPI_")) and name not in known]
    found = []
    for name in sorted(unknown):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        found.append(SettingProblem(name, f"is not a setting of this server{hint}", Stops.NOTHING, wrong_value=False))
    return found
