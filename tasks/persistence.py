"""Keep the GPU initialised between programs: the first CUDA call of each is fast then."""

from __future__ import annotations

from pyinfra.api import StringCommand

from stacks.model import Plan
from tasks.step import Commands, look, step

UNIT = "nvidia-persistenced.service"


@step
def enabled(plan: Plan) -> Commands:
    """Enable nvidia-persistenced, and start it where the driver is loaded.

    Without a loaded driver the daemon cannot start: it is enabled for the boot that has one, and
    its failed start during the package's installation is forgotten.
    """
    state = look()
    if plan.driver is None or "nvidia-persistenced" not in plan.driver.packages:
        return
    unit = state.units.get(UNIT)
    loaded = bool(state.driver.loaded)
    if unit and unit.enabled == "enabled" and unit.active == ("active" if loaded else "inactive"):
        return
    after = f"systemctl start {UNIT}" if loaded else f"systemctl reset-failed {UNIT} || true"
    yield StringCommand(f"systemctl enable --quiet {UNIT}; {after}")
