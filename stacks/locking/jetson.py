"""Hash locks for Jetsons: the ordinary aarch64 lock, or one of the index for this JetPack."""

from __future__ import annotations

from dataclasses import dataclass

from stacks.catalog.hardware import JetsonLine, JetsonTorch
from stacks.catalog.read import Catalog
from stacks.locking import torch as lock
from stacks.model.requests import Stack
from stacks.model.versions import minor
from stacks.rules import torch_files
from stacks.rules.jetson_torch import lock_of


@dataclass(frozen=True)
class Target:
    """The lock that one JetPack needs."""

    line: JetsonLine
    row: JetsonTorch

    @property
    def name(self) -> str:
        """File name below ``stacks/locks/``."""
        return lock_of(self.row, self.line)

    @property
    def ordinary(self) -> lock.Target:
        """The same as a lock for any aarch64 host: of a build on PyTorch's own index."""
        return lock.Target(self.row.version, self.row.variant, self.line.python, "aarch64")


def target(l4t: str, stack: Stack, catalog: Catalog) -> Target:
    """The lock of a Jetson Linux release. Raises `lock.TargetError` where there is none to make."""
    line = catalog.jetson.lines.get(l4t.split(".")[0])
    if line is None or line.torch is None:
        known = ", ".join(major for major, row in catalog.jetson.lines.items() if row.torch)
        raise lock.TargetError(f"No PyTorch is known for Jetson Linux {l4t}. Known: L4T {known}.")
    if stack.torch is None or stack.torch.version != line.torch.version:
        raise lock.TargetError(
            f"The stack {stack.name} does not ask for torch {line.torch.version}, which is the one "
            f"for Jetson Linux {l4t}. Take jetson-torch-2.9."
        )
    return Target(line, line.torch)


def make(wanted: Target, stack: Stack, catalog: Catalog, index: str | None = None) -> str:
    """The text of the lock, resolved now. Raises `lock.LockError` with uv's own words.

    A build of an index for Jetsons is pinned by the catalogue's digest of its one wheel; only what
    it requires is resolved.
    """
    row = wanted.row
    if not row.index:
        return lock.make(wanted.ordinary, stack, catalog, index)
    release = catalog.pytorch.releases[minor(row.version)]
    extras = {**catalog.pytorch.always.rows, **release.extras}
    asked = [*row.requires, *(f"{name}{specifier}" for name, specifier in extras.items())]
    head = lock.header(wanted.ordinary, row.source, "secondary", f"jetson-{row.variant}")
    rest = lock.compile_for(wanted.ordinary, asked)
    file = torch_files.wheel("torch", row.version, wanted.line.python, "linux_aarch64")
    return head + rest + lock.one_wheel(file, row.sha256)
