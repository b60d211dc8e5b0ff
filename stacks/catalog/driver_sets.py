"""Schema of ``driver_sets.yaml``: how one origin names the packages of a driver, and their order.

Names and versions are templates: ``{branch}`` is ``580``, ``{version}`` is ``580.178.04``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from stacks.catalog.distributions import Distribution, DriverOffer
from stacks.catalog.provenance import Group
from stacks.model.requests import Flavour, Origin


@dataclass(frozen=True, kw_only=True)
class DriverSet(Group):
    """The compute-only, headless set of one origin for a range of branches."""

    origin: Origin
    modules: Mapping[Flavour, tuple[str, ...]]
    """Packages that bring the kernel module, by flavour; a flavour that is not here is not made."""
    packages: tuple[str, ...]
    """All others, each named although it is a dependency: NVIDIA's packages ask for their like
    with "at least", and the newest would come."""
    held: tuple[str, ...]
    exact: str = ""
    """Pattern of every package's version: ``{version}-*``. Empty: what the archive has."""
    pinning: tuple[str, ...] = ()
    stream: Mapping[Flavour, str] = field(default_factory=dict)
    kind: Literal["dkms", "precompiled"] = "dkms"
    kernel_modules: Mapping[Flavour, str] = field(default_factory=dict)
    """Metapackage of signed modules per flavour, where ``{kernel}`` is the kernel's: ``aws``."""
    fabric_manager: str = ""
    components: tuple[str, ...] = ()
    disk_mb: int = 900


@dataclass(frozen=True)
class DriverSets:
    """``catalog/driver_sets.yaml``."""

    sets: Mapping[str, DriverSet]


def filled(offer: DriverOffer, sets: Mapping[str, DriverSet], version: str = "") -> DriverOffer:
    """``offer`` with the names and patterns of its set, for its own version or another one."""
    made = sets.get(offer.set)
    if made is None:
        return offer
    # The kernels are the host's: their place stays open.
    words = {"branch": offer.branch, "version": version or offer.version, "kernel": "{kernel}"}

    def say(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(text.format(**words) for text in texts)

    packages = say((*made.modules[offer.flavour], *made.packages))
    exact = made.exact.format(**words)
    fabric = made.fabric_manager.format(**words)
    every = (*packages, fabric) if fabric else packages
    return replace(
        offer,
        version=words["version"],
        origin=made.origin,
        packages=packages,
        held=say(made.held),
        versions=MappingProxyType(dict.fromkeys(every, exact) if exact else {}),
        pinning=say(made.pinning),
        stream=made.stream.get(offer.flavour, "").format(**words),
        modules=made.kind,
        kernel_modules=made.kernel_modules.get(offer.flavour, "").format(**words),
        fabric_manager=fabric,
        components=made.components,
        disk_mb=offer.disk_mb or made.disk_mb,
        source=offer.source or made.source,
        confidence=offer.confidence or made.confidence,
    )


def completed(
    distributions: Mapping[str, Distribution], sets: Mapping[str, DriverSet]
) -> Mapping[str, Distribution]:
    """The distributions, each offer filled from its set."""
    return MappingProxyType(
        {
            name: replace(dist, drivers=tuple(filled(offer, sets) for offer in dist.drivers))
            for name, dist in distributions.items()
        }
    )
