"""Module source that DKMS really builds, and the hooks by which packages call dkms."""

from collections.abc import Callable

from sandbox.doubles.deb import File
from sandbox.doubles.payloads.payload import FOLDER, Payload, Values


def _module_source(values: Values) -> dict[str, File]:
    """A source tree that DKMS builds into `nvidia.ko` and `nvidia-uvm.ko`, for /usr/src."""
    licence, nvrm = {
        "open": ("Dual MIT/GPL", "NVIDIA UNIX Open Kernel Module for x86_64"),
        "proprietary": ("NVIDIA", "NVIDIA UNIX x86_64 Kernel Module"),
    }[values.flavour]
    folder = f"/usr/src/nvidia-{values.version}"
    head = (
        "// Simulated by gpuwright's sandbox.\n"
        f'#define GW_VERSION "{values.version}"\n'
        f'#define GW_LICENSE "{licence}"\n'
        f'#define GW_NVRM "{nvrm}"\n'
    )
    conf = [
        "# Simulated by gpuwright's sandbox.",
        'PACKAGE_NAME="nvidia"',
        f'PACKAGE_VERSION="{values.version}"',
        'AUTOINSTALL="yes"',
        'MAKE[0]="make -C ${kernel_source_dir} M=${dkms_tree}/nvidia/${PACKAGE_VERSION}/build '
        'modules"',
    ]
    for i, module in enumerate(("nvidia", "nvidia-uvm")):
        conf += [
            f'BUILT_MODULE_NAME[{i}]="{module}"',
            f'DEST_MODULE_LOCATION[{i}]="/kernel/drivers/char/drm"',
        ]
    return {
        f"{folder}/dkms.conf": File("\n".join(conf) + "\n"),
        f"{folder}/Kbuild": File("obj-m := nvidia.o nvidia-uvm.o\n"),
        f"{folder}/Makefile": File(
            "modules:\n\t$(MAKE) -C /lib/modules/$(KERNELRELEASE)/build M=$(CURDIR) modules\n"
        ),
        **{
            f"{folder}/{name}": File(head + (FOLDER / name).read_text())
            for name in ("nvidia.c", "nvidia-uvm.c")
        },
    }


def _kernel_source(values: Values) -> Payload:
    return Payload(_module_source(values))


def _dkms(values: Values) -> Payload:
    """The hooks by which NVIDIA's and Ubuntu's packages call dkms."""
    postinst = (
        "#!/bin/sh\n# Simulated by gpuwright's sandbox.\nset -e\n"
        'case "$1" in configure)\n'
        f"    /usr/lib/dkms/common.postinst nvidia {values.version} /usr/share/nvidia '' $2 ;;\n"
        "esac\n"
    )
    prerm = (
        "#!/bin/sh\n# Simulated by gpuwright's sandbox.\nset -e\n"
        'case "$1" in remove|upgrade|deconfigure)\n'
        f'    if [ "$(dkms status -m nvidia -v {values.version})" ]; then\n'
        f"        dkms remove -m nvidia -v {values.version} --all; fi ;;\n"
        "esac\n"
    )
    return Payload(scripts={"postinst": postinst, "prerm": prerm})


def _dkms_with_source(values: Values) -> Payload:
    """Debian's kind: one package with the source and the hooks."""
    return Payload(_module_source(values), _dkms(values).scripts)


KINDS: dict[str, Callable[[Values], Payload]] = {
    "kernel-source": _kernel_source,
    "dkms": _dkms,
    "dkms-with-source": _dkms_with_source,
}
