"""Host data of another host like this one: what its settings say, and what of them does not go on.

Pure. Every value is taken only if the reader of that host data takes it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from facts.engine_model import Engines
from facts.handmade_model import Handmade
from facts.model.host import HostState
from stacks.catalog.read import Catalog
from stacks.model.address import login
from stacks.model.plain import decoded
from stacks.model.requests import Stack
from tasks.adopt.bare import is_taken
from tasks.adopt.choice import Left
from tasks.guard import kernel_holds
from tasks.host import likeness
from tasks.host.components import Components
from tasks.hostdata import containers as container_data
from tasks.hostdata import host as host_data
from tasks.hostdata import nccl as nccl_data
from tasks.hostdata import network

Found = Iterator[tuple[str, Any] | Left]
_NCCL = re.compile(r"(?:export\s+)?(NCCL_[A-Z0-9_]+)\s*=\s*(.*)")
_PROXY = re.compile(r'"?(?:export\s+)?"?(?:https?|all)_proxy\s*=\s*"?([^"\s]+)"?', re.IGNORECASE)
_SECRET = "its address carries a login, and no secret is written; name it in the host data yourself"
_MOST = 8
"""Names in one sentence."""


def settings(
    state: HostState,
    seen: Components,
    stack: Stack,
    handmade: Handmade,
    engines: Engines | None,
    catalog: Catalog,
) -> tuple[dict[str, Any], list[Left]]:
    """Host data by key, and what is left behind.

    Args:
        state: What the probe saw.
        seen: The host's parts.
        stack: The stack that was chosen.
        handmade: NCCL's settings among other things.
        engines: What the engines' own settings say; None: they were not asked.
        catalog: What there is.
    """
    data: dict[str, Any] = {}
    left: list[Left] = []
    readers: tuple[tuple[Callable[[dict[str, Any]], object], Found], ...] = (
        (lambda d: host_data.plan_settings(d, catalog), _gpus(seen, catalog)),
        (lambda d: host_data.plan_settings(d, catalog), _mirrors(state, catalog)),
        (network.network_settings, _proxy(state)),
        (nccl_data.nccl_settings, _nccl(handmade)),
        (host_data.guard_settings, _kernel(state)),
        (container_data.container_settings, _containers(stack, engines)),
    )
    for accepts, found in readers:
        for item in found:
            if isinstance(item, Left):
                left.append(item)
                continue
            key, value = item
            joined = {**data[key], **value} if isinstance(data.get(key), dict) else value
            try:
                accepts({**data, key: joined})
            except ValueError as error:
                left.append(Left(f'the setting "{key}"', str(error)))
            else:
                data[key] = joined
    if stack.containers and (stack.cuda or stack.torch):
        data["with_native"] = True
    return data, [*left, *_untold(state, seen)]


def _gpus(seen: Components, catalog: Catalog) -> Found:
    for name, count in sorted(Counter(seen.gpus).items()):
        if name not in catalog.known.models:
            yield Left(f"{count} GPU {name}", "the catalogue does not know it; say gpu_like")
            return
    if counted := [f"{name}:{count}" for name, count in sorted(Counter(seen.gpus).items())]:
        yield "expected_gpus", counted


def _mirrors(state: HostState, catalog: Catalog) -> Found:
    if state.pip_index:
        yield from _mirror("pypi", state.pip_index)
    elif why := state.unread.get("pip_index"):
        yield Left("the address of the package index", why)
    defaults = {
        "nvidia": catalog.repositories.base,
        "toolkit": catalog.containers.toolkit.base,
        "docker": catalog.containers.docker_ce.base,
    }
    for address in sorted(likeness.sources(state)):
        kind, base = _base(address, catalog)
        if kind and base.rstrip("/") != defaults[kind].rstrip("/"):
            yield from _mirror(kind, base)


def _mirror(kind: str, address: str) -> Found:
    if _has_login(address):
        yield Left(f"the mirror for {kind} on {_host(address) or 'an unknown host'}", _SECRET)
    else:
        yield "mirrors", {kind: address}


def _base(address: str, catalog: Catalog) -> tuple[str, str]:
    """Which of the makers' repositories an address is, and its base; two empty texts: none."""
    parts = address.rstrip("/").split("/")
    for place, part in enumerate(parts):
        if part in catalog.repositories.repositories:
            return "nvidia", "/".join(parts[:place]) + "/"
        if part == "stable" and parts[place + 1 : place + 2] in (["deb"], ["rpm"]):
            return "toolkit", "/".join(parts[:place]) + "/"
    folders = {place.folder for place in catalog.containers.docker_ce.distributions.values()}
    if len(parts) > 2 and parts[-1] in folders and parts[-2] == "linux":
        return "docker", "/".join(parts[:-1]) + "/"
    return "", ""


