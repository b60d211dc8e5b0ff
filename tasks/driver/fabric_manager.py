"""The Fabric Manager, which sets up NVSwitch: without it, or of another version, CUDA waits."""

from __future__ import annotations

from pyinfra.api import StringCommand

from stacks.model.plan import Plan
from tasks.driver.fabric_state import can_run
from tasks.steps import files
from tasks.steps.step import Commands, host_state, step

UNIT = "nvidia-fabricmanager.service"
DROP_IN = f"/etc/systemd/system/{UNIT}.d/gpuwright.conf"
CONDITION = files.HEADER + "[Unit]\nConditionPathExists=/proc/driver/nvidia/version\n"
"""Without a loaded driver it fails at each boot."""


@step
def enabled(plan: Plan) -> Commands:
    """Enable the Fabric Manager of the plan, and start it where a driver and a switch are there."""
    state = host_state()
    if plan.driver is None or not plan.driver.fabric_manager:
        return
    unit = state.units.get(UNIT)
    wanted = "active" if can_run(state) else "inactive"
    told = not files.differs(state, DROP_IN, CONDITION)
    if told and unit and unit.enabled == "enabled" and unit.active == wanted:
        return
    after = (
        f"systemctl restart {UNIT}"
        if can_run(state)
        else f"systemctl stop {UNIT}; systemctl reset-failed {UNIT} 2>/dev/null || true"
    )
    script = files.write_script(DROP_IN, CONDITION)
    yield StringCommand(
        f"{script} && systemctl daemon-reload && systemctl enable --quiet {UNIT} && {{ {after}; }}"
    )
