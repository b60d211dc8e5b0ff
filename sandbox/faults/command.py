"""The command line's words for faults: ``driver`` and ``break``."""

import argparse
from typing import Any

from rich.console import Console
from rich.table import Table

from sandbox import hosts
from sandbox.checkout import SandboxError
from sandbox.faults import catalog, driver


def add(commands: Any) -> None:
    """Add them to argparse's subcommands; each sets ``run`` to what gives the exit status."""
    command = commands.add_parser("driver", help="give a Debian 12 or Ubuntu host a driver")
    command.add_argument("name", metavar="HOST")
    command.set_defaults(run=_driver)

    command = commands.add_parser("break", help="put a fault on a host, for the doctor to name")
    command.add_argument("words", nargs="*", metavar="HOST FAULT")
    command.add_argument("--list", action="store_true", help="the faults that there are")
    command.add_argument(
        "--undo", action="store_true", help="take it away: only where no repair does"
    )
    command.set_defaults(run=_break)


def _driver(args: argparse.Namespace) -> int:
    driver.install(hosts.get(args.name))
    print(f"{args.name}: has a driver")
    return 0


def _break(args: argparse.Namespace) -> int:
    if args.list:
        table = Table("fault", "code", "on", "what", "the repair")
        for fault in catalog.faults().values():
            table.add_row(fault.id, fault.code, ", ".join(fault.where), fault.what, fault.repair)
        Console().print(table)
        return 0
    if len(args.words) != 2:
        raise SandboxError("Name a host and a fault, or say --list.")
    host, fault = hosts.get(args.words[0]), catalog.get(args.words[1])
    if args.undo:
        catalog.undo(host, fault)
        print(f"{host.name}: undone: {fault.what}")
        return 0
    catalog.make(host, fault)
    later = ", after a reboot" if fault.reboot else ""
    print(f"{host.name}: {fault.what} ({fault.code}{later})")
    return 0
