"""The error tree: each class has a code, says whether the call cost money, and what to do next."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from wanx_mcp.toolnames import CREATE, GET, LIST

# WanxError
#   Refusal                the caller's arguments: nothing was sent
#     InvalidOrder  InvalidArguments  AdultContentOff  ImageRejected
#   Setup                  the operator's settings
#     NotConfigured  BudgetExceeded  LedgerUnusable
#   ProviderError          the provider's answer, or its absence
#     Unauthorized  OutOfCredit  RateLimited  TaskNotFound  Unreachable  Refused  ProviderFault
#     OutcomeUnknown  CannotCancel
#   MediaError             saving, previewing or joining finished videos
#     NotFinished  DownloadFailed  PreviewFailed  JoinFailed  ExtraMissing


class Charged(StrEnum):
    """Whether the failed call spent money."""

    NO = "no"
    MAYBE = "maybe"
    YES = "yes"


class WanxError(Exception):
    """An error for the caller: `<code>: <what>. Charged by this call: <charged>. <known>. Next: <advice>.`

    `charged` is about this call only; `known` says what is known about the state and the cost of the task itself.
    """

    code: ClassVar[str]
    charged: Charged = Charged.NO
    advice: ClassVar[str]

    def __init__(
        self, what: str, *, advice: str | None = None, charged: Charged | None = None, known: str = ""
    ) -> None:
        super().__init__(what)
        self.charged = charged or type(self).charged
        self.what = what.rstrip(". ")
        self.known = known.rstrip(". ")
        self.next = (advice or self.advice).rstrip(". ")

    def __str__(self) -> str:
        return self.text()

    def text(self, *remarks: str) -> str:
        """The text for the caller, with `remarks` after what happened."""
        what = ". ".join((self.what, *remarks))
        known = f" {self.known}." if self.known else ""
        return f"{self.code}: {what}. Charged by this call: {self.charged}.{known} Next: {self.next}."


class Refusal(WanxError):
    """The call was refused before anything was sent."""


class InvalidOrder(Refusal):
    code = "invalid_order"
    advice = "correct the arguments and order again"


class InvalidArguments(Refusal):
    code = "invalid_arguments"
    advice = "correct the arguments and call again"


class AdultContentOff(Refusal):
    code = "adult_content_off"
    advice = "set lora_type to another name; only the operator can allow adult ones, with WANX_ALLOW_ADULT=true"


class ImageRejected(Refusal):
    code = "image_rejected"
    advice = "set the picture to an https URL; then order again"


class Setup(WanxError):
    """The operator has to change a setting or repair the installation."""


class NotConfigured(Setup):
    code = "not_configured"
    advice = (
        "ask the user to set PIAPI_API_KEY in this server's environment and restart it, "
        "or to set WANX_SIMULATE=1 to try everything free of charge"
    )


class BudgetExceeded(Setup):
    code = "budget_exceeded"
    advice = (
        "tell the user; only they can raise WANX_DAILY_BUDGET_USD, or wait until older orders are more than "
        "24 hours old"
    )


class LedgerUnusable(Setup):
    code = "ledger_unusable"
    advice = "ask the user to repair the ledger in WANX_STATE_DIR; no order is placed until then"


class ProviderError(WanxError):
    """The provider refused, failed, or could not be reached. `status`: the HTTP status of its answer, None
    without an answer. `retry_after`: seconds that it asked us to wait."""

    status: int | None = None
    retry_after: float | None = None


class Unauthorized(ProviderError):
    code = "unauthorized"
    advice = "ask the user to check PIAPI_API_KEY; the provider does not accept the current one"


class OutOfCredit(ProviderError):
    code = "out_of_credit"
    advice = "ask the user to top up the PiAPI account, then order again"


class RateLimited(ProviderError):
    code = "rate_limited"
    advice = "wait a minute, then make the same call again"


class TaskNotFound(ProviderError):
    code = "task_not_found"
    advice = f"check the task_id; it is the one that {CREATE} answered, and {LIST} shows it"


class Unreachable(ProviderError):
    """`reason` is a stable word for the cause, for programs."""

    code = "unreachable"
    advice = "ask the user to check the network connection, then make the same call again"
    reason: str = "no_network"


class Refused(ProviderError):
    code = "refused"
    advice = "change what the provider's message refers to, then call again"


class ProviderFault(ProviderError):
    code = "provider_fault"
    advice = "make the same call again in a minute"


class OutcomeUnknown(ProviderError):
    code = "outcome_unknown"
    charged = Charged.MAYBE
    advice = f"do not order this again; call {LIST} in a minute, which looks the order up in the provider's history"


class CannotCancel(ProviderError):
    code = "cannot_cancel"
    advice = f"call {GET} to follow the task; it continues"


class MediaError(WanxError):
    """A finished video could not be saved, previewed or joined."""


class NotFinished(MediaError):
    code = "not_finished"
    advice = f"call {GET} with wait_seconds until the video is ready"


class DownloadFailed(MediaError):
    code = "download_failed"
    advice = f"make the same call again in a minute; the video link from {GET} works meanwhile"


class PreviewFailed(MediaError):
    code = "preview_failed"
    advice = "do not describe the video; give the user its path or link"


class JoinFailed(MediaError):
    code = "join_failed"
    advice = "leave out or replace what the message names, then call again; no file was written"


class ExtraMissing(MediaError):
    code = "extra_missing"
    advice = (
        "ask the user to install this project again (pip install . in its folder) and to restart this server: its "
        "installation is damaged"
    )