def _proxy(state: HostState) -> Found:
    for line in state.others.environment:
        if match := _PROXY.match(line.text):
            if _has_login(match[1]):
                yield Left(f"the proxy of {line.place}", _SECRET)
            else:
                yield "proxy", match[1].rstrip("/")
            return


def _nccl(handmade: Handmade) -> Found:
    for line in handmade.nccl:
        if match := _NCCL.fullmatch(line.text):
            value = match[2].strip().strip("\"'")
            yield "nccl", {match[1]: value}


def _kernel(state: HostState) -> Found:
    if likeness.kernel_policy(state) == "hold":
        yield "kernel_policy", "hold"


def _containers(stack: Stack, engines: Engines | None) -> Found:
    if stack.containers is None or engines is None:
        return
    if users := sorted({name for name in engines.docker_group if name and name != "root"}):
        yield "docker_users", users
    try:
        said = decoded(engines.engine.daemon_json or "{}")
    except ValueError:
        yield Left("/etc/docker/daemon.json", "it cannot be read as JSON")
        return
    if not isinstance(said, dict):
        return
    if said.get("default-runtime") == "nvidia":
        yield "docker_default_runtime", "nvidia"
    mirrors = said.get("registry-mirrors")
    if isinstance(mirrors, list) and all(isinstance(mirror, str) for mirror in mirrors):
        if any("HIDDEN@" in mirror for mirror in mirrors):
            yield Left("registry mirrors of Docker", _SECRET)
        elif mirrors:
            yield "docker_registry_mirrors", [mirror.rstrip("/") for mirror in mirrors]
    ours = {"default-runtime", "registry-mirrors", "runtimes", "features"}
    if others := sorted(map(str, {*said} - ours)):
        yield Left(
            f"keys of /etc/docker/daemon.json: {', '.join(others[:_MOST])}",
            "they are no host data; put the file on the host before, it is merged and kept",
        )


def _untold(state: HostState, seen: Components) -> list[Left]:
    """What a host has and gpuwright takes from nobody, or always does itself."""
    found = []
    if seen.nccl:
        why = "PyTorch brings its own; no stack asks for one of the system"
        found.append(Left(f"NCCL {', '.join(seen.nccl)} of the system", why))
    if state.kernels.next_boot and not state.system.container:
        why = "kernels come with the machine's image; headers follow the flavour that is there"
        found.append(Left(f"kernel {state.kernels.next_boot}", why, False))
    if state.secure_boot:
        why = "where modules are built on the host, a person confirms its key at its own console"
        found.append(Left("Secure Boot is on", why, False))
    pins = sorted({pin.file for pin in state.others.pins if "gpuwright" not in pin.file})
    if pins:
        why = "pins of people are no host data; gpuwright pins its own packages"
        found.append(Left(f"pins in {', '.join(pins[:_MOST])}", why))
    kernel = {package.name for package in kernel_holds.packages(state)}
    others = [h for h in state.package_manager.holds if h not in kernel and not is_taken(h)]
    if others:
        why = "gpuwright holds what it installs, and the kernel by kernel_policy; nothing else"
        found.append(Left(f"holds on {', '.join(sorted(others)[:_MOST])}", why))
    unit = likeness.persistence(state)
    if state.driver.loaded and not unit.startswith("active"):
        why = "gpuwright always runs it, so that GPUs keep their state between programs"
        found.append(Left(f"NVIDIA's persistence daemon is not active here ({unit})", why, False))
    if state.settings:
        files = sorted({one.file for one in state.settings if "gpuwright" not in one.file})
        if files:
            why = "no global library path is set; shells that want CUDA load an environment file"
            found.append(Left(f"settings of {', '.join(files[:_MOST])}", why))
    if own := sorted({_host(address) for address in likeness.sources(state)} - {""}):
        why = "sources of the distribution and of others stay as the machine's image has them"
        found.append(Left(f"package sources on {', '.join(own[:_MOST])}", why, False))
    return found


def _host(address: str) -> str:
    """The host in an address; empty where it is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _has_login(address: str) -> bool:
    """Whether it carries one; an address that nobody can read counts as if."""
    try:
        return login(address) is not None
    except ValueError:
        return True
