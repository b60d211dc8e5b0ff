"""The new driver's module in place of the old one that is loaded, where nothing stands against it.

The order is that of NVIDIA's own driver container: daemons first, then the modules from the
outside in, never by force (NVIDIA/gpu-driver-container, ``_unload_driver``).
"""

from __future__ import annotations

from pyinfra import logger

from facts.gpu_users import GpuUsers
from stacks.model.plan import Plan
from tasks.driver.state import reload_will_do, reload_would_do
from tasks.steps import job
from tasks.steps.step import Commands, executing, fact, host_state, step, this_host

SCRIPT = """\
daemons=
back() { for unit in $daemons; do systemctl start $unit || :; done; }
trap back EXIT
for unit in nvidia-dcgm dcgm-exporter nvidia-dcgm-exporter nvidia-persistenced nvidia-gridd \\
    nvidia-topologyd nvidia-fabricmanager nvlsm; do
    systemctl is-active --quiet $unit.service || continue
    daemons="$unit.service $daemons"
    systemctl stop $unit.service
done
modules= used=
for module in nvidia_drm nvidia_modeset nvidia_uvm nvidia_peermem nvidia; do
    [ -d /sys/module/$module ] || continue
    modules="$modules $module"
    # Another module counts once; what is above that is a program or the console.
    count=$(cat /sys/module/$module/refcnt 2>/dev/null || echo 0)
    [ "$count" -le "$(ls /sys/module/$module/holders 2>/dev/null | wc -l)" ] ||
        used="$used $module"
done
code=0
[ -z "$used" ] && rmmod $modules || code=$?
modprobe nvidia && { modprobe nvidia-uvm; nvidia-modprobe -c 0 -u; } || :
for module in $modules; do modprobe $module || :; done
[ $code -eq 0 ] || echo "the old module could not be taken out${used:+, in use:$used}: the host \
needs a reboot"
"""
"""Stops the daemons in their order, takes the modules out if nothing counts on them, loads what is
on the disk, starts the daemons again, whatever happened."""


def job_of_it() -> job.Job:
    """The job that reloads. Who calls it has made sure that no program uses the GPU."""
    return job.Job("reload", "reload of the driver's module", SCRIPT)


@step
def reloaded(plan: Plan) -> Commands:
    """Reload the module once after the driver was changed, if nothing uses the GPU.

    Where something does, the host keeps the old module until it reboots, and the verdict says so.
    """
    state = host_state()
    if plan.driver is None:
        return
    if not (reload_would_do(state) if executing() else reload_will_do(state, plan.driver)):
        return
    users: list[str] | None = fact(GpuUsers)
    if users is None or users:
        logger.info(
            f"{this_host().print_prefix}the new driver waits for a reboot: the GPU is in use by "
            + ", ".join(users or ["programs that could not be listed"])
        )
        return
    yield job.complete(job_of_it())
