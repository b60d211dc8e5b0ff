"""Keep the free driver off the card, now and in the copy that the initramfs carries."""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.driver import initramfs, nouveau_files
from tasks.driver import state as driver_state
from tasks.steps import files, job
from tasks.steps.step import Commands, host_state, step


@step
def blacklisted(plan: Plan) -> Commands:
    """Blacklist nouveau and rebuild the initramfs of each kernel that has the module at all."""
    state = host_state()
    if plan.driver is None or not (
        files.differs(state, nouveau_files.BLACKLIST, nouveau_files.TEXT)
        or files.differs(state, nouveau_files.MARK, nouveau_files.mark())
    ):
        return
    script = nouveau_files.kept_off(state, _debian_update(state, plan))
    yield job.complete(job.Job("nouveau", "nouveau blacklist", script))


def _debian_update(state: HostState, plan: Plan) -> str:
    # Where the driver's packages come next, they want a new initramfs too: one for both.
    comes = plan.driver is not None and driver_state.missing_packages(state, plan.driver)
    if comes and driver_state.unserved_kernels(state, plan):
        return initramfs.note('"-u -k $kernel"')
    return 'update-initramfs -u -k "$kernel"'
