"""CDI: what a container is given of the driver, written down and kept up to date."""

from __future__ import annotations

import shlex

from pyinfra import logger
from pyinfra.api import StringCommand

from facts.model.host import HostState
from stacks.model.containers import ContainerPlan
from stacks.model.plan import Plan
from tasks.containers import cdi_state, look
from tasks.containers.device_links import LINKS
from tasks.faults.catalog import faults
from tasks.hostdata.containers import ContainerSettings
from tasks.layout import ASIDE
from tasks.steps import files
from tasks.steps.step import Commands, host_state, step, this_host

UNITS = ("nvidia-cdi-refresh.path", "nvidia-cdi-refresh.service")
DROP_IN = f"/etc/systemd/system/{UNITS[1]}.d/gpuwright.conf"


@step
def cgroups_kept(plan: Plan, settings: ContainerSettings) -> Commands:
    """Let the toolkit set up cgroups, as every engine that runs as root needs it (C3)."""
    if plan.containers is None or not look.engines(settings).engine.no_cgroups:
        return
    yield StringCommand(faults()["C3"].commands["any"])


@step
def spec_written(plan: Plan, settings: ContainerSettings) -> Commands:
    """Write the spec where the driver is up, and let the toolkit's own units keep it so.

    Those units see a driver's packages come and go, and not a module that is loaded again
    (NVIDIA/cloud-native-docs pull request 203), nor do they look at the format that an engine
    reads: so the spec is judged here at each run.
    """
    if plan.containers is None:
        return
    state, engines_state = host_state(), look.engines(settings)
    due = cdi_state.spec_due(state, engines_state, plan.containers)
    left = cdi_state.left_behind(engines_state)
    lines = [*_refreshed(state, plan.containers)]
    for file in left:
        logger.info(
            f"{this_host().print_prefix}{file} is kept as {file}{ASIDE}: nothing keeps it up to "
            "date, and it would stand beside the one that is"
        )
        lines.append(f"mv {file} {file}{ASIDE}")
    if due:
        flags = "".join(f" --feature-flag={shlex.quote(f)}" for f in plan.containers.cdi_flags)
        lines.append(f"nvidia-ctk --quiet cdi generate --output={cdi_state.SPEC}{flags} 2>&1")
        lines.append(cdi_state.COPY)
    if lines:
        yield StringCommand(" &&\n".join(lines))


def drop_in_text(plan: ContainerPlan) -> str:
    """Our part of the refreshing unit.

    A driver's installation triggers it again and again; at systemd's limit of starts it would stay
    failed (Azure/AgentBaker pull request 8736). Without the limit it would try each second until
    the boot that loads a changed driver: hence fewer tries. ``nvidia-ctk`` reads the flags out of
    this variable (``cmd/nvidia-ctk/cdi/generate``). Device files that came after the driver get
    their links here.
    """
    lines = ["[Unit]", "StartLimitIntervalSec=0", "[Service]", "RestartSec=10s"]
    lines.append(f"ExecStartPost=-{LINKS}")
    lines.append(f"ExecStartPost=-/bin/sh -c '{cdi_state.COPY}'")
    if plan.cdi_flags:
        flags = ",".join(plan.cdi_flags)
        lines.append(f"Environment=NVIDIA_CTK_CDI_GENERATE_FEATURE_FLAGS={flags}")
    return files.HEADER + "\n".join(lines) + "\n"


def _refreshed(state: HostState, plan: ContainerPlan) -> list[str]:
    """Shell for the toolkit's units: enabled, not failed, with our part. Empty: all is so."""
    lines = []
    text = drop_in_text(plan)
    if files.differs(state, DROP_IN, text):
        lines += [files.write_script(DROP_IN, text), "systemctl daemon-reload"]
    found = [state.units.get(name) for name in UNITS]
    if any(unit is not None and unit.active == "failed" for unit in found):
        lines.append(f"systemctl reset-failed {' '.join(UNITS)}")
    if any(unit is None or unit.enabled in ("disabled", "not-found") for unit in found):
        lines.append(f"systemctl enable --quiet {' '.join(UNITS)}")
    path = found[0]
    if path is None or path.active != "active":
        lines.append(f"systemctl start {UNITS[0]}")
    return lines
