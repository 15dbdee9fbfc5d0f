"""What the network says: proxy, certificates, the provider, the account, and the host that takes files."""

from __future__ import annotations

import re
import ssl
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import anyio

from wanx_mcp.catalog import CATALOG
from wanx_mcp.cli.doctor.check import Check, Finding, Patient, Verdict, ok, to_person, told, warning, wrong
from wanx_mcp.errors import (
    NotConfigured,
    ProviderError,
    ProviderFault,
    RateLimited,
    Unauthorized,
    Unreachable,
    WanxError,
)
from wanx_mcp.money import dollars
from wanx_mcp.provider.outages import without_socks
from wanx_mcp.settings import Settings, is_loopback

SECONDS = 15.0
DIAL_SECONDS = 5.0
SKEW_SECONDS = 120.0
HOUR = timedelta(hours=1)


async def _proxy(patient: Patient) -> Finding:
    base = urlsplit(patient.settings.base_url)
    if patient.settings.simulate or is_loopback(patient.settings.base_url):
        return ok("not used: the provider is on this machine")
    proxies, host = getproxies(), base.hostname or ""
    found = proxies.get(base.scheme) or proxies.get("all")
    if not found or proxy_bypass(host):
        return ok("none is set" if not found else f"not used for {host} (NO_PROXY)")
    try:
        parts = urlsplit(found if "://" in found else f"http://{found}")
        shown, port = f"{parts.scheme}://{parts.hostname}", parts.port
    except ValueError:
        return wrong("The proxy setting is not an address.", _mend(host), "proxy")
    shown += f":{port}" if port else ""
    if parts.scheme.startswith("socks") and find_spec("socksio") is None:
        return told(without_socks(), "proxy")
    try:
        with anyio.fail_after(DIAL_SECONDS):
            stream = await anyio.connect_tcp(
                parts.hostname or "", port or {"https": 443, "http": 80}.get(parts.scheme, 1080)
            )
        await stream.aclose()
    except (OSError, TimeoutError):
        return wrong(f"The proxy {shown} does not answer.", _mend(host), "proxy")
    return ok(f"requests go through {shown}")


def _mend(host: str) -> str:
    return f"Correct HTTPS_PROXY (or ALL_PROXY), unset it, or add {host} to NO_PROXY."


