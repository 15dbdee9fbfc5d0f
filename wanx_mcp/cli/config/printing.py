"""Prints the configuration to stdout, so that it can be piped, and where it goes to stderr."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping

from wanx_mcp.cli.config.hosts import Host, find_host, platform
from wanx_mcp.cli.config.launch import FREE, KEY, PLACEHOLDER, Launch, carried, this_command
from wanx_mcp.settings import read_settings


def config(name: str, *, simulate: bool, with_key: bool, carry: bool) -> int:
    """Print the configuration for the host called `name`. Returns the exit code."""
    host, settings = find_host(name), read_settings(os.environ)
    if with_key and settings.api_key is None:
        print(f"wanx-mcp config: --with-key prints the key in {KEY}, which is not set here", file=sys.stderr)
        return 1
    found = carried(settings, os.environ)
    prompts = host.prompts and not (simulate or with_key)
    secret: dict[str, str] = {}
    if simulate:
        secret = dict(FREE)
    elif not prompts:
        secret = {KEY: settings.api_key or PLACEHOLDER if with_key else PLACEHOLDER}
    command, *args = this_command()
    launch = Launch(command, tuple(args), secret | (found if carry else {}), prompts)
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8")  # all of these files are UTF-8
    print(host.write(launch), flush=True)
    print("\n".join(_advice(host, launch, {} if carry else found)), file=sys.stderr)
    return 0


def _advice(host: Host, launch: Launch, left_out: Mapping[str, str]) -> list[str]:
    lines = ["", host.opening.format(host.title)]
    here = platform()
    places: dict[str, list[str]] = {}
    for system, place in host.files.items():
        places.setdefault(_shown(place), []).append(system)
    for place, systems in places.items():
        mark = "*" if here in systems and len(places) > 1 else " "
        lines.append(f" {mark} {place}" + (f"   ({', '.join(systems)})" if len(places) > 1 else ""))
    lines += host.steps
    if launch.env.get(KEY) == PLACEHOLDER:
        lines.append(
            f"Replace {PLACEHOLDER} with your PiAPI key (--with-key prints the one that is set in {KEY} here)."
        )
    elif KEY in launch.env:
        lines.append("This text contains your key: keep it secret.")
    elif launch.prompts:
        lines.append(f"{host.title} asks for your PiAPI key at the first start and stores it.")
    else:
        lines.append("Everything is simulated: no key, no network, no money.")
    if left_out:
        lines.append(f"Set here, but {host.title} may not pass them on: {', '.join(left_out)}. --carry adds them.")
    lines.append("To check the result: wanx-mcp doctor")
    return lines


def _shown(place: str) -> str:
    head, _, rest = place.partition("/")
    if not head.startswith("$"):
        return place
    variable, _, usual = head.partition(":")
    return f"~/{usual}/{rest} (or in {variable})"
