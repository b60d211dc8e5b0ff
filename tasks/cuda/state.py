"""What of CUDA and cuDNN is on the host. Pure."""

from __future__ import annotations

from facts.model.host import HostState
from facts.model.software import CudaToolkit
from stacks.model.plan import CudaPlan, CudnnPlan
from tasks.packages.installed import lacking


def complete(state: HostState, cuda: CudaPlan) -> bool:
    """Whether the toolkit and its host compiler are there as planned."""
    if lacking(state, (*cuda.packages, *cuda.compiler_packages), cuda.versions):
        return False
    if not cuda.downloads:
        return True
    return any(t.path == cuda.prefix for t in toolkits(state, cuda))


def toolkits(state: HostState, cuda: CudaPlan) -> list[CudaToolkit]:
    """Toolkits of the planned release: a host may say 11.8 or 11.8.0."""
    return [t for t in state.cuda if f"{t.version}.".startswith(f"{cuda.version}.")]


def cudnn_complete(state: HostState, cudnn: CudnnPlan) -> bool:
    """Whether its packages are there as planned; or its folder, and the stable link leads to it.

    The folder gets its name only when it is whole.
    """
    if cudnn.packages:
        return not lacking(state, cudnn.packages, cudnn.versions)
    return state.cudnn_link == cudnn.prefix and any(
        c.path.rstrip("/") == cudnn.prefix
        and c.version is not None
        and cudnn.version.startswith(c.version)
        for c in state.cudnn
    )
