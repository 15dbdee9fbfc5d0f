"""What goes wrong while a video is fetched: a reason to try again, to look for another link, or to give up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socket import gaierror
from typing import TYPE_CHECKING

import anyio

from wanx_mcp.errors import DownloadFailed
from wanx_mcp.limits.videos import REFUSAL_BYTES, REFUSAL_SECONDS
from wanx_mcp.media.link_check import ForbiddenError, PrivateNameError
from wanx_mcp.media.refusals import RefusedError, refused
from wanx_mcp.media.unpacking import PackedError
from wanx_mcp.toolnames import GET, SAVE
from wanx_mcp.transport.certificates import certificate_problem, handshake_problem
from wanx_mcp.transport.problem import SettingError

if TYPE_CHECKING:
    import httpx


_NAME = f"ask the user to check the network connection; then call {SAVE} again"
_VPN = (
    "ask the user whether a VPN, a DNS filter or the router answers for that name here, and to switch it off or to "
    f"except that host, then call {SAVE} again; meanwhile the link from {GET} may open in their browser"
)
_UNSAFE = "tell the user why; only they can decide to open the link, and nothing was fetched from it"


class CutError(Exception):
    """The answer broke off or made no sense: worth another try. `lasting`: once tries are over, waiting is no use."""

    lasting = False


class IncompleteError(CutError):
    """A whole answer came, and it is no whole video."""

    lasting = True


async def check_status(response: httpx.Response) -> None:
    """Raises CutError where the same request may be answered better, RefusedError where it will not."""
    status = response.status_code
    if status in (200, 203, 206, 416):
        return
    if status in (408, 425, 429) or status >= 500:
        raise CutError(f"the media host answered {status}")
    head = b""
    with anyio.move_on_after(REFUSAL_SECONDS), suppress(Exception):  # its words are an extra
        async for piece in response.aiter_bytes():
            head += piece[:REFUSAL_BYTES]
            if len(head) >= REFUSAL_BYTES:
                break
    raise refused(status, head)


@contextmanager
def translated() -> Iterator[None]:
    """What the network says, as a reason to try again or to give up. What the disk says passes through."""
    import httpx

    try:
        yield
    except TimeoutError as error:
        raise CutError("the media host's name was not found in time") from error
    except gaierror as error:
        raise CutError("the media host's name was not found") from error
    except ForbiddenError as error:
        advice = _VPN if isinstance(error, PrivateNameError) else _UNSAFE
        raise RefusedError(f"the video link is not followed: {error}", advice=advice) from error
    except PackedError as error:
        raise IncompleteError(str(error)) from error
    except (httpx.TransportError, httpx.StreamError) as error:
        raise _interruption(error) from error
    except (httpx.InvalidURL, ValueError) as error:
        raise RefusedError("the video link is not a valid URL", advice=_UNSAFE) from error
    except SettingError as error:
        raise DownloadFailed(error.problem.what, advice=error.problem.advice) from error


def _interruption(error: Exception) -> CutError | RefusedError | DownloadFailed:
    """What an error of the HTTP client means."""
    import httpx

    match error:
        case httpx.ConnectError():
            if problem := certificate_problem(error, "the media host"):
                return DownloadFailed(problem.what, advice=problem.advice)
            handshake = handshake_problem(error, "the media host")
            return CutError(handshake.what if handshake else "no connection to the media host")
        case httpx.ProxyError():
            return DownloadFailed("the proxy refuses the media host", advice=_NAME)
        case httpx.TimeoutException():
            return CutError("the media host stopped sending")
    if "Invalid URL" in str(error):  # httpx looks at a `location` by itself, though it does not follow it
        return RefusedError("the link was redirected to what is not a valid URL", advice=_UNSAFE)
    return CutError(f"the connection broke ({type(error).__name__})")
