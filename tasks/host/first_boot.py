"""Wait for the first boot of a cloud machine to end."""

from __future__ import annotations

from pyinfra import logger
from pyinfra.api import FunctionCommand
from pyinfra.api.host import Host

from stacks.model.plan import Plan
from tasks.steps import failing
from tasks.steps.step import Commands, host_state, run, step


@step
def first_boot_done(plan: Plan, limit_s: int = 900) -> Commands:
    """Wait until cloud-init has ended: it installs packages of its own on a first boot.

    Args:
        plan: Not read; every step takes it.
        limit_s: Seconds to wait at most.
    """
    if host_state().system.cloud_init != "running":
        return
    yield FunctionCommand(_cloud_init_ended, (limit_s,), {})


@failing.harmless
def _cloud_init_ended(state: object, host: Host, limit_s: int) -> bool:
    """Whether cloud-init has ended in time; one that ended badly is reported and not in our way.

    ``cloud-init status --wait`` ends with 1 after an error and with 2 after one that it could go on
    from (cloud-init documentation, "Failure states"); timeout(1) with 124.
    """
    script = f'timeout {limit_s} cloud-init status --wait --long 2>&1; echo "status $?"'
    good, output = run(host, script, timeout=limit_s + 30)
    said, _, status = output.rpartition("status ")
    if not good or status.strip() == "124":
        logger.error(
            f"{host.print_prefix}CLOUD-INIT: the first boot has not ended after {limit_s} s. "
            "Nothing was changed. See cloud-init status --long on the host, then run this again."
        )
        return False
    if status.strip() != "0":
        detail = " ".join(said.split())[-300:]
        logger.warning(f"{host.print_prefix}cloud-init ended with an error; going on: {detail}")
    return True
