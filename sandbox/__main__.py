"""`python -m sandbox`: throwaway hosts from the command line."""

import argparse
import dataclasses
import json
import os
import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from sandbox import clean, hosts, pcibus
from sandbox.checkout import SandboxError
from sandbox.doubles.nvidia import AptDouble
from sandbox.doubles.nvidia_dnf import DnfDouble
from sandbox.faults import command as faults
from sandbox.hosts import HostSpec, SandboxHost
from sandbox.local import prepare
from sandbox.mirror import control as mirror
from sandbox.roots import recipes
from sandbox.vm import machine as vm


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    command = commands.add_parser("prepare", help="install what the sandbox needs")
    command.add_argument("--vm", action="store_true", help="and what virtual machines need")
    command.add_argument("--arm64", action="store_true", help="also what JetPack hosts need")
    command.add_argument("--browser", action="store_true", help="also a browser for tests")
    command.set_defaults(run=_prepare)

    command = commands.add_parser("up", help="bring hosts up")
    command.add_argument("names", nargs="*", metavar="NAME", help="default: demo")
    command.add_argument("--os", default="debian-12", help=f"one of {', '.join(recipes.names())}")
    command.add_argument(
        "--gpu",
        action="append",
        default=[],
        metavar="MODEL[:COUNT]",
        help=f"a simulated GPU, repeatable; one of {', '.join(pcibus.models())}, none",
    )
    command.add_argument("--offline", action="store_true", help="no route out")
    command.add_argument(
        "--delay", type=_amount, default=0, metavar="MS", help="per ssh round trip"
    )
    command.add_argument("--rate", type=_above_zero, metavar="MBIT", help="limit in each direction")
    command.add_argument(
        "--engines", action="store_true", help="Docker, containerd and podman can run in it"
    )
    command.add_argument("--vm", action="store_true", help="a virtual machine, with its own kernel")
    command.add_argument(
        "--memory", type=int, default=1024, metavar="MIB", help="of a virtual machine"
    )
    command.add_argument(
        "--secure-boot", action="store_true", help="a virtual machine with UEFI and Secure Boot"
    )
    command.add_argument(
        "--disk-of", metavar="HOST", help="a virtual machine with a copy of a stopped host's disk"
    )
    command.add_argument("--fresh", action="store_true", help="throw an old one away first")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=_up)

    command = commands.add_parser("list", help="show the hosts")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=_list)

    command = commands.add_parser("ssh", help="a shell or a command on a host")
    command.add_argument("name", metavar="NAME")
    command.add_argument("words", nargs=argparse.REMAINDER, metavar="CMD")
    command.set_defaults(run=_ssh)

    command = commands.add_parser("kill", help="cut a host's power; `up` boots its disk again")
    command.add_argument("names", nargs="+", metavar="NAME")
    command.set_defaults(run=_kill)

    for word, help_text in (
        ("snapshot", "save a running virtual machine, memory and disk"),
        ("restore", "put a virtual machine back into a saved state"),
    ):
        command = commands.add_parser(word, help=help_text)
        command.add_argument("name", metavar="NAME")
        command.add_argument("state", nargs="?", default="saved", metavar="STATE")
        command.set_defaults(run=_snapshot if word == "snapshot" else _restore)

    command = commands.add_parser("down", help="stop and remove hosts")
    command.add_argument("names", nargs="*", metavar="NAME")
    command.add_argument("--all", action="store_true")
    command.set_defaults(run=_down)

    command = commands.add_parser("double", help="a double of NVIDIA's apt or dnf repository")
    command.add_argument("distribution", metavar="DISTRIBUTION", help="ubuntu2204, debian12 …")
    command.add_argument("--publish", nargs="+", metavar="VERSION", help="further driver releases")
    command.add_argument("--withdraw", nargs="+", metavar="VERSION", help="drop driver releases")
    command.add_argument("--key", choices=("rotate", "expire", "stranger"))
    command.add_argument("--corrupt", metavar="PATTERN", help="spoil the files with such names")
    command.add_argument("--reset", action="store_true", help="what it has at first")
    command.set_defaults(run=_double)

    faults.add(commands)

    command = commands.add_parser("clean", help="remove everything this checkout made")
    command.add_argument("--cache", action="store_true", help="root images and downloads too")
    command.set_defaults(run=_clean)
    return parser


def _amount(text: str) -> float:
    """A finite number, 0 or more, for argparse."""
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 on")
    return value


def _above_zero(text: str) -> float:
    """A finite number above 0, for argparse."""
    value = _amount(text)
    if not value:
        raise argparse.ArgumentTypeError("0 would let nothing through: use --offline for that")
    return value