async def _certificates(patient: Patient) -> Finding:
    file, folder = (patient.environment.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"))
    if problem := _untrusting(file, folder):
        return wrong(problem, "Correct it, or unset it to trust the usual authorities.", "untrusted_certificate")
    trusted = file or folder
    return ok(f"those in {trusted} are trusted" if trusted else "the usual authorities are trusted")


def _untrusting(file: str | None, folder: str | None) -> str | None:
    if file:
        try:
            ssl.create_default_context(cafile=file)
        except (OSError, ssl.SSLError):
            return f"SSL_CERT_FILE names {file}, which is no file of certificates."
    if folder and not file and not Path(folder).is_dir():
        return f"SSL_CERT_DIR names {folder}, which is no folder."
    return None


async def _provider(patient: Patient) -> Finding:
    where = "the simulator" if patient.settings.simulate else patient.settings.base_url
    try:
        patient.wallet = await patient.account.provider.wallet(within=SECONDS)
    except Unreachable as error:
        return told(error, error.reason)
    except NotConfigured as error:
        return Finding(Verdict.SKIPPED, f"not asked: {error.what}")
    except ProviderError as error:
        if isinstance(error, ProviderFault | RateLimited) and error.status != 404:
            fix = "Try again in a minute. If it stays, open the address in a browser: a proxy or portal may answer it."
            return wrong(f"{where} is ill: {error.what}.", fix, "strange_answer")
        patient.refusal = error
    skew = patient.account.provider.ahead.total_seconds()
    if abs(skew) > SKEW_SECONDS:
        way = "behind" if skew > 0 else "ahead"
        found = f"{where} answers; this machine's clock is {abs(skew) / 60:.0f} minutes {way}"
        return warning(found, "Let this machine set its clock by the network.", "wrong_clock")
    return ok(f"{where} answers")


async def _account(patient: Patient) -> Finding:
    match patient.refusal:
        case Unauthorized() as error:
            fix = "Copy the key again from your PiAPI workspace; deleted keys and keys of other services do not work."
            return wrong(f"The key is not accepted: {error.what}.", fix + _strange_host(patient), "wrong_key")
        case ProviderFault(status=404):
            fix = "Check that it is the provider's address." + _strange_host(patient)
            return warning(f"{patient.settings.base_url} answers, but knows no account (404)", fix, "strange_host")
        case WanxError() as error:
            return warning(error.what, to_person(error.next), "unknown_account")
    wallet = patient.wallet
    if wallet is None:
        fix = "Nothing to mend here; wanx-mcp doctor --probe shows its shape."
        return warning("The key is accepted; the account's figures have another shape than expected.", fix, "new_shape")
    if not wallet.enabled:
        return wrong("The account is switched off.", "Ask PiAPI's support why.", "disabled_account")
    plan = f"plan {_word(wallet.plan)}" if wallet.plan else "plan unknown"
    at_once = f", {wallet.most_tasks} tasks at once" if wallet.most_tasks else ""
    if wallet.usd is None:
        return warning(
            f"the key is accepted; {plan}{at_once}, balance unknown", "Look it up at https://piapi.ai.", "new_shape"
        )
    prices = sorted({row.price for row in CATALOG.rows if row.price is not None})
    found = f"{plan}, {dollars(wallet.usd)} left{at_once}"
    if wallet.usd < prices[0]:
        fix = f"Top up the account at https://piapi.ai; the cheapest video costs {dollars(prices[0])}."
        return wrong(f"The account is empty: {found}.", fix, "empty_account")
    if wallet.usd < prices[-1]:
        fix = f"Top up the account at https://piapi.ai; most videos cost {dollars(prices[-1])}."
        return warning(f"the account is nearly empty: {found}", fix, "empty_account")
    return ok(found)


def _strange_host(patient: Patient) -> str:
    base = patient.settings.base_url
    return "" if base == Settings().base_url else f" PIAPI_BASE_URL is {base}: the key must be one for that host."


async def _history(patient: Patient) -> Finding:
    if isinstance(patient.refusal, Unauthorized):
        return Finding(Verdict.SKIPPED, "not looked at: the key is not accepted")
    now = patient.clock.now() + patient.account.provider.ahead
    try:
        reading = await patient.account.provider.history(now - HOUR, now, within=SECONDS)
    except WanxError as error:
        fix = "Orders whose answer is lost cannot be looked up until it works: settle them with wanx-mcp ledger."
        return warning(f"the task history cannot be read: {error.what}", fix, "no_history")
    if not reading.complete:
        fix = "Lost orders may stay unknown for longer than usual: settle them with wanx-mcp ledger."
        return warning(f"the task history is incomplete: {reading.problem}", fix, "no_history")
    return ok(f"can be read; {len(reading.rows)} task(s) in the last hour")


async def _uploads(patient: Patient) -> Finding:
    host = "the simulator" if patient.settings.simulate else patient.settings.upload_host
    try:
        await patient.account.provider.reach_uploads(within=SECONDS)
    except Unreachable as error:
        fix = f"{to_person(error.next)}. Until then only links and small pictures can be sent."
        return warning(f"{host} cannot be reached: {error.what}", fix, "no_uploads")
    if patient.wallet and (patient.wallet.plan or "").lower() in ("free", "hobbyist"):
        found = f"{host} answers; this plan has perhaps no uploads, then small pictures travel inside the order"
        return ok(found)
    return ok(f"{host} answers")


def _word(plan: str) -> str:
    return re.sub(r"[^\w .-]", "", plan)[:40]


NETWORK: tuple[Check, ...] = (
    Check("proxy", _proxy),
    Check("certificates", _certificates),
    Check("provider", _provider, needs=("key", "proxy", "certificates")),
    Check("account", _account, needs=("provider",)),
    Check("history", _history, needs=("provider",)),
    Check("uploads", _uploads, needs=("provider",)),
)
