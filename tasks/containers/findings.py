"""Is a container host as its plan says? Pure: what was seen and the plan in, findings out."""

from __future__ import annotations

from facts.engine_model import Engines
from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.containers import (
    cdi_state,
    daemon_json,
    docker_change,
    engine_state,
)
from tasks.containers.daemon_json import DaemonJsonError
from tasks.deploy import again
from tasks.finding import Finding
from tasks.hostdata.containers import ContainerSettings


def of_packages(state: HostState, plan: Plan) -> list[Finding]:
    """What of engines and toolkit is not installed as planned."""
    if plan.containers is None:
        return []
    found = []
    toolkit = engine_state.missing(state, plan.containers.toolkit)
    if toolkit:
        found.append(
            Finding(
                "TOOLKIT-INCOMPLETE",
                "CRITICAL",
                "NVIDIA's container toolkit is not there as planned",
                f"not there in version {plan.containers.toolkit.version}: {', '.join(toolkit)}",
                again(plan),
            )
        )
    for engine in plan.containers.engines:
        missing = engine_state.missing(state, engine)
        if missing:
            found.append(
                Finding(
                    "ENGINE-INCOMPLETE",
                    "CRITICAL",
                    f"{engine.engine} is not there as planned",
                    f"missing: {', '.join(missing)}",
                    again(plan),
                )
            )
    return found


def findings(
    state: HostState, engines_state: Engines, plan: Plan, settings: ContainerSettings
) -> list[Finding]:
    """All differences between the host's containers and their plan, packages aside."""
    if plan.containers is None:
        return []
    found = []
    if docker_change.docker_of(plan) is not None:
        found += _docker(state, engines_state, plan, settings)
    if engine_state.containerd_of(plan) is not None and not engine_state.knows_runtime(
        engines_state
    ):
        found.append(
            Finding(
                "ENGINE-SETTINGS",
                "CRITICAL",
                "containerd does not know NVIDIA's runtime",
                f"{engine_state.DROP_IN} is not read, or names no {daemon_json.RUNTIME}",
                again(plan),
            )
        )
    if engines_state.engine.no_cgroups:
        found.append(
            Finding(
                "C3",
                "CRITICAL",
                "the container toolkit leaves cgroups alone",
                f"/etc/nvidia-container-runtime/config.toml: {engines_state.engine.no_cgroups}",
                again(plan),
            )
        )
    why = cdi_state.spec_due(state, engines_state, plan.containers)
    if why:
        found.append(
            Finding(
                "C4",
                "CRITICAL",
                f"the CDI spec {cdi_state.SPEC} does not tell of this driver",
                why,
                again(plan),
                "nothing that runs; the next containers are well",
            )
        )
    return found


def _docker(
    state: HostState, engines_state: Engines, plan: Plan, settings: ContainerSettings
) -> list[Finding]:
    unit = state.units.get(docker_change.UNIT)
    if engines_state.docker is None:
        return [
            Finding(
                "C8",
                "CRITICAL",
                "Docker does not run",
                f"{docker_change.UNIT}: {unit.active if unit else 'not there'}; "
                + engines_state.unread.get("docker_daemon", "it gave no answer"),
                "look why: journalctl -u docker -n 30; then " + again(plan),
            )
        ]
    try:
        due = docker_change.change(state, engines_state, plan, settings)
    except DaemonJsonError as error:
        return [
            Finding(
                "DAEMON-JSON",
                "CRITICAL",
                "Docker's settings cannot be read",
                f"{daemon_json.PATH}: {error}",
                "fix it, and " + again(plan),
            )
        ]
    if not due:
        return []
    parts = [*due.keys, *(["proxy"] if due.proxy else []), *due.restart]
    return [
        Finding(
            "ENGINE-SETTINGS",
            "CRITICAL",
            "Docker is not set up as planned",
            f"due: {', '.join(parts) or 'start at boot'}",
            again(plan),
            "containers, unless live-restore is set" if due.restart else "nothing",
        )
    ]
