"""The commands as rows: name, help text, options, and the function that runs."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from wanx_mcp import __version__
from wanx_mcp.cli.parsing import Parser
from wanx_mcp.cli.pipes import is_closed_pipe
from wanx_mcp.errors import NotConfigured
from wanx_mcp.settings import readers
from wanx_mcp.taskid import LONGEST, is_task_id

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class Command:
    """One command of `wanx-mcp`."""

    name: str
    help: str
    options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def run(arguments: Sequence[str]) -> int:
    """Parse `arguments` and run the command they name. Returns the exit code."""
    try:
        try:
            return _chosen(arguments)
        finally:
            if sys.stdout is not None:  # closed from the start
                sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except NotConfigured as error:  # there is no folder, because the user has no home folder
        print(f"wanx-mcp: {error.what}; {error.next}.", file=sys.stderr)
        return 1
    except (OSError, BaseExceptionGroup) as error:
        if not is_closed_pipe(error):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # discard what is still buffered
        return 141


def _chosen(arguments: Sequence[str]) -> int:
    parser = Parser(
        "wanx-mcp",
        description="An MCP stdio server that orders WanX videos from PiAPI. Without a command it runs as the server.",
    )
    parser.add_argument("--version", action="version", version=f"wanx-mcp {__version__}")
    choices = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        branch = choices.add_parser(command.name, help=command.help, description=command.help)
        command.options(branch)
        branch.set_defaults(run=command.run, refuse=branch.error)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an old console cannot print every prompt
    options = parser.parse_args(arguments)
    if "run" not in options:  # `required=True` would hide a mistyped option
        parser.error("a COMMAND is required; without any arguments this is the MCP server")
    return int(options.run(options))


def _demo(_options: argparse.Namespace) -> int:
    from wanx_mcp.cli.demo import demo

    return demo()


def _simulator(options: argparse.Namespace) -> int:
    from wanx_mcp.cli.simulator import simulator

    return simulator(
        port=options.port,
        speed=options.speed,
        climate=options.weather,
        seed=options.seed,
        key=options.key,
        kept=timedelta(seconds=options.keep),
    )


def _no_options(_parser: argparse.ArgumentParser) -> None: ...


def _simulator_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port", type=_bounded(0, 65_535), default=8765, help="port on loopback (default 8765; 0 picks a free one)"
    )
    parser.add_argument(
        "--speed",
        type=_argument(readers.speed),
        default=20.0,
        help="how many times faster than real time tasks run (default 20)",
    )
    parser.add_argument(
        "--weather",
        default="fair",
        choices=("fair", "rough", "stormy", "hostile"),
        help="how often requests fail; hostile adds odd echoes, histories, clocks, prices, ids and messages",
    )
    parser.add_argument("--seed", type=int, default=None, help="repeat the same faults and durations")
    parser.add_argument(
        "--keep",
        type=_bounded(0, 99_999_999),
        default=86_400,
        metavar="SECONDS",
        help="how long a finished video can be downloaded (default 86400, a day)",
    )
    parser.add_argument(
        "--key",
        type=_argument(readers.key),
        default=None,
        help="accept only this key, to try a wrong one (default: any)",
    )


def _ledger(options: argparse.Namespace) -> int:
    from wanx_mcp.cli.ledger import settle, show
    from wanx_mcp.cli.ledger_check import compare

    if options.settle is None:
        if options.task_id is not None or options.not_placed:
            options.refuse("--task-id and --not-placed need --settle NUMBER")
        return compare(days=options.days) if options.check else show(count=options.count)
    if options.check:
        options.refuse("--check changes nothing, and --settle does: use one of them")
    if not (options.task_id or options.not_placed):
        options.refuse("--settle needs --task-id ID or --not-placed")
    return settle(options.settle, task_id=options.task_id)


def _argument(read: Callable[[str], ValueT]) -> Callable[[str], ValueT]:
    """`read` as an argparse type: its ValueError becomes the error message."""

    def convert(text: str) -> ValueT:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert


def _bounded(least: int, most: int) -> Callable[[str], int]:
    """The argparse type of whole numbers from `least` to `most`."""
    return _argument(readers.whole_number(least, most))


def _task_id(text: str) -> str:
    if text and not is_task_id(text):  # an empty one counts as none given
        raise ValueError(f"must be a task id: 1 to {LONGEST} printable ASCII characters without spaces")
    return text


def _ledger_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", type=_bounded(1, 999_999), default=20, help="how many orders to show (default 20)")
    parser.add_argument(
        "--settle",
        type=_bounded(1, 999_999_999),
        metavar="NUMBER",
        help="settle this order, whose outcome is unknown, by hand",
    )
    parser.add_argument(
        "--check", action="store_true", help="compare the ledger with the provider's history; changes nothing"
    )
    parser.add_argument(
        "--days", type=_bounded(1, 365), default=30, help="with --check: how far back to compare (default 30)"
    )
    outcome = parser.add_mutually_exclusive_group()
    outcome.add_argument(
        "--task-id",
        type=_argument(_task_id),
        metavar="ID",
        help="with --settle: the order is this task of the provider",
    )
    outcome.add_argument(
        "--not-placed", action="store_true", help="with --settle: the provider never received the order"
    )


def _config(options: argparse.Namespace) -> int:
    if options.host == "docker":
        return _docker(options)
    from wanx_mcp.cli.config import config

    return config(
        options.host,
        simulate=options.simulate,
        with_key=options.with_key,
        carry=options.carry,
        into_file=options.write,
    )


def _docker(options: argparse.Namespace) -> int:
    from wanx_mcp.cli.config.docker import docker

    if options.write:
        options.refuse("docker has no file of its own: print it, and put it into your host's file")
    return docker(simulate=options.simulate, with_key=options.with_key, carry=options.carry)


def _config_options(parser: argparse.ArgumentParser) -> None:
    from wanx_mcp.cli.config import HOSTS

    names = [*(host.name for host in HOSTS), "docker"]
    parser.add_argument("host", choices=names, metavar="HOST", help=", ".join(names))
    money = parser.add_mutually_exclusive_group()
    money.add_argument("--simulate", action="store_true", help="use the simulator: no key, no network, no money")
    money.add_argument("--with-key", action="store_true", help="include the key that is set in PIAPI_API_KEY")
    parser.add_argument(
        "--carry", action="store_true", help="include the other settings and proxies of this shell as well"
    )
    parser.add_argument(
        "--write", action="store_true", help="merge it into the host's own file, of which a backup is kept beside it"
    )


def _doctor(options: argparse.Namespace) -> int:
    from wanx_mcp.cli.doctor import doctor

    return doctor(as_json=options.json, probe=options.probe)


def _doctor_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    parser.add_argument(
        "--probe",
        action="store_true",
        help="also send invalid orders, to learn from their refusals what the documentation leaves open",
    )


def _bundle(_options: argparse.Namespace) -> int:
    from wanx_mcp.cli.bundle import bundle

    return bundle()


COMMANDS: tuple[Command, ...] = (
    Command(
        "demo",
        "Order simulated videos over a real MCP connection and save them. Free, no key needed.",
        _no_options,
        _demo,
    ),
    Command(
        "config",
        "Print the configuration for a host, such as claude-code or codex, or write it into the host's file.",
        _config_options,
        _config,
    ),
    Command(
        "doctor",
        "Check key, network, account, folders and hosts, and say how to fix problems. Free.",
        _doctor_options,
        _doctor,
    ),
    Command(
        "ledger",
        "Show what was ordered and spent; check it against the provider; settle an unknown order by hand.",
        _ledger_options,
        _ledger,
    ),
    Command("bundle", "Build an extension for Claude Desktop (.mcpb) in the current folder.", _no_options, _bundle),
    Command(
        "simulator", "Serve a simulated provider API on loopback, for agent developers.", _simulator_options, _simulator
    ),
)
