r"""Hosts that provision themselves: an archive of gpuwright, and user data that run it.

    python -m tasks.pull archive --out gpuwright.tar.xz
    python -m tasks.pull user-data --archive gpuwright.tar.xz \
        --from https://files.example.org/gpuwright.tar.xz \
        --inventory inventories/lab.py training --out user-data.yaml
    python -m tasks.pull script --archive gpuwright.tar.xz --carry --data stack=pytorch-2.9 \
        --out provision.sh

No host is asked. How it works: ``docs/first-boot.md``.
"""

from __future__ import annotations

import argparse
import gzip
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tasks.hostdata import arguments, mirrors
from tasks.hostdata.arguments import USAGE, Parser
from tasks.pull import archive, carried, files, group, rendered
from tasks.pull.onhost.files import HERE, OWN_DATA
from tasks.steps.screen import say

CHECKOUT = Path(__file__).resolve().parents[2]
MOST_ARCHIVE = 2**28
CARRIED_AT = f"{HERE}/gpuwright.tar.xz"
_ADDRESS = re.compile(r"https?://[!-~]+")
_PATH = re.compile(r"/[ -~]+")


def main(words: Sequence[str] | None = None) -> int:
    """Write what is asked for; give the exit status."""
    asked = _parser().parse_args(words)
    try:
        if asked.what == "archive":
            needs = archive.project_needs((CHECKOUT / "pyproject.toml").read_text("utf-8"))
            made = archive.made(CHECKOUT, needs)
            asked.out.write_bytes(made.body)
            say([f"{asked.out}: {len(made.body):,} bytes, sha256 {made.sha256}"])
            return 0
        body = _rendered(asked)
        asked.out.touch(mode=0o600)
        asked.out.write_bytes(body)
        say([f"{asked.out}: {len(body):,} bytes"])
    # A date, say, is no host data, and JSON cannot say it.
    except (ValueError, TypeError, OSError, yaml.YAMLError, RecursionError) as error:
        say([f"STACK-INVALID: {' '.join(str(error).split())[:1000]}"])
        return USAGE
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="python -m tasks.pull",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_subparsers(dest="what", required=True)
    one = what.add_parser("archive", help="gpuwright as one file, the same bytes each time")
    one.add_argument("--out", type=Path, required=True, metavar="FILE")
    for name, help_text in (
        ("user-data", "a document for cloud-init"),
        ("script", "a shell script for machines without cloud-init, and for images"),
    ):
        one = what.add_parser(name, help=help_text)
        one.add_argument("--archive", type=Path, required=True, metavar="FILE")
        place = one.add_mutually_exclusive_group(required=True)
        place.add_argument(
            "--from", dest="place", metavar="PLACE", help="address, or a host's path"
        )
        place.add_argument("--carry", action="store_true", help="the archive travels inside")
        one.add_argument("--inventory", nargs=2, metavar=("FILE", "HOST|GROUP"))
        one.add_argument("--values", type=Path, metavar="FILE", help="host data, as YAML")
        one.add_argument("--data", action="append", default=[], metavar="NAME=VALUE")
        one.add_argument("--deploy", action="append", choices=carried.DEPLOYS)
        one.add_argument("--webhook", default="", metavar="ADDRESS", help="is posted the outcome")
        one.add_argument("--verdict-file", default="", metavar="PATH", help="a copy, on the host")
        one.add_argument("--out", type=Path, required=True, metavar="FILE")
        if name == "user-data":
            one.add_argument("--gzip", action="store_true", help="smaller; cloud-init unpacks it")
            one.add_argument("--limit", type=int, default=rendered.LIMIT, metavar="BYTES")
        else:
            one.add_argument("--next-boot", action="store_true", help="do not start it now")
    return parser


def _rendered(asked: argparse.Namespace) -> bytes:
    pull = _pull(asked)
    for name in carried.secrets(pull.data, {"webhook": pull.webhook, "--from": pull.place}):
        say(
            [
                f"PULL-SECRET: {name} looks like a secret, and user data are read by whoever may "
                f"ask the metadata service. Put it into {OWN_DATA} of the image instead"
            ]
        )
    laid = files.laid(pull)
    if asked.what == "script":
        return rendered.script(laid, start=not asked.next_boot).encode()
    body = rendered.user_data(laid, None if asked.gzip else asked.limit).encode()
    if asked.gzip:
        body = gzip.compress(body, 9, mtime=0)
    if why := rendered.too_long(len(body), asked.limit, len(pull.carried or b"")):
        raise ValueError(why)
    return body


def _pull(asked: argparse.Namespace) -> files.Pull:
    """What the arguments ask for. Raises `ValueError` or `OSError`."""
    said = _data(asked)
    data = carried.checked(said)
    if names := carried.left_out(said):
        say([f"not carried, for no deploy reads it: {', '.join(names)}"])
    if "mirrors" in data:  # the program on the host has no catalogue before it has an environment
        data["mirrors"] = mirrors.spelt_out(data)
    if "reboot" not in data:
        data["reboot"] = "if-needed"
        say(["reboot: if-needed, for host data do not say it; --data reboot=never forbids it"])
    place = CARRIED_AT if asked.carry else asked.place
    if not _ADDRESS.fullmatch(place) and not _PATH.fullmatch(place):
        raise ValueError(f"--from {place[:60]!a}: an address, https://…, or a path of the host")
    if asked.webhook and not _ADDRESS.fullmatch(asked.webhook):
        raise ValueError("--webhook: an address, https://…")
    if asked.verdict_file and not _PATH.fullmatch(asked.verdict_file):
        raise ValueError(f"--verdict-file {asked.verdict_file[:60]!a}: an absolute path")
    with asked.archive.open("rb") as file:
        body = file.read(MOST_ARCHIVE)
    made = archive.Archive(body)
    return files.Pull(
        place=place,
        sha256=made.sha256,
        size=len(body),
        data=data,
        deploys=tuple(asked.deploy or ("gpu_host",)),
        webhook=asked.webhook,
        verdict_file=asked.verdict_file,
        carried=body if asked.carry else None,
    )


def _data(asked: argparse.Namespace) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if asked.inventory:
        file, name = asked.inventory
        said |= group.of_inventory(Path(file), name, CHECKOUT)
    return said | arguments.said(asked.values, asked.data)


if __name__ == "__main__":
    sys.exit(main())
