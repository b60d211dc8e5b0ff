"""A host as it was before anybody installed something of NVIDIA's on it. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

from facts.model.driver import Driver
from facts.model.host import HostState

_TAKEN = re.compile(
    r"nvidia|^libcuda|^cuda-|^cuda$|^libcu|^libnccl|^libnv|^libnpp|^nsight|^kmod-nvidia"
    r"|^docker|^containerd|^podman|^moby|^runc$|torch"
)


def is_taken(package: str) -> bool:
    """Whether a package is one that a plan brings, or stands for what it brings."""
    return _TAKEN.search(package) is not None


def bare(state: HostState) -> HostState:
    """The same machine with its distribution alone: GPUs, kernels and package sources stay.

    So does what is set for the package manager. Keys that modules are signed with go: another
    machine makes its own.
    """
    packages = {name: p for name, p in state.packages.items() if not is_taken(name)}
    manager = replace(
        state.package_manager,
        holds=tuple(name for name in state.package_manager.holds if name in packages),
        half_configured=(),
        broken="",
        streams={},
    )
    return replace(
        state,
        driver=Driver("", None, (), (), (), None),
        dkms=(),
        packages=packages,
        package_manager=manager,
        nouveau=replace(state.nouveau, blacklisted_in=()),
        cuda=(),
        cudnn=(),
        nccl=(),
        # Those of /usr/local were built by somebody.
        pythons=tuple(one for one in state.pythons if one.path.startswith("/usr/bin/")),
        venvs=(),
        current_venv=None,
        cudnn_link=None,
        managed_files={},
        record=None,
        settings=(),
        signing_keys=(),
    )
