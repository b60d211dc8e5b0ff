"""What a host should be like."""

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class HostSpec:
    """What a host should be like."""

    name: str
    os: str = "debian-12"
    """One of `roots.recipes.names`."""
    gpus: tuple[str, ...] = ()
    """One model of `gpus.yaml` per simulated GPU."""
    offline: bool = False
    """No route out, no mirror; ssh still works."""
    delay_ms: float = 0
    """Added to each ssh round trip, in milliseconds."""
    rate_mbit: float | None = None
    """Limit of the host's link in each direction, in Mbit/s."""
    mirror: bool = True
    """Whether apt and pip in the host go through the download cache."""
    engines: bool = False
    """Whether Docker, containerd and podman can run in a container host; it shows a loaded driver
    once one is installed."""
    own_builds: bool = False
    """Whether a container host compiles each kernel module itself, although one of the same source
    was built before for the same kernel."""
    vm: bool = False
    """A virtual machine with a kernel of its own, instead of a container."""
    memory_mib: int = 1024
    """A virtual machine's memory, in MiB."""
    secure_boot: bool = False
    """A virtual machine with UEFI and Secure Boot, which loads signed code only."""
    disk_of: str | None = None
    """A container host whose disk, as it is now, a new virtual machine gets a copy of."""


def from_record(record: dict[str, Any]) -> HostSpec:
    """Read back what `dataclasses.asdict` made."""
    return HostSpec(**{**record, "gpus": tuple(record["gpus"])})


def differs(old: HostSpec, new: HostSpec) -> str:
    """Say in what two specs of one name differ, and the way out."""
    parts = [
        f"{field.name} is {getattr(old, field.name)!r}, asked for {getattr(new, field.name)!r}"
        for field in dataclasses.fields(HostSpec)
        if getattr(old, field.name) != getattr(new, field.name)
    ]
    return (
        f"There is a host {new.name} already and it differs: {'; '.join(parts)}. Take another "
        f"name, or throw the old one away: `--fresh`, or `python -m sandbox down {new.name}`."
    )
