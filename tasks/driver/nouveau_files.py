"""The blacklist of the free driver, and shell that makes images without it. Pure."""

from __future__ import annotations

import hashlib

from facts.model.host import HostState
from tasks.steps import files

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


def kept_off(state: HostState, debian: str = 'update-initramfs -u -k "$kernel"') -> str:
    """Shell that writes the blacklist and rebuilds the initramfs images that have nouveau.

    Args:
        state: What the probe saw.
        debian: Shell that rebuilds one where dracut does not; knows $kernel.
    """
    dracut = state.package_manager.kind == "dnf"
    image, update = DRACUT if dracut else (DEBIAN_IMAGE, debian)
    return "\n".join(
        [
            files.write_script(BLACKLIST, TEXT),
            images_rebuilt(image, update),
            files.write_script(MARK, mark()),
        ]
    )


def mark() -> str:
    """What the mark says: the digest of the blacklist."""
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
