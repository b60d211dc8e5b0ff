"""Whether Fabric Manager can run, and in which version it is there. Pure."""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.packages.installed import upstream


def can_run(state: HostState) -> bool:
    """Whether the driver is loaded and an NVSwitch is on the bus."""
    return bool(state.driver.loaded) and any(d.is_nvswitch for d in state.pci)


def version(state: HostState, plan: Plan) -> str | None:
    """The installed version of the plan's Fabric Manager; ``None`` where it is not installed."""
    name = plan.driver.fabric_manager if plan.driver else ""
    package = state.packages.get(name)
    return upstream(package.version) if package and package.installed else None
