"""Checks of the network: proxy, certificates, the provider, the account, its history and the upload host."""

from __future__ import annotations

import re
from datetime import timedelta
from statistics import mode
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from wanx_mcp.addresses import is_loopback
from wanx_mcp.catalog import CATALOG
from wanx_mcp.cli.doctor.checks import (
    Check,
    Finding,
    Installation,
    Result,
    from_error,
    from_problem,
    ok,
    to_person,
    warning,
    wrong,
)
from wanx_mcp.errors import (
    NotConfigured,
    ProviderError,
    ProviderFault,
    RateLimited,
    Unauthorized,
    Unreachable,
    WanxError,
)
from wanx_mcp.limits import CONNECT_SECONDS
from wanx_mcp.limits.provider import CLOCK_TOLERANCE_SECONDS, DOCTOR_SECONDS
from wanx_mcp.money import dollars
from wanx_mcp.settings import Settings
from wanx_mcp.transport.authorities import FILE, FOLDER, authorities_problem, unused_folder
from wanx_mcp.transport.problem import SettingError
from wanx_mcp.transport.proxies import proxy_set_for
from wanx_mcp.transport.proxying import http_proxy, proxy_fix
from wanx_mcp.transport.trust import KEY_LOG, key_log_problem
from wanx_mcp.variables import variable

HOUR = timedelta(hours=1)


async def _proxy(installation: Installation) -> Finding:
    base = installation.settings.base_url
    if installation.settings.simulate or is_loopback(base):
        return ok("not used: the provider is on this machine")
    try:
        proxy = await anyio.to_thread.run_sync(http_proxy, base, None)
    except SettingError as error:
        return from_problem(error.problem)
    if proxy is None:
        unset = await anyio.to_thread.run_sync(proxy_set_for, base) is None
        return ok("no proxy is set" if unset else f"not used for {urlsplit(base).hostname} (NO_PROXY)")
    url = proxy.url
    shown = f"{url.scheme}://{url.host}" + (f":{url.port}" if url.port else "")
    try:
        with anyio.fail_after(CONNECT_SECONDS):
            stream = await anyio.connect_tcp(url.host, url.port or {"https": 443, "http": 80}.get(url.scheme, 1080))
        await stream.aclose()
    except (OSError, TimeoutError):
        return wrong(f"The proxy {shown} does not answer.", proxy_fix(base), "proxy")
    return ok(f"requests go through {shown}")


async def _certificates(installation: Installation) -> Finding:
    environment = installation.environment
    if problem := authorities_problem(environment):
        return from_problem(problem)
    if words := unused_folder(environment):
        return warning(f"{words}; it has no effect", f"Correct {FOLDER} or unset it.", "unused_folder")
    key_log = variable(environment, KEY_LOG)
    if key_log and (words := key_log_problem(key_log)):
        fix = f"Correct {KEY_LOG} or unset it; connections work all the same."
        return warning(f"{KEY_LOG} names {key_log}, {words}", fix, "unused_key_log")
    trusted = " and ".join(filter(None, (variable(environment, name) for name in (FILE, FOLDER))))
    return ok(
        f"the certificates in {trusted} are trusted" if trusted else "the certificates of this system are trusted"
    )


async def _provider(installation: Installation) -> Finding:
    where = "the simulator" if installation.settings.simulate else installation.settings.base_url
    try:
        installation.wallet = await installation.account.provider.wallet(within=DOCTOR_SECONDS)
    except Unreachable as error:
        return from_error(error, error.reason)
    except NotConfigured as error:
        return Finding(Result.SKIPPED, f"not asked: {error.what}")
    except ProviderError as error:
        if isinstance(error, ProviderFault | RateLimited) and error.status != 404:
            fix = "Try again in a minute. If it persists, open the address in a browser: a proxy may be answering."
            return wrong(f"{where} is not working: {error.what}.", fix, "strange_answer")
        installation.refusal = error
    ahead = installation.account.provider.ahead.total_seconds()
    if abs(ahead) > CLOCK_TOLERANCE_SECONDS:
        side = "slow" if ahead > 0 else "fast"
        found = f"{where} answers; the clock of this machine is {abs(ahead) / 60:.0f} minutes {side}"
        return warning(found, "Turn on automatic network time on this machine.", "wrong_clock")
    return ok(f"{where} answers")


