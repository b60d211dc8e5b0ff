"""What the host at hand is to have, or its refusal: decided before anything is touched."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra import logger
from pyinfra.api.host import Host

from facts.model.host import HostState
from facts.workspace_model import WorkspaceState
from stacks.model.messages import Conflict
from tasks.deploy import CONTAINER_HOST
from tasks.host import opening
from tasks.host import resolution as host_resolution
from tasks.hostdata import workspace as workspace_data
from tasks.hostdata.reading import Data
from tasks.hostdata.workspace_values import WorkspaceSettings
from tasks.steps.refusal import Refused
from tasks.steps.step import this_run
from tasks.workspace import images, report, service
from tasks.workspace.entrance import SshRoute
from tasks.workspace.look import workspace_state
from tasks.workspace.placing import places
from tasks.workspace.workspace_conflicts import conflicts, may_be_fixed

IMAGE = "pytorch-cuda"


@dataclass(frozen=True)
class Opening:
    """What the steps of the deploy need."""

    settings: WorkspaceSettings
    ask: tuple[str, ...]
    """The plan's words of ``docker create`` for all GPUs."""
    ssh_route: SshRoute
    deferred: bool
    """Something is in the way that an earlier deploy of this run may fix."""


def for_this_host() -> Opening | None:
    """Look at the host and at what its data ask for; a host that cannot have it is refused."""
    return opening.opened(_decided, report)


def _decided(host: Host, state: HostState) -> Opening | None:
    settings = workspace_data.workspace_settings(host.data, IMAGE, _tag(host.data, state))
    ask: tuple[str, ...] = ()
    if any(not w.gpus.none for w in settings.workspaces):
        resolution = host_resolution.resolved(state, host.data, containers=True)
        if resolution.plan is None:
            raise Refused(*resolution.conflicts)
        if resolution.plan.containers is None:
            raise Refused(_no_containers())
        ask = resolution.plan.containers.ask
    there: WorkspaceState | None = workspace_state(settings)
    if there is None:  # pyinfra has said why
        return None
    found = conflicts(state, there, settings)
    deferred = bool(found) and may_be_fixed(found) and _earlier_deploys(host)
    if found and not deferred:
        raise Refused(*found)
    for text in settings.warnings:
        logger.warning(f"{host.print_prefix}{text}")
    service.announced(host, there, places(there, settings, ask))
    report.planned(host)
    return Opening(settings, ask, _ssh_route(host), deferred)


def _tag(data: Data, state: HostState) -> str:
    """The tag of the stack's own image: ``v2.9``."""
    return images.tag_of(host_resolution.stack_of(data, state.jetson is not None))


def _earlier_deploys(host: Host) -> bool:
    """Whether a deploy before this one, in the same run, has something to do on this host."""
    return bool(this_run().ops.get(host))


def _ssh_route(host: Host) -> SshRoute:
    data = host.data
    return SshRoute(
        str(data.get("ssh_hostname") or host.name),
        str(data.get("ssh_user") or ""),
        int(data.get("ssh_port") or 22),
    )


def _no_containers() -> Conflict:
    return Conflict(
        "WORKSPACE-PLAN",
        "the host's stack plans no containers",
        "so nothing says how a container is given GPUs here",
        (f"pyinfra INVENTORY {CONTAINER_HOST}", "or ask for none: workspace_gpus=none"),
        "docs/workspace.md",
    )
