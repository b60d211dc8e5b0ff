"""From what is (facts) to what the resolver asks about a host. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from facts.model.host import HostState
from facts.model.outlook import Outlook
from stacks.model.host import Gpu, HostProfile, InstalledDriver, InstalledEngine
from stacks.model.kernels import KernelOffers
from tasks.driver import package_set, signing_state
from tasks.packages.installed import upstream
from tasks.steps.record import HostRecord, read


def profile_of(
    state: HostState,
    expected: tuple[Gpu, ...] = (),
    mirrors: Mapping[str, Any] | None = None,
    fingerprints: Mapping[str, tuple[str, ...]] | None = None,
    available: Mapping[str, tuple[str, ...]] | None = None,
    outlook: Outlook | None = None,
) -> HostProfile:
    """The host as the resolver needs to know it.

    Args:
        state: What the probe saw.
        expected: GPUs that host data announces for a host that has none yet.
        mirrors: Addresses by kind (``pypi``, ``pytorch``, ``redist``, ``nvidia``), from host data.
        fingerprints: Keys that host data trusts for a repository, by kind.
        available: Package to versions that the planned repositories offer, once they were asked.
        outlook: What the package manager says of the kernels' headers, once it was asked.
    """
    system = state.system
    minors = sorted({".".join(p.version.split(".")[:2]) for p in state.pythons})
    return HostProfile(
        os=system.os,
        like=system.like,
        codename=system.base_codename or system.codename,
        arch=system.arch,
        gpus=tuple(Gpu(None, pci_id=d.device, address=d.address) for d in state.gpus),
        capabilities=state.driver.capabilities,
        expected_gpus=expected,
        kernel_running=state.kernels.running,
        kernel_next_boot=state.kernels.next_boot,
        kernels=tuple(k.release for k in state.kernels.installed if k.bootable),
        kernel_headers=tuple(k.release for k in state.kernels.installed if k.headers),
        kernel_options={
            k.release: k.options for k in state.kernels.installed if k.options is not None
        },
        kernel_offers=_kernel_offers(state, outlook),
        kernel_newest_boots=state.kernels.menu is None or state.kernels.menu.default == "0",
        secure_boot=state.secure_boot,
        signed_only="" if system.container else state.signed_only,
        key_enrolled=signing_state.will_be_taken(state),
        glibc=system.glibc,
        pythons=tuple(minors) or None,
        # A Jetson whose release cannot be told is refused as unknown, not taken for a server.
        jetson_l4t=(state.jetson.l4t or "") if state.jetson else None,
        jetson_soc=state.jetson.soc if state.jetson else None,
        security_pocket=_security_pocket(state),
        driver=driver_of(state),
        docker=docker_of(state),
        toolkit=toolkit_of(state),
        nvswitch=any(d.is_nvswitch for d in state.pci),
        indexes={k: str(v) for k, v in (mirrors or {}).items()},
        fingerprints=fingerprints or {},
        available=_available(state, available),
    )


def _available(
    state: HostState, offered: Mapping[str, tuple[str, ...]] | None
) -> dict[str, tuple[str, ...]] | None:
    """What is offered, and what is installed already: that need not be fetched again."""
    if offered is None:
        return None
    there = {name: p.version for name, p in state.packages.items() if p.installed}
    return {
        name: (*versions, *({there[name]} - {*versions} if name in there else ()))
        for name, versions in offered.items()
    }


def _kernel_offers(state: HostState, outlook: Outlook | None) -> KernelOffers | None:
    """What the sources have; None where they were not asked, or could not be read now.

    Where one of several was dead, that which has the kernel's metapackage must have answered.
    """
    if outlook is None or outlook.headers is None or (outlook.unread and not outlook.newest):
        return None
    return KernelOffers(
        headers=tuple(k for k, offered in outlook.headers.items() if offered),
        gone=tuple(k for k, offered in outlook.headers.items() if not offered),
        newest=outlook.newest,
    )


def _security_pocket(state: HostState) -> bool | None:
    sources = state.package_manager.sources
    if not sources:
        return None
    return any("security" in suite for s in sources for suite in s.suites)


def driver_of(state: HostState) -> InstalledDriver | None:
    """The driver that is there; in the middle of a move, the one that goes."""
    for path in state.managed_files:
        if path.startswith(package_set.MOVING):
            branch, _, origin = path.removeprefix(package_set.MOVING).partition("-from-")
            return InstalledDriver(branch, origin)
    versions = [m.version for m in state.driver.modules if m.version]
    versions += [lib.version for lib in state.driver.libraries if lib.version]
    versions += [state.driver.loaded] if state.driver.loaded else []
    if not versions:
        return None
    flavour = state.driver.loaded_flavour
    return InstalledDriver(
        versions[0],
        "runfile" if state.driver.runfile else _origin(state, {*versions}),
        flavour if flavour in ("open", "proprietary") else None,  # type: ignore[arg-type]
    )


def docker_of(state: HostState) -> InstalledEngine | None:
    """The Docker that is there as a package; another kind is looked for where it matters."""
    for name, origin in (("docker-ce", "docker"), ("docker.io", "distribution")):
        package = state.packages.get(name)
        if package and package.installed:
            return InstalledEngine(upstream(package.version).split("~")[0], origin)
    return None


def toolkit_of(state: HostState) -> str | None:
    """The release of the container toolkit that is there; a release candidate is none."""
    package = state.packages.get("nvidia-container-toolkit-base")
    there = package is not None and package.installed and "~" not in package.version
    return upstream(package.version) if package and there else None


def _origin(state: HostState, versions: set[str]) -> str:
    """The archive of the driver's packages; ``unknown`` where they are of several or of none.

    An archive that has dropped its version no longer tells: then our record does, if it is of the
    same one.
    """
    owners = {
        (p.origin or "").lower()
        for p in state.packages.values()
        if p.installed
        and upstream(p.version) in versions
        and p.name.startswith(("nvidia-", "libnvidia-", "libcuda", "kmod-nvidia"))
    } - {""}
    if not owners:
        seen = read(HostRecord, state.record).versions
        if seen and seen.driver in versions:
            owners = {str(seen.driver_origin or "unknown")}
    return owners.pop() if len(owners) == 1 else "unknown"
