"""Prints the configuration to stdout and where it goes to stderr, or writes it where it belongs."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping

from wanx_mcp.cli.config.formats import TOML
from wanx_mcp.cli.config.hosts import Host, Part, find_host
from wanx_mcp.cli.config.launch import FREE, KEY, PLACEHOLDER, SERVER, Launch, carried, this_command
from wanx_mcp.cli.config.places import platform
from wanx_mcp.cli.config.writing import NotWritten, write
from wanx_mcp.settings import read_settings


def config(name: str, *, simulate: bool, with_key: bool, carry: bool, into_file: bool) -> int:
    """Print or write the configuration for the host called `name`. Returns the exit code."""
    host, settings = find_host(name), read_settings(os.environ)
    if with_key and settings.api_key is None:
        print(f"wanx-mcp config: --with-key needs the key in {KEY}, which is not set here", file=sys.stderr)
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
    left_out = {} if carry else found
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8")  # all of these files are UTF-8
    return _write(host, launch, left_out) if into_file else _print(host, launch, left_out)


def _write(host: Host, launch: Launch, left_out: Mapping[str, str]) -> int:
    try:
        for line in write(host.parts, launch, os.environ):
            print(line, flush=True)
    except NotWritten as error:
        print(f"wanx-mcp config: {error}", file=sys.stderr)
        print(f"wanx-mcp config {host.name} prints what belongs there.", file=sys.stderr)
        return 1
    restart = f"Restart {host.title} if it is running."
    print("\n".join([*_about_key(host, launch, written=True), *_left_out(host, left_out), restart]), file=sys.stderr)
    return 0


def _print(host: Host, launch: Launch, left_out: Mapping[str, str]) -> int:
    # The last line of a TOML file to which this is appended may have no line break.
    before = "\n" if host.main.file.format is TOML else ""
    print(host.line(launch) if host.line else before + _text(host.main, launch), flush=True)
    print("\n".join(_advice(host, launch, left_out)), file=sys.stderr)
    return 0


def _text(part: Part, launch: Launch) -> str:
    return part.file.format.write({**part.fresh, **part.document(launch)})


def _advice(host: Host, launch: Launch, left_out: Mapping[str, str]) -> list[str]:
    what = "line to run" if host.line else "configuration"
    lines = ["", f"This is the {what} for {host.title}. It {'writes to' if host.line else 'goes into'}:"]
    lines += _places(host.main)
    lines.append(f"wanx-mcp config {host.name} --write adds it there, and keeps what the file has (with a backup).")
    if not host.line:
        lines.append(
            f'By hand: if the file has "{host.main.file.servers}" already, add only the entry "{SERVER}" to it.'
        )
    lines += host.steps
    if host.permissions:
        lines += ["Tools that it may run without asking, into:", *_places(host.permissions)]
        lines += [f"  {line}" for line in _text(host.permissions, launch).splitlines()]
    lines += [*_about_key(host, launch, written=False), *_left_out(host, left_out)]
    return [*lines, "To check the result: wanx-mcp doctor"]


def _places(part: Part) -> list[str]:
    places, here = part.file.shown(), platform()
    if len(places) == 1:
        return [f"   {place}" for place in places]
    return [f" {'*' if here in systems else ' '} {place}   ({', '.join(systems)})" for place, systems in places.items()]


def _about_key(host: Host, launch: Launch, *, written: bool) -> list[str]:
    if launch.env.get(KEY) == PLACEHOLDER:
        where = f"If there was no key yet, replace {PLACEHOLDER}" if written else f"Replace {PLACEHOLDER}"
        verb = "writes" if written else "prints"
        return [f"{where} with your PiAPI key (--with-key {verb} the one that is set in {KEY} here)."]
    if KEY in launch.env:
        return [f"{'The file' if written else 'This text'} contains your key: keep it secret."]
    if launch.prompts:
        return [f"{host.title} asks for your PiAPI key at the first start and stores it."]
    return ["Everything is simulated: no key, no network, no money."]


def _left_out(host: Host, left_out: Mapping[str, str]) -> list[str]:
    if not left_out:
        return []
    return [f"Set here, but {host.title} may not pass them on: {', '.join(left_out)}. --carry adds them."]
