"""Throwaway hosts: bring one up, talk to it, cut its power, boot it again, throw it away."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox import pcibus
from sandbox.checkout import HOSTS, SandboxError, check_name, lock
from sandbox.lifecycle import kinds, power, records
from sandbox.lifecycle.access import HostAccess
from sandbox.local import prepare
from sandbox.mirror.faults import Faults, set_faults
from sandbox.roots import recipes
from sandbox.spec import HostSpec, differs, from_record

__all__ = ["HostSpec", "SandboxHost", "all_hosts", "down", "get", "up"]


@dataclass(frozen=True)
class SandboxHost(HostAccess):
    """A host that was brought up, how to reach it, and what can be done to it from outside."""

    @contextlib.contextmanager
    def faults(self, faults: Faults) -> Iterator[None]:
        """Let the download cache misbehave towards this host inside a `with` block."""
        set_faults(self.ip, faults)
        try:
            yield
        finally:
            set_faults(self.ip, None)

    def kill(self) -> None:
        """Cut the power. What the host wrote stays on its disk."""
        with lock(f"host-{self.name}"):
            power.stop(self.name)

    def boot(self) -> "SandboxHost":
        """Boot the same disk again (nothing happens if the host runs)."""
        return up(self.spec)

    def snapshot(self, state: str = "saved") -> None:
        """Save a running virtual machine, memory and disk, in about a second.

        Raises:
            SandboxError: if it is none, does not run, or has such a state already.

        """
        with lock(f"host-{self.name}"):
            kinds.snapshot(self.spec, HOSTS / self.name, state)

    def restore(self, state: str = "saved") -> "SandboxHost":
        """Put a virtual machine, running or not, back into a saved state; its clock is set again.

        Raises:
            SandboxError: if it is none, or was never in this state.

        """
        with lock(f"host-{self.name}"):
            kinds.check_state(self.spec, HOSTS / self.name, state)
            host = SandboxHost.of(power.boot(self.spec, state))
            host.run(f"date --utc --set=@{time.time():.3f}")
            return host

    def down(self) -> None:
        """Stop the host and remove all of it."""
        down(self.name)


def up(spec: HostSpec, fresh: bool = False) -> SandboxHost:
    """Bring up the host that `spec` describes and give it when ssh works.

    A running host with the same spec is given back as it is, a stopped one is booted with its
    disk; `fresh` throws the old one away first.

    Raises:
        SandboxError: if a host of this name with another spec exists, or something fails.

    """
    check_name(spec.name)
    pcibus.parse_gpus(spec.gpus)
    recipes.check_name(spec.os)
    kinds.check(spec)
    prepare.check()
    with lock(f"host-{spec.name}"):
        old = records.read(spec.name)
        if old and fresh:
            power.remove(spec.name)
        elif old and from_record(old["spec"]) != spec:
            raise SandboxError(differs(from_record(old["spec"]), spec))
        elif old and HostAccess.of(old).running():
            return SandboxHost.of(power.keep_mirror(old))
        return SandboxHost.of(power.boot(spec))


def get(name: str) -> SandboxHost:
    """The host called `name`.

    Raises:
        SandboxError: if this checkout has none.

    """
    return SandboxHost.of(records.get(name))


def all_hosts() -> list[SandboxHost]:
    """Every host of this checkout, running or not."""
    return [SandboxHost.of(record) for record in records.found()]


def down(name: str) -> None:
    """Stop the host called `name` and remove all of it; nothing happens if there is none."""
    check_name(name)
    with lock(f"host-{name}"):
        power.remove(name)
