"""The guard alone, on a host whose driver came from anywhere."""

from __future__ import annotations

from pyinfra import logger
from pyinfra.api.host import Host

from facts.model.host import HostState
from stacks.model.messages import Conflict
from tasks.deploy import KERNEL_GUARD
from tasks.driver import state as driver_state
from tasks.guard import kernel_guard
from tasks.guard.policy import decided, findings
from tasks.host import opening
from tasks.host.which_deploy import deploy_for
from tasks.hostdata import host as host_data
from tasks.jetson import state as jetson_state
from tasks.steps.refusal import Refused


def this_one() -> None:
    """Guard the host at hand, or refuse it before it is touched; the others go on."""
    opening.opened(_guarded)


def _guarded(host: Host, state: HostState) -> None:
    said = host_data.guard_settings(host.data)
    setting, textfile = said.kernel_policy, said.textfile_folder
    if found := conflicts(state):
        raise Refused(*found)
    for line in kernel_guard.forecast(state, setting, textfile):
        logger.info(f"{host.print_prefix}{line}")
    for finding in findings(decided(state, setting), [], KERNEL_GUARD):
        logger.warning(f"{host.print_prefix}{finding.code}: {finding.what}: {finding.observed}")
    kernel_guard.in_force(setting=setting, textfile=textfile, name="Kernel guard and policy")


def conflicts(state: HostState) -> tuple[Conflict, ...]:
    """What speaks against a guard on this host."""
    found = [*jetson_state.wrong_deploy(state, for_jetsons=False)]
    if not driver_state.is_present(state):
        found.append(
            Conflict(
                "DRIVER-INCOMPLETE",
                "there is no NVIDIA driver to guard on this host",
                "no package, no module file, no library",
                (f"pyinfra INVENTORY {deploy_for(state, None)}",),
                "docs/kernels.md",
            )
        )
    return tuple(found)
