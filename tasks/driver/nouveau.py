"""Keep the free driver off the card, now and in the copy that the initramfs carries."""

from __future__ import annotations

import hashlib

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.driver import initramfs
from tasks.driver import state as driver_state
from tasks.steps import files, job
from tasks.steps.step import Commands, look, step

BLACKLIST = "/etc/modprobe.d/gpuwright-nouveau.conf"
MARK = "/opt/gpuwright/etc/initramfs-nouveau"
"""Says for which text of the blacklist the initramfs images were made."""

DEBIAN_IMAGE = "/boot/initrd.img-$kernel"
DRACUT = (
    "/boot/initramfs-$kernel.img",
    'dracut --force "/boot/initramfs-$kernel.img" "$kernel" || exit 1',
)
"""The Red Hat family's image and what makes it (dracut(8)); one without an image needs none."""

TEXT = files.HEADER + "blacklist nouveau\noptions nouveau modeset=0\n"


@step
def blacklisted(plan: Plan) -> Commands:
    """Blacklist nouveau and rebuild the initramfs of each kernel that has the module at all."""
    state = look()
    if plan.driver is None or not (
        files.differs(state, BLACKLIST, TEXT) or files.differs(state, MARK, _mark())
    ):
        return
    script = kept_off(state, _debian_update(state, plan))
    yield job.complete(job.Job("nouveau", "nouveau blacklist", script))


def kept_off(state: HostState, debian: str = 'update-initramfs -u -k "$kernel"') -> str:
    """Shell that writes the blacklist and makes the initramfs images that have nouveau anew.

    Args:
        state: What the probe saw.
        debian: Shell that makes one anew where dracut does not; knows $kernel.
    """
    dracut = state.package_manager.kind == "dnf"
    image, update = DRACUT if dracut else (DEBIAN_IMAGE, debian)
    return "\n".join(
        [
            files.write_script(BLACKLIST, TEXT),
            images_rebuilt(image, update),
            files.write_script(MARK, _mark()),
        ]
    )


def _mark() -> str:
    return hashlib.sha256(TEXT.encode()).hexdigest() + "\n"


def images_rebuilt(image: str, update: str) -> str:
    """Shell that does ``update`` for each kernel that has nouveau and an image; knows $kernel."""
    return "\n".join(
        [
            "for modules in /lib/modules/*; do",
            "  kernel=${modules##*/}",
            f'  [ -e "{image}" ] || continue',
            "  find \"$modules\" -name 'nouveau.ko*' | grep -q . || continue",
            f"  {update}",
            "done",
        ]
    )


def _debian_update(state: HostState, plan: Plan) -> str:
    # Where the driver's packages come next, they want a new initramfs too: one for both.
    comes = plan.driver is not None and driver_state.missing_packages(state, plan.driver)
    if comes and driver_state.unserved_kernels(state, plan):
        return initramfs.note('"-u -k $kernel"')
    return 'update-initramfs -u -k "$kernel"'