async def _account(installation: Installation) -> Finding:
    match installation.refusal:
        case Unauthorized() as error:
            fix = "Copy the key again from your PiAPI workspace; deleted keys and keys of other services do not work."
            return wrong(f"The key is not accepted: {error.what}.", fix + _other_host_hint(installation), "wrong_key")
        case ProviderFault(status=404):
            fix = "Check that this is the provider's address." + _other_host_hint(installation)
            found = f"{installation.settings.base_url} answers, but has no account information (404)"
            return warning(found, fix, "strange_host")
        case WanxError() as error:
            return warning(error.what, to_person(error.next), "unknown_account")
    wallet = installation.wallet
    if wallet is None:
        fix = "Orders still work; wanx-mcp doctor --probe shows the fields."
        return warning("The key is accepted, but the account information has unexpected fields.", fix, "new_shape")
    if not wallet.enabled:
        return wrong("The account is disabled.", "Ask the support of PiAPI why.", "disabled_account")
    plan = f"plan {_plain(wallet.plan)}" if wallet.plan else "plan unknown"
    at_once = f", {wallet.most_tasks} tasks at once" if wallet.most_tasks else ""
    if wallet.usd is None:
        return warning(
            f"the key is accepted; {plan}{at_once}, balance unknown", "See https://piapi.ai for it.", "new_shape"
        )
    prices = [ends[0] for row in CATALOG.rows if (ends := row.price.extremes())]
    cheapest, usual = min(prices), mode(prices)
    found = f"{plan}, {dollars(wallet.usd)} left{at_once}"
    if wallet.usd < cheapest:
        fix = f"Top up the account at https://piapi.ai; the cheapest video costs {dollars(cheapest)}."
        return wrong(f"The account is empty: {found}.", fix, "empty_account")
    if wallet.usd < usual:
        fix = f"Top up the account at https://piapi.ai; most videos cost {dollars(usual)}."
        return warning(f"the account is nearly empty: {found}", fix, "empty_account")
    return ok(found)


def _other_host_hint(installation: Installation) -> str:
    base = installation.settings.base_url
    return "" if base == Settings().base_url else f" PIAPI_BASE_URL is {base}: the key must be one for that host."


async def _history(installation: Installation) -> Finding:
    if isinstance(installation.refusal, Unauthorized):
        return Finding(Result.SKIPPED, "not checked: the key is not accepted")
    now = installation.clock.now() + installation.account.provider.ahead
    try:
        reading = await installation.account.provider.history(now - HOUR, now, within=DOCTOR_SECONDS)
    except WanxError as error:
        fix = "Until it works, orders of unknown outcome cannot be looked up: settle them with wanx-mcp ledger."
        return warning(f"the task history cannot be read: {error.what}", fix, "no_history")
    if not reading.complete:
        fix = "Orders may stay of unknown outcome for longer than usual: settle them with wanx-mcp ledger."
        return warning(f"the task history is incomplete: {reading.problem}", fix, "no_history")
    return ok(f"readable; tasks in the last hour: {len(reading.rows)}")


async def _uploads(installation: Installation) -> Finding:
    host = "the simulator" if installation.settings.simulate else installation.settings.upload_host
    try:
        await installation.account.provider.reach_uploads(within=DOCTOR_SECONDS)
    except Unreachable as error:
        fix = f"{to_person(error.next)}. Until then only links and small pictures can be sent."
        return warning(f"{host} cannot be reached: {error.what}", fix, "no_uploads")
    if installation.wallet and (installation.wallet.plan or "").lower() in ("free", "hobbyist"):
        found = f"{host} answers; this plan may have no uploads, and then small pictures are sent inside the order"
        return ok(found)
    return ok(f"{host} answers")


def _plain(plan: str) -> str:
    return re.sub(r"[^\w .-]", "", plan)[:40]


NETWORK_CHECKS: tuple[Check, ...] = (
    Check("proxy", _proxy),
    Check("certificates", _certificates),
    Check("provider", _provider, needs=("key", "proxy", "certificates")),
    Check("account", _account, needs=("provider",)),
    Check("history", _history, needs=("provider",)),
    Check("uploads", _uploads, needs=("provider",)),
)
