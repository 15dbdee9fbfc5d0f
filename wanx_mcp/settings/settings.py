"""The environment as one frozen object. A wrong value is a complaint to be told, never a crash."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from wanx_mcp.errors import NotConfigured
from wanx_mcp.settings.hosts import LOOPBACK_ORIGINS, MEDIA_ORIGINS, PROVIDER, UPLOADS
from wanx_mcp.settings.readers import is_loopback, usual_folder
from wanx_mcp.settings.rows import SETTINGS, Stops

APP = "wanx-mcp"
_UNFILLED = re.compile(r"\$\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Complaint:
    """A value that could not be used, in words that never quote it."""

    variable: str
    words: str
    stops: Stops
    wrong_value: bool = True

    def __str__(self) -> str:
        return f"{self.variable} {self.words}"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator decided. Folders that are None are the platform's usual ones, found when first needed."""

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
    max_wait_seconds: int = 45
    reads_per_minute: int = 30
    simulate: bool = False
    simulate_speed: float = 20.0
    complaints: tuple[Complaint, ...] = ()

    @property
    def output_folder(self) -> Path:
        """Where videos go: never the working directory, which hosts often make read-only. Raises NotConfigured."""
        folder = self._usual_output_folder()
        if folder is None:
            raise _homeless("videos", "WANX_OUTPUT_DIR")
        return folder

    def _usual_output_folder(self) -> Path | None:
        if self.output_dir is not None:
            return self.output_dir
        from platformdirs import user_videos_path

        return usual_folder(lambda: user_videos_path() / "wanx")

    @property
    def picture_folders(self) -> tuple[Path, ...]:
        """The only folders from which local pictures are sent; none where nothing is set and there is no home."""
        folder = self._usual_output_folder()
        return self.input_dirs if folder is None else (folder, *self.input_dirs)

    @property
    def upload_host(self) -> str:
        """Where pictures are uploaded. What talks to a provider on this machine does not leave it by itself."""
        return self.upload_url or (self.base_url if is_loopback(self.base_url) else UPLOADS)

    @property
    def speed(self) -> float:
        """How many times faster than life tasks are."""
        return self.simulate_speed if self.simulate else 1.0

    @property
    def media_origins(self) -> tuple[str, ...]:
        """Where videos may come from, as a content security policy names it."""
        return LOOPBACK_ORIGINS if self.simulate or is_loopback(self.base_url) else MEDIA_ORIGINS

    @property
    def state_folder(self) -> Path:
        """Where the server keeps what it must remember. Raises NotConfigured."""
        if self.state_dir is not None:
            return self.state_dir
        from platformdirs import user_data_path

        folder = usual_folder(lambda: user_data_path(APP, appauthor=False))
        if folder is None:
            raise _homeless("the ledger of orders", "WANX_STATE_DIR")
        return folder

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be shown, wherever it turns up."""
        return tuple(value for value in (self.api_key, self.webhook_secret, self.webhook_url) if value)

    def hindrances(self, least: Stops) -> tuple[Complaint, ...]:
        """The complaints that stop `least` or more."""
        return tuple(complaint for complaint in self.complaints if complaint.stops >= least)


def _homeless(what: str, variable: str) -> NotConfigured:
    advice = f"ask the user to set {variable} to an absolute folder in this server's environment and to restart it"
    return NotConfigured(f"there is no folder for {what}: this user has no home folder", advice=advice)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings that `environment` holds. Empty values and unfilled `${...}` templates count as unset."""
    found: dict[str, object] = {}
    complaints: list[Complaint] = []
    for row in SETTINGS:
        text = environment.get(row.variable, "").strip()
        if not text or _UNFILLED.fullmatch(text):
            continue
        try:
            found[row.field] = value = row.read(text)
        except ValueError as wrong:
            complaints.append(Complaint(row.variable, str(wrong), row.stops))
        else:
            if words := row.doubt(value):
                complaints.append(Complaint(row.variable, words, Stops.NOTHING))
    complaints += _unknown(environment)
    return Settings(**found, complaints=tuple(complaints))  # type: ignore[arg-type]  # each row reads its field's type


def _unknown(environment: Mapping[str, str]) -> list[Complaint]:
    known = [row.variable for row in SETTINGS]
    strange = [name for name in environment if name.startswith(("WANX_", "PIAPI_")) and name not in known]
    found = []
    for name in sorted(strange):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; {near[0]} was perhaps meant" if near else ""
        found.append(Complaint(name, f"is not a setting of this server{hint}", Stops.NOTHING, wrong_value=False))
    return found
