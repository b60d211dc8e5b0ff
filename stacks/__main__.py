"""``python -m stacks``: list the stacks, explain one for a host, refresh the hash locks."""

from __future__ import annotations

import argparse
import datetime
import io
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace

from rich.console import Console
from rich.text import Text

from stacks.catalog.decode import SchemaError, nearest
from stacks.catalog.pci import counted, device_id
from stacks.catalog.read import Catalog, load_catalog
from stacks.explain import age, arguments, matrix, mirror_sets, own
from stacks.explain import words as explain
from stacks.explain.arguments import UsageError
from stacks.explain.unlocked import unlocked
from stacks.load import StackError, load_stack, stack_names
from stacks.locking import jetson as jetson_lock
from stacks.locking import services as workspace_lock
from stacks.locking import torch as lock
from stacks.model.host import Gpu, HostProfile, InstalledDriver
from stacks.model.plain import plain
from stacks.model.requests import Stack
from stacks.requests import with_requests
from stacks.resolve import resolve
from stacks.resolve_image import image_plan
from stacks.rules import architecture
from stacks.rules import jetson as jetson_rules
from stacks.rules import release as release_rules

OK, CONFLICT, BAD_ARGUMENTS, FAILED = 0, 2, 64, 1

_ORIGIN_OF = {
    "driver": "driver_origin",
    "cuda": "cuda_origin",
    "cudnn": "cudnn_origin",
    "docker": "docker_origin",
}
_ARCHES = {"amd64": "x86_64", "x86-64": "x86_64", "arm64": "aarch64", "sbsa": "aarch64"}


