"""What the doctor looks at, and what a rule says. Pure values."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from facts.evidence_model import Evidence
from facts.model.driver import ModuleFile
from facts.model.host import HostState
from facts.model.packages import Package
from facts.runtime import CudaAnswer
from stacks.model.plan import Plan
from tasks.driver import state as driver_state
from tasks.driver.main_modules import main_modules
from tasks.driver.state import library_version
from tasks.faults.catalog import Breaks
from tasks.finding import Level


@dataclass(frozen=True)
class Case:
    """One host, as it was seen."""

    state: HostState
    evidence: Evidence = field(default_factory=Evidence)
    plan: Plan | None = None
    """The host's plan, where its data or its record names a stack."""
    cuda: CudaAnswer | None = None
    """The CUDA call's answer; None: none was made."""
    expected_gpus: int = 0
    rollback: int = 0

    @property
    def container(self) -> bool:
        """A container has its host's kernel: modules, kernel log and PCI bus are not its own."""
        return bool(self.state.system.container)

    @property
    def kernel(self) -> str | None:
        """The kernel that matters first: the running one; of a container, the one in its /boot."""
        return self.state.kernels.next_boot if self.container else self.state.kernels.running

    @property
    def loaded(self) -> str:
        """Version of the loaded module; an empty string where none is, or none of ours."""
        return "" if self.container else self.state.driver.loaded or ""

    @functools.cached_property
    def user(self) -> str | None:
        """Version of the driver's libraries."""
        return library_version(self.state)

    @functools.cached_property
    def driver_packages(self) -> tuple[Package, ...]:
        """Packages of a driver that are installed in some way."""
        return driver_state.packages(self.state)

    @property
    def has_driver(self) -> bool:
        """Whether any part of a driver is here."""
        return driver_state.is_present(self.state)

    @property
    def dkms(self) -> dict[str, str]:
        """``module`` and ``version`` that DKMS knows the driver by, for commands."""
        known = [b for b in self.state.dkms or () if b.module.startswith("nvidia")]
        mine = [b for b in known if b.version == self.user] or known
        if not mine:
            return {"module": "nvidia", "version": self.user or "VERSION"}
        return {"module": mine[-1].module, "version": mine[-1].version}

    def exact(self, name: str, version: str | None = None) -> str:
        """A package as the package manager installs it in the version that is here.

        Args:
            name: The package.
            version: The driver's version that it must be of where it is not here.
        """
        package = self.state.packages.get(name)
        sign = "-" if self.state.package_manager.kind == "dnf" else "="
        if package and package.status[1:2] not in ("n", "c"):
            return f"{name}{sign}{package.version}"
        return f"{name}{sign}{version}-*" if version else name

    def modules(self, kernel: str | None) -> tuple[ModuleFile, ...]:
        """The files of the module ``nvidia`` itself for this kernel."""
        return main_modules(self.state, kernel)

    def subjects(self) -> list[str]:
        """Kernels to judge: running and next first, then the others that can boot."""
        first = [] if self.container else [self.state.kernels.running]
        if self.state.kernels.next_boot:
            first.append(self.state.kernels.next_boot)
        rest = [k.release for k in self.state.kernels.installed if k.bootable]
        return list(dict.fromkeys((*first, *rest)))

    def matters(self, kernel: str) -> bool:
        """Whether this kernel runs or boots next."""
        return kernel in (self.kernel, self.state.kernels.next_boot)


@dataclass(frozen=True)
class Fault:
    """What a rule found: the code's row in ``faults.yaml`` says the rest."""

    code: str
    level: Level
    what: str
    observed: str
    kernels: tuple[str, ...] = ()
    """Kernels that it concerns; empty: the whole host."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What is in the command's braces."""
    cause: str | None = None
    """In place of the row's, where this case is a special one."""
    breaks: tuple[Breaks, ...] | None = None
    """In place of the row's."""
    key: str | None = None
    """Which of the row's commands; None: the package manager's, else ``any``."""
