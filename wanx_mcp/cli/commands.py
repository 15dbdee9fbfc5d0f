"""The commands as rows: name, help, options, and what runs."""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from wanx_mcp import __version__
from wanx_mcp.cli.parsing import Parser
from wanx_mcp.errors import NotConfigured
from wanx_mcp.taskid import LONGEST, is_task_id


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
            sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except NotConfigured as error:  # no folder, for want of a home folder
        print(f"wanx-mcp: {error.what}; {error.next}.", file=sys.stderr)
        return 1
    except (BrokenPipeError, BaseExceptionGroup) as error:
        if not _reader_left(error):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered goes nowhere
        return 141


def _reader_left(error: BaseException) -> bool:
    """Whether the reader of our output, such as `head`, has ended; task groups wrap what they let through."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(_reader_left, error.exceptions))
    return isinstance(error, BrokenPipeError)


def _chosen(arguments: Sequence[str]) -> int:
    parser = Parser(
        "wanx-mcp", description="An MCP stdio server that orders WanX videos from PiAPI. Without a command it serves."
    )
    parser.add_argument("--version", action="version", version=f"wanx-mcp {__version__}")
    choices = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        branch = choices.add_parser(command.name, help=command.help, description=command.help)
        command.options(branch)
        branch.set_defaults(run=command.run, refuse=branch.error)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a prompt may hold what an old console cannot print
    options = parser.parse_args(arguments)
    if "run" not in options:  # not `required`, by which argparse would refuse before it tells of a mistyped option
        parser.error("a COMMAND is needed; without any argument this is the MCP server")
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
    parser.add_argument("--port", type=_port, default=8765, help="port on loopback (default 8765, 0 picks a free one)")
    parser.add_argument("--speed", type=_speed, default=20.0, help="times faster than life (default 20)")
    parser.add_argument(
        "--weather",
        default="fair",
        choices=("fair", "rough", "stormy", "hostile"),
        help="how often requests fail; hostile: also odd echoes, histories, clocks, prices, ids and messages",
    )
    parser.add_argument("--seed", type=int, default=None, help="replay the same weather and durations")
    parser.add_argument(
        "--keep",
        type=_seconds,
        default=86_400,
        metavar="SECONDS",
        help="how long a finished video can be fetched (default 86400: a day)",
    )
    parser.add_argument("--key", type=_key, default=None, help="take this key only, to try a wrong one (default: any)")


def _ledger(options: argparse.Namespace) -> int:
    from wanx_mcp.cli.ledger import settle, show

    if options.settle is None:
        if options.task_id is not None or options.not_placed:
            options.refuse("--task-id and --not-placed need --settle NUMBER")
        return show(count=options.count)
    if not (options.task_id or options.not_placed):
        options.refuse("--settle needs --task-id ID or --not-placed")
    return settle(options.settle, task_id=options.task_id)


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65_535:
        raise argparse.ArgumentTypeError("must be a whole number from 0 to 65535")
    return int(text)


def _speed(text: str) -> float:
    from wanx_mcp.settings.readers import speed

    try:
        return speed(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from None


def _key(text: str) -> str:
    from wanx_mcp.settings.readers import key

    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    try:
        return key(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from None


def _seconds(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,8}", text):
        raise argparse.ArgumentTypeError("must be a whole number of seconds from 0 to 99999999")
    return int(text)


def _count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text) or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number from 1 to 999999")
    return int(text)


def _number(text: str) -> int:
    if not 1 <= len(text) <= 15 or not text.isdecimal():
        raise argparse.ArgumentTypeError("must be the number of an order, as wanx-mcp ledger shows it")
    return int(text)


def _task_id(text: str) -> str:
    if text and not is_task_id(text):  # an empty one counts as none given
        raise argparse.ArgumentTypeError(f"must be a task id: 1 to {LONGEST} printable ASCII characters without blanks")
    return text


def _ledger_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", type=_count, default=20, help="how many orders to show (default 20)")
    parser.add_argument("--settle", type=_number, metavar="NUMBER", help="settle this order of unknown outcome by hand")
    outcome = parser.add_mutually_exclusive_group()
    outcome.add_argument(
        "--task-id", type=_task_id, metavar="ID", help="with --settle: the provider has it under this id"
    )
    outcome.add_argument("--not-placed", action="store_true", help="with --settle: the provider never had it")


def _config(options: argparse.Namespace) -> int:
    from wanx_mcp.cli.config import config

    return config(options.host, simulate=options.simulate, with_key=options.with_key, carry=options.carry)


def _config_options(parser: argparse.ArgumentParser) -> None:
    from wanx_mcp.cli.config import HOSTS

    names = [host.name for host in HOSTS]
    parser.add_argument("host", choices=names, metavar="HOST", help=", ".join(names))
    money = parser.add_mutually_exclusive_group()
    money.add_argument("--simulate", action="store_true", help="a free trial: no key, no network, no money")
    money.add_argument("--with-key", action="store_true", help="print the key that PIAPI_API_KEY holds here")
    parser.add_argument("--carry", action="store_true", help="print the other settings and proxies of this shell too")


def _doctor(options: argparse.Namespace) -> int:
    from wanx_mcp.cli.doctor import doctor

    return doctor(as_json=options.json, probe=options.probe)


def _doctor_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument(
        "--probe",
        action="store_true",
        help="also ask the provider what its documentation leaves open, with orders that it can only refuse",
    )


def _bundle(_options: argparse.Namespace) -> int:
    from wanx_mcp.cli.bundle import bundle

    return bundle()


COMMANDS: tuple[Command, ...] = (
    Command(
        "demo", "Order a simulated video over a real MCP connection and save it: free, no key.", _no_options, _demo
    ),
    Command(
        "config",
        "Print the configuration for a host: claude-desktop, claude-code, cursor, vscode, codex.",
        _config_options,
        _config,
    ),
    Command(
        "doctor",
        "Check key, network, account, folders and hosts, and say what to mend: free.",
        _doctor_options,
        _doctor,
    ),
    Command("ledger", "Show what was ordered and spent; settle an unknown order by hand.", _ledger_options, _ledger),
    Command("bundle", "Build an extension for Claude Desktop (.mcpb) in the current folder.", _no_options, _bundle),
    Command("simulator", "Serve the provider's API on loopback, for agent developers.", _simulator_options, _simulator),
)
