"""The commands and options of ``python -m stacks``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from stacks.explain import own


class UsageError(Exception):
    """Arguments that cannot be used; the text is for the user."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def parser() -> argparse.ArgumentParser:
    """What `parse_args` is asked of; it raises `UsageError`."""
    whole = _Parser(
        prog="python -m stacks",
        description="What should be on a GPU host: stacks, and plans for one host.",
    )
    commands = whole.add_subparsers(dest="command", parser_class=_Parser)
    listing = commands.add_parser("list", help="the stacks, one line each")
    why = commands.add_parser("explain", help="the plan for a host and its reasons, or conflicts")
    commands.add_parser("age", help="the catalogue's facts that were looked up long ago")
    why.add_argument("stack")
    why.add_argument("--os", help="debian-12, ubuntu-24.04, rocky-9 …; of itself with --jetson")
    why.add_argument("--arch", help="x86_64 or aarch64")
    why.add_argument(
        "--gpu",
        action="append",
        default=[],
        metavar="MODEL[:COUNT]",
        help="h100, h100:8, 10de:2331; repeat",
    )
    why.add_argument(
        "--kernel", action="append", default=[], help="a kernel release that can boot; repeat"
    )
    why.add_argument("--python", help="Python minor version: 3.11")
    why.add_argument("--secure-boot", action="store_true")
    why.add_argument("--no-security-pocket", action="store_true", help="without security updates")
    why.add_argument("--jetson", metavar="L4T", help="Jetson Linux release: 36.4.7")
    why.add_argument(
        "--installed", metavar="VERSION=ORIGIN", help="the driver that is there: 535.309.01=nvidia"
    )
    why.add_argument("--nvswitch", action="store_true", help="an NVSwitch is on the PCI bus")
    why.add_argument("--flavour", help="open or proprietary")
    why.add_argument("--driver", metavar="BRANCH", help="branch or exact version: 535, 580.159.04")
    why.add_argument("--variant", help="PyTorch build: cu126")
    why.add_argument(
        "--origin", action="append", default=[], metavar="PART=ORIGIN", help="cuda=redist; repeat"
    )
    why.add_argument(
        "--without", action="append", default=[], metavar="PART", help="cuda, cudnn or torch"
    )
    why.add_argument("--compile", action="store_true", help="nvcc is a must")
    why.add_argument(
        "--containers",
        nargs="?",
        const="docker",
        action="append",
        metavar="ENGINE",
        help="a container host: docker (as without ENGINE), podman or containerd; repeat",
    )
    why.add_argument("--native", action="store_true", help="CUDA and PyTorch on that host too")
    why.add_argument("--docker", metavar="VERSION", help="exact version of Docker: 29.4.1")
    why.add_argument("--image", action="store_true", help="the image instead of the host")
    why.add_argument("--image-base", metavar="REFERENCE", help="debian:bookworm-slim")
    why.add_argument("--image-cuda", metavar="HOW", help="none, runtime or devel")
    mirrors = commands.add_parser("mirrors", help="mirrors that are known, and ready sets of them")
    mirrors.add_argument("set", nargs="?", help="only this set: china")
    table = commands.add_parser("matrix", help="what was carried out where, is planned, is refused")
    table.add_argument("stack", nargs="*", help="only these stacks")
    locking = commands.add_parser("lock", help="refresh the hash locks of a stack")
    locking.add_argument("stack")
    locking.add_argument("--variant", action="append", default=[], help="only this build; repeat")
    locking.add_argument("--python", action="append", default=[], help="only this one; repeat")
    locking.add_argument("--arch", default="x86_64")
    locking.add_argument("--jetson", metavar="L4T", help="the one lock of this Jetson Linux")
    locking.add_argument(
        "--workspace", action="store_true", help="only what images have beside PyTorch"
    )
    locking.add_argument("--index", help="address of PyTorch's own index or a mirror of it")
    for command in (listing, why, table, locking):
        command.add_argument(
            "--stacks",
            type=Path,
            default=own.stacks(),
            metavar="FOLDER",
            help="your own stack files",
        )
    for command in (listing, why, table, mirrors):
        command.add_argument("--json", action="store_true", help="the same as data")
    return whole