def _prepare(args: argparse.Namespace) -> int:
    installed = prepare.prepare()
    installed += vm.prepare() if args.vm else []
    installed += prepare.browser() if args.browser else []
    if args.arm64:
        prepare.emulate("arm64")
    print(f"installed {', '.join(installed)}" if installed else "everything is there")
    return 0


def _up(args: argparse.Namespace) -> int:
    found = []
    for name in args.names or ["demo"]:
        started = time.monotonic()
        spec = HostSpec(
            name,
            args.os,
            pcibus.parse_gpus(args.gpu),
            offline=args.offline,
            delay_ms=args.delay,
            rate_mbit=args.rate,
            engines=args.engines,
            vm=args.vm,
            memory_mib=args.memory,
            secure_boot=args.secure_boot,
            disk_of=args.disk_of,
        )
        found.append(host := hosts.up(spec, fresh=args.fresh))
        print(f"{name}: up after {time.monotonic() - started:.1f} s", file=sys.stderr)
        if not args.json:
            print(f"{name}: ssh {host.user}@{host.address} port {host.port}")
    if args.json:
        print(json.dumps([_as_dict(host) for host in found], indent=1))
    return 0


def _list(args: argparse.Namespace) -> int:
    found = hosts.all_hosts()
    if args.json:
        print(json.dumps([_as_dict(host) for host in found], indent=1))
        return 0
    table = Table("name", "state", "os", "GPUs (simulated)")
    table.add_column("ssh", no_wrap=True)
    table.add_column("network")
    for host in found:
        spec = host.spec
        gpus = [f"{spec.gpus.count(model)} x {model}" for model in dict.fromkeys(spec.gpus)]
        network = ["offline" if spec.offline else "online"]
        network += [f"{spec.delay_ms:g} ms"] if spec.delay_ms else []
        network += [f"{spec.rate_mbit:g} Mbit/s"] if spec.rate_mbit else []
        table.add_row(
            spec.name,
            "running" if host.running() else "stopped",
            f"{spec.os} (VM)" if spec.vm else spec.os,
            ", ".join(gpus) or "none",
            f"{host.address}:{host.port}",
            ", ".join(network),
        )
    Console().print(table if found else "no hosts")
    return 0


def _ssh(args: argparse.Namespace) -> int:
    argv = hosts.get(args.name).ssh_argv(*args.words)
    if not args.words:
        argv.insert(1, "-t")
    os.execvp(argv[0], argv)


def _kill(args: argparse.Namespace) -> int:
    for name in args.names:
        hosts.get(name).kill()
    return 0


def _snapshot(args: argparse.Namespace) -> int:
    hosts.get(args.name).snapshot(args.state)
    return 0


def _restore(args: argparse.Namespace) -> int:
    hosts.get(args.name).restore(args.state)
    return 0


def _down(args: argparse.Namespace) -> int:
    if bool(args.names) == args.all:
        raise SandboxError("Name the hosts to remove, or say --all.")
    for name in args.names or [host.name for host in hosts.all_hosts()]:
        hosts.get(name).down()
    return 0


def _double(args: argparse.Namespace) -> int:
    dnf = args.distribution.startswith("rhel")
    double = DnfDouble(args.distribution) if dnf else AptDouble(args.distribution)
    if args.reset or not double.folder.is_dir():
        double.reset()
    if args.publish:
        double.publish(*args.publish)
    if args.withdraw:
        double.withdraw(*args.withdraw)
    if args.key == "rotate":
        double.rotate_key()
    elif args.key == "expire":
        double.expire_key()
    elif args.key == "stranger":
        double.sign_with_stranger()
    if args.corrupt:
        print(f"corrupted: {', '.join(double.corrupt(args.corrupt)) or 'nothing'}", file=sys.stderr)
    url = mirror.running() or "http://(no host is up)"
    print(json.dumps(double.host_data(url), indent=1))
    return 0


def _clean(args: argparse.Namespace) -> int:
    for line in clean.clean(cache=args.cache):
        print(f"removed {line}")
    return 0


def _as_dict(host: SandboxHost) -> dict[str, object]:
    return {
        "name": host.name,
        "running": host.running(),
        "address": host.address,
        "port": host.port,
        "user": host.user,
        "key": str(host.key),
        "known_hosts": str(host.known_hosts),
        "rootfs": str(host.rootfs),
        "mirror_url": host.mirror_url,
        "spec": dataclasses.asdict(host.spec),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 if it worked, 1 with one sentence on standard error if not."""
    args = _parser().parse_args(argv)
    try:
        status: int = args.run(args)
        return status
    except SandboxError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
