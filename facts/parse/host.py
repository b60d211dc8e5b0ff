"""Put the sections together into one `HostState`."""

from __future__ import annotations

from collections.abc import Iterable

from facts.model.host import HostState
from facts.parse import (
    apt,
    driver,
    interpreters,
    kernels,
    machine,
    managed,
    packages,
    pci,
    sections,
    signing,
    surroundings,
    system,
    toolkits,
)


def parse_host(output: Iterable[str]) -> HostState:
    """Everything that the probe saw.

    Raises `ProbeError` where the output is cut off or is not the probe's. What the host could not
    tell is in ``unread`` with the reason.
    """
    text = sections.split(output)
    unread = dict(text.unread)
    listed = packages.packages(text["packages"])
    cudnn, nccl = toolkits.cudnn_nccl(text["cudnn_nccl"])
    return HostState(
        login=system.login(text["login"]),
        system=system.system(text["system"], unread),
        pci=pci.pci(text["pci"]),
        kernels=kernels.kernels(text["kernels"], unread),
        driver=driver.driver(text["driver"], text["libraries"], text["modprobe_d"]),
        dkms=driver.dkms(text["dkms"]),
        packages=listed,
        package_manager=apt.package_manager(
            text["packages"], text["sources"], text["locks"], listed, unread
        ),
        secure_boot=signing.secure_boot(text["secure_boot"], unread),
        nouveau=driver.nouveau(text["driver"], text["modprobe_d"]),
        cuda=toolkits.cuda(text["toolkits"]),
        cudnn=cudnn,
        nccl=nccl,
        compilers=interpreters.compilers(text["compilers"]),
        pythons=interpreters.pythons(text["pythons"]),
        venvs=interpreters.venvs(text["venvs"]),
        current_venv=text["venvs"].first("current"),
        cudnn_link=text["venvs"].first("cudnn_link"),
        mounts=machine.mounts(text["disks"], unread),
        units=machine.units(text["units"]),
        jobs=machine.jobs(text["units"], text["jobs"]),
        jetson=machine.jetson(text["jetson"], listed, unread),
        managed_files=managed.managed_files(text["managed"]),
        record=managed.record(text["record"], unread),
        pip_index=interpreters.pip_index(text["pip"], unread),
        unread=unread,
        settings=managed.settings(text["settings"]),
        others=surroundings.host_settings(text["settings"], text["pip"]),
        unwritable=tuple(p for p in text["disks"].part("unwritable") if p.startswith("/")),
        modes=machine.modes(text["disks"]),
        shared=machine.shared(text["disks"]),
        signed_only=signing.signed_only(text["secure_boot"]),
        modules_locked=signing.modules_locked(text["secure_boot"]),
        shim=bool(text["secure_boot"].part("shim_lists")),
        signing_keys=signing.keys(text["secure_boot"]),
    )
