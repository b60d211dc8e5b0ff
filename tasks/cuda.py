"""The system CUDA toolkit, with a host compiler that only nvcc is given."""

from __future__ import annotations

from facts.model import HostState
from stacks.model import CudaPlan, Plan
from tasks import apt, job
from tasks.step import Commands, look, step
from tasks.templates import render


@step
def installed(plan: Plan) -> Commands:
    """Install the toolkit of the plan, from the archive or from NVIDIA's component tarballs."""
    state = look()
    if plan.cuda is None or complete(state, plan.cuda):
        return
    if plan.cuda.downloads:
        script, progress = _from_tarballs(plan.cuda), "cat doing; du -sm stage | cut -f1"
    else:
        packages = [*plan.cuda.packages, *plan.cuda.compiler_packages]
        script, progress = apt.refresh_if_stale() + "\n" + apt.install(packages), apt.progress()
    yield job.complete(job.Job("cuda", f"CUDA {plan.cuda.version}", script, progress=progress))


def complete(state: HostState, cuda: CudaPlan) -> bool:
    """Whether the toolkit and its host compiler are there as planned."""
    have = {name for name, p in state.packages.items() if p.installed}
    if not {*cuda.packages, *cuda.compiler_packages} <= have:
        return False
    if not cuda.downloads:
        return True
    return any(t.path == cuda.prefix and t.version == cuda.version for t in state.cuda)


def _from_tarballs(cuda: CudaPlan) -> str:
    needed = ["curl", "ca-certificates", "xz-utils", *cuda.compiler_packages]
    return "\n".join(
        [
            apt.refresh_if_stale(),
            apt.install(needed),
            render("cuda_redist.sh.j2", cuda=cuda),
        ]
    )