def main(words: list[str] | None = None) -> int:
    """Run one command; give its exit code: 0 plan, 2 conflicts, 64 bad arguments, 1 failed."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no arrows gets a ?
    wide = sys.stdout.isatty()
    console = Console(width=None if wide else 80, highlight=False, soft_wrap=False)
    complaint = Console(stderr=True, width=None if sys.stderr.isatty() else 80, highlight=False)
    try:
        options = arguments.parser().parse_args(words)
        if options.command is None:
            raise UsageError("a command is missing: list, explain, matrix, mirrors or lock")
        catalog = own.with_locks(load_catalog(), getattr(options, "stacks", None))
        commands = {
            "list": _list,
            "explain": _explain,
            "matrix": _matrix,
            "age": _age,
            "lock": _lock,
            "mirrors": mirror_sets.command,
        }
        code = commands[options.command](console, options, catalog)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader has seen enough. Python would complain once more when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except (UsageError, StackError, lock.TargetError) as error:
        complaint.print(Text(plain(str(error))), soft_wrap=True)
        complaint.print(Text("`python -m stacks --help` shows the commands and options."))
        return BAD_ARGUMENTS
    except (SchemaError, lock.LockError, OSError) as error:
        complaint.print(Text(plain(str(error))), soft_wrap=True)
        return FAILED


def _list(console: Console, options: argparse.Namespace, catalog: Catalog) -> int:
    names = sorted({*stack_names(), *(stack_names(options.stacks) if options.stacks else ())})
    stacks = [load_stack(name, options.stacks) for name in names]
    if options.json:
        rows = [
            {"name": s.name, "summary": s.summary, "unlocked": [*map(asdict, unlocked(s, catalog))]}
            for s in stacks
        ]
        print(json.dumps(rows, indent=2))
        return OK
    width = max(len(stack.name) for stack in stacks)
    for stack in stacks:
        explain.say(console, stack.summary, f"{stack.name:<{width}}  ", "bold")
    lacking = {row.line: None for stack in stacks for row in unlocked(stack, catalog)}
    if lacking:
        console.print(Text("\nRefused with LOCK-MISSING, for want of the sha256 of this wheel:"))
    for line in lacking:
        console.print(Text(f"  {line}"), soft_wrap=True)
    return OK


def _explain(console: Console, options: argparse.Namespace, catalog: Catalog) -> int:
    stack = _requested(load_stack(options.stack, options.stacks), options)
    profile = _profile(options, catalog)
    today = datetime.date.today()
    if options.image:
        image = image_plan(stack, profile, catalog)
        if image.plan is not None:
            image = replace(image, plan=age.with_age(image.plan, today))
        if options.json:
            print(json.dumps(explain.as_data(stack, profile, image), indent=2))
        else:
            explain.show_image(console, stack, profile, image)
        return OK if image.plan else CONFLICT
    resolution = resolve(stack, profile, catalog)
    if resolution.plan is not None:
        resolution = replace(resolution, plan=age.with_age(resolution.plan, today))
    if options.json:
        print(json.dumps(explain.as_data(stack, profile, resolution), indent=2))
    else:
        explain.show(console, stack, profile, resolution, catalog)
    return OK if resolution.plan else CONFLICT


def _matrix(console: Console, options: argparse.Namespace, catalog: Catalog) -> int:
    names = options.stack or sorted({*stack_names(), *stack_names(options.stacks)})
    found = list(matrix.cells([load_stack(name, options.stacks) for name in names], catalog))
    if options.json:
        print(json.dumps([asdict(cell) for cell in found], indent=2))
    else:
        print("\n".join((matrix.LEGEND, *matrix.lines(found))))
    return OK


def _age(console: Console, options: argparse.Namespace, catalog: Catalog) -> int:
    old = [(d, s) for d, s in age.facts(catalog) if age.is_old(d, datetime.date.today())]
    for day, source in old:
        explain.say(console, source, f"{day}  ", "bold")
    console.print(Text(f"{len(old)} groups of facts are older than {age.LIMIT_DAYS} days."))
    return OK


def _requested(stack: Stack, options: argparse.Namespace) -> Stack:
    _check_used(options)
    requests: dict[str, object] = {
        "driver_version" if "." in (options.driver or "") else "driver_branch": options.driver,
        "driver_flavour": options.flavour,
        "torch_variant": options.variant,
        "torch_python": options.python,
        "cuda_purpose": "compile" if options.compile else None,
        "without": tuple(options.without) or None,
        "container_engines": tuple(options.containers or ()) or None,
        "docker_version": options.docker,
        "with_native": options.native or None,
        "image_base": options.image_base,
        "image_cuda": options.image_cuda,
    }
    for said in options.origin:
        part, equals, origin = said.partition("=")
        if not equals or not origin:
            raise UsageError(f"--origin {said}: expected PART=ORIGIN, for example cuda=redist")
        if part == "torch":
            requests["torch_index"] = origin
        elif part in _ORIGIN_OF:
            requests[_ORIGIN_OF[part]] = origin
        else:
            close = nearest(part, (*_ORIGIN_OF, "torch"), 1)
            meant = f'; did you mean "{close[0]}"?' if close else ""
            raise UsageError(f"--origin {said}: parts are {', '.join(_ORIGIN_OF)}, torch{meant}")
    return with_requests(stack, requests, containers=bool(options.containers))


def _check_used(options: argparse.Namespace) -> None:
    """Complain of an option that would have no effect without another one."""
    for name, needed in {"image_base": "image", "image_cuda": "image"}.items():
        if getattr(options, name) and not getattr(options, needed):
            option = name.replace("_", "-")
            raise UsageError(f"--{option} has no effect without --{needed}")
    for name in ("native", "docker"):
        if getattr(options, name) and not options.containers and not options.image:
            raise UsageError(f"--{name} has no effect without --containers")


def _profile(options: argparse.Namespace, catalog: Catalog) -> HostProfile:
    gpus = tuple(gpu for said in options.gpu for gpu in _gpus(said, catalog))
    names = catalog.known.called_by(counted(said)[0] for said in options.gpu)
    alone = architecture.of_gpus(catalog.gpus, (gpu.model for gpu in gpus))
    arch = options.arch or ("aarch64" if options.jetson else alone or "x86_64")
    arch = _ARCHES.get(arch.lower(), arch.lower())
    system = options.os or jetson_rules.ubuntu(_l4t(options.jetson) or "", catalog)
    if not system and not options.jetson:
        raise UsageError("--os is missing: debian-12, ubuntu-24.04, rocky-9 …")
    profile = HostProfile(
        os=system or "unknown",
        arch=arch,
        gpus=gpus,
        gpu_names=names,
        kernels=tuple(options.kernel),
        secure_boot=True if options.secure_boot else None,
        security_pocket=False if options.no_security_pocket else None,
        jetson_l4t=_l4t(options.jetson),
        driver=_installed(options.installed),
        nvswitch=options.nvswitch,
    )
    return release_rules.named(profile, catalog)


def _l4t(said: str | None) -> str | None:
    """``36.4.7`` of ``R36.4.7``, as /etc/nv_tegra_release begins."""
    return re.sub(r"^[Rr](?=[0-9])", "", said) if said else said


def _installed(said: str | None) -> InstalledDriver | None:
    if said is None:
        return None
    version, _, origin = said.partition("=")
    if not origin or not version[:1].isdigit():
        raise UsageError(f"--installed {said}: expected VERSION=ORIGIN, such as 535.309.01=nvidia")
    return InstalledDriver(version, origin)


def _gpus(said: str, catalog: Catalog) -> tuple[Gpu, ...]:
    word, count = counted(said)
    key = catalog.known.key(word)
    if count is not None and not (count.isdecimal() and 0 < int(count[:9]) <= 64):
        raise UsageError(f'--gpu {said}: "{count}" is not a count from 1 to 64')
    device = device_id(word)
    if key is None and device is None:
        raise UsageError(f'--gpu {said}: unknown GPU "{word}". {catalog.known.like(word)}')
    return (Gpu(key) if key else Gpu(None, device),) * int(count or 1)


def _lock(console: Console, options: argparse.Namespace, catalog: Catalog) -> int:
    stack = load_stack(options.stack, options.stacks)
    failed = 0
    folder = own.locks(options.stacks)
    folder.mkdir(parents=True, exist_ok=True)
    wanted: Sequence[lock.Target | jetson_lock.Target | workspace_lock.Target]
    if options.jetson:
        wanted = [jetson_lock.target(_l4t(options.jetson) or "", stack, catalog)]
    else:
        arch = _ARCHES.get(options.arch.lower(), options.arch)
        torch = lock.targets(stack, catalog, tuple(options.variant), tuple(options.python), arch)
        services = workspace_lock.targets(torch, catalog)
        wanted = services if options.workspace else [*torch, *services]
    for target in wanted:
        try:
            if isinstance(target, workspace_lock.Target):
                place = own.holding(target.torch.name, folder)
                text = workspace_lock.make(target, stack, catalog, place)
            elif isinstance(target, jetson_lock.Target):
                text = jetson_lock.make(target, stack, catalog, options.index)
            else:
                text = lock.make(target, stack, catalog, options.index)
            changed = lock.write(target, text, folder)
            console.print(Text(f"{target.name}: {'written' if changed else 'unchanged'}"))
        except lock.LockError as error:
            failed += 1
            console.print(Text(plain(str(error))), soft_wrap=True)
    console.print(Text(f"{len(wanted) - failed} of {len(wanted)} locks are up to date."))
    return FAILED if failed else OK


if __name__ == "__main__":
    sys.exit(main())
