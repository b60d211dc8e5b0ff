"""The way out of containerd and podman, and how that of any daemon is written, Docker's too."""

from __future__ import annotations

import json

from pyinfra import logger
from pyinfra.api import FunctionCommand, StringCommand
from pyinfra.api.host import Host

from stacks.model.plan import Plan
from tasks.containers import daemon_proxy
from tasks.containers.daemon_proxy import CONTAINERD, DaemonProxy
from tasks.hostdata.containers import ContainerSettings
from tasks.hostdata.network import NetworkSettings
from tasks.steps import files, sending
from tasks.steps.step import Commands, executing, host_state, run, step, this_host

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
    network = proxy_of(plan, "containerd", settings.host)
    if CONTAINERD.due(state, network):
        yield FunctionCommand(_containerd, (network,), {})
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


def podman_text(network: NetworkSettings) -> str:
    """Podman's settings; empty where nothing is said, and where a password is in it.

    ``[engine] env`` is the environment of the engine itself (containers.conf(5)).
    """
    if not network.proxy or "@" in network.proxy:
        return ""
    # A TOML basic string is a JSON string for what `network.PROXY` lets in.
    return f"{files.HEADER}[engine]\nenv = {json.dumps(daemon_proxy.lines(network))}\n"


def written(
    host: Host, daemon: DaemonProxy, network: NetworkSettings, then: str = "systemctl daemon-reload"
) -> bool:
    """Write a daemon's two files, or take them away; a password is in no command line.

    Args:
        host: The host at hand.
        daemon: Whose they are.
        network: What it is to be told; without a proxy the files go.
        then: Shell that lets systemd read them.
    """
    if not network.proxy:
        return run(host, f"rm -f {daemon.drop_in} {daemon.environment}; {then}")[0]
    good, said = sending.put(host, daemon.environment, daemon_proxy.text(network))
    if good:
        drop_in = files.write_script(daemon.drop_in, daemon.drop_in_text)
        good, said = run(host, f"{drop_in} && {then}")
    if not good:
        logger.error(f"{host.print_prefix}{daemon.called}'s proxy could not be written: {said}")
    return good


def _containerd(state: object, host: Host, network: NetworkSettings) -> bool:
    return written(host, CONTAINERD, network, _RESTART)
