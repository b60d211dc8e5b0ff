"""cuDNN 8 beside the toolkit, in a folder of its own: nothing global finds it by accident."""

from __future__ import annotations

from facts.model import HostState
from stacks.model import CudnnPlan, Plan
from tasks import job, packages, uv
from tasks.layout import CUDNN
from tasks.step import Commands, look, step
from tasks.templates import render


@step
def installed(plan: Plan) -> Commands:
    """Lay out cuDNN from its wheel or from NVIDIA's tarball, and point the stable link to it."""
    state = look()
    if plan.cudnn is None or complete(state, plan.cudnn):
        return
    title = f"cuDNN {plan.cudnn.version}"
    progress = f'echo "$(cat doing), $(du -sm {plan.cudnn.prefix}.new | cut -f1) MiB"'
    yield job.complete(job.Job("cudnn", title, _script(state, plan, plan.cudnn), progress=progress))


def complete(state: HostState, cudnn: CudnnPlan) -> bool:
    """Whether this version's folder is there and the stable link leads to it.

    The folder gets its name only when it is whole.
    """
    return state.cudnn_link == cudnn.prefix and any(
        c.path.rstrip("/") == cudnn.prefix
        and c.version is not None
        and cudnn.version.startswith(c.version)
        for c in state.cudnn
    )


def _script(state: HostState, plan: Plan, cudnn: CudnnPlan) -> str:
    if cudnn.download is not None:
        manager = packages.of(state)
        return "\n".join(
            [
                manager.refresh_if_stale(),
                manager.install(manager.FETCH_TOOLS),
                render("cudnn_tarball.sh.j2", cudnn=cudnn, link=CUDNN),
            ]
        )
    return render(
        "cudnn_wheel.sh.j2",
        cudnn=cudnn,
        link=CUDNN,
        uv=uv.remote_path(state.system.arch),
        uv_environment=uv.environment(state, plan),
        python=interpreter(plan),
        major=cudnn.version.split(".")[0],
        release=".".join(cudnn.version.split(".")[:3]),
        cuda_major=plan.cuda.version.split(".")[0] if plan.cuda else "11",
    )


def interpreter(plan: Plan) -> str:
    """The Python that uv reads platform tags from."""
    return f"/usr/bin/python{plan.torch.python}" if plan.torch else "/usr/bin/python3"
