"""The host's way out for containerd and podman, as Docker has it by `tasks.containers.docker`."""

from __future__ import annotations

import json

from pyinfra import logger
from pyinfra.api import FunctionCommand, StringCommand
from pyinfra.api.host import Host

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.hostdata.containers import ContainerSettings
from tasks.hostdata.network import NetworkSettings
from tasks.steps import files, sending
from tasks.steps.step import Commands, executing, host_state, run, step, this_host

ENVIRONMENT = "/opt/gpuwright/etc/containerd-proxy.env"
"""Only root may read it: a unit's own ``Environment=`` is shown to everybody (systemd.exec(5))."""
DROP_IN = "/etc/systemd/system/containerd.service.d/gpuwright-proxy.conf"
DROP_IN_TEXT = files.HEADER + f"[Service]\nEnvironmentFile={ENVIRONMENT}\n"
PODMAN = "/etc/containers/containers.conf.d/gpuwright-proxy.conf"
"""Podman has no daemon: each user's reads this file, so it cannot hold a password."""
_RESTART = (
    "systemctl daemon-reload && "
    "if systemctl -q is-active containerd; then systemctl restart containerd; fi"
)
"""Containers go on while it restarts: each has a process of its own beside it."""


@step
def told(plan: Plan, settings: ContainerSettings) -> Commands:
    """Tell containerd and podman the proxy of the host's data; without one ours goes.

    Args:
        plan: The host's plan.
        settings: What host data say of containers.
    """
    state = host_state()
    if not executing():
        for warning in warnings(plan, settings):
            logger.warning(f"{this_host().print_prefix}{warning}")
    if containerd_due(state, plan, settings.host):
        yield FunctionCommand(_containerd, (proxy_of(plan, "containerd", settings.host),), {})
    text = podman_text(proxy_of(plan, "podman", settings.host))
    if text and files.differs(state, PODMAN, text):
        yield StringCommand(files.write_script(PODMAN, text))
    elif not text and PODMAN in state.managed_files:
        yield StringCommand(f"rm -f {PODMAN}")


def warnings(plan: Plan, settings: ContainerSettings) -> list[str]:
    """What host data ask for and podman cannot be told."""
    if podman_text(proxy_of(plan, "podman", settings.host)) or not settings.host.proxy:
        return []
    if not _has(plan, "podman"):
        return []
    return [
        "PODMAN-PROXY: podman is not told the proxy: it has a password, and every user reads "
        f"{PODMAN}. Set HTTPS_PROXY for who pulls images."
    ]


def proxy_of(plan: Plan, engine: str, network: NetworkSettings) -> NetworkSettings:
    """What this engine is to be told: nothing where the plan has no such engine."""
    return network if _has(plan, engine) else NetworkSettings()


def _has(plan: Plan, engine: str) -> bool:
    engines = plan.containers.engines if plan.containers else ()
    return any(one.engine == engine for one in engines)


def lines(network: NetworkSettings) -> list[str]:
    """The variables; they may hold a password."""
    found = [f"{name}={network.proxy}" for name in ("HTTP_PROXY", "HTTPS_PROXY")]
    return found + ([f"NO_PROXY={','.join(network.no_proxy)}"] if network.no_proxy else [])


def containerd_text(network: NetworkSettings) -> str:
    """The environment of containerd; empty where nothing is said."""
    return files.HEADER + "\n".join(lines(network)) + "\n" if network.proxy else ""


def podman_text(network: NetworkSettings) -> str:
    """Podman's settings; empty where nothing is said, and where a password is in it.

    ``[engine] env`` is the environment of the engine itself (containers.conf(5)).
    """
    if not network.proxy or "@" in network.proxy:
        return ""
    # A TOML basic string is a JSON string for what `network.PROXY` lets in.
    return f"{files.HEADER}[engine]\nenv = {json.dumps(lines(network))}\n"


def containerd_due(state: HostState, plan: Plan, network: NetworkSettings) -> bool:
    """Whether containerd's files are not as host data say."""
    text = containerd_text(proxy_of(plan, "containerd", network))
    if not text:
        return ENVIRONMENT in state.managed_files or DROP_IN in state.managed_files
    return files.differs(state, ENVIRONMENT, text) or files.differs(state, DROP_IN, DROP_IN_TEXT)


def _containerd(state: object, host: Host, network: NetworkSettings) -> bool:
    """Write the two files, or take them away; a password is in no command line."""
    text = containerd_text(network)
    if not text:
        return run(host, f"rm -f {DROP_IN} {ENVIRONMENT}; {_RESTART}")[0]
    good, said = sending.put(host, ENVIRONMENT, text)
    if good:
        drop_in = files.write_script(DROP_IN, DROP_IN_TEXT)
        good, said = run(host, f"{drop_in} && {_RESTART}")
    if not good:
        logger.error(f"{host.print_prefix}containerd's proxy could not be written: {said}")
    return good
