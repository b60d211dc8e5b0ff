"""Keep the GPU initialised between programs: the first CUDA call of each is fast then."""

from __future__ import annotations

from pyinfra.api import StringCommand

from stacks.model.plan import DriverPlan, Plan
from tasks.steps import files
from tasks.steps.step import Commands, host_state, step

UNIT = "nvidia-persistenced.service"
DROP_IN = f"/etc/systemd/system/{UNIT}.d/gpuwright.conf"
CONDITION = files.HEADER + "[Unit]\nConditionPathExists=/proc/driver/nvidia/version\n"
"""Without a loaded driver the daemon fails, and with it the state of the whole host."""


def brought_by(driver: DriverPlan) -> bool:
    """Whether the daemon is in the driver's packages: its own, or Ubuntu's compute utilities."""
    return any(
        p == "nvidia-persistenced" or p.startswith("nvidia-compute-utils") for p in driver.packages
    )


@step
def enabled(plan: Plan) -> Commands:
    """Enable nvidia-persistenced, and start it where the driver is loaded.

    Without a loaded driver the daemon cannot start: then a boot leaves it out, and its failed
    start during the package's installation is forgotten.
    """
    state = host_state()
    if plan.driver is None or not brought_by(plan.driver):
        return
    unit = state.units.get(UNIT)
    loaded = bool(state.driver.loaded)
    wanted = "active" if loaded else "inactive"
    told = not files.differs(state, DROP_IN, CONDITION)
    if told and unit and unit.enabled == "enabled" and unit.active == wanted:
        return
    after = f"systemctl start {UNIT}" if loaded else f"systemctl reset-failed {UNIT} || true"
    script = files.write_script(DROP_IN, CONDITION)
    yield StringCommand(
        f"{script} && systemctl daemon-reload && systemctl enable --quiet {UNIT} && {{ {after}; }}"
    )
