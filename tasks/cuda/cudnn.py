"""cuDNN 8 beside the toolkit, in a folder of its own: nothing global finds it by accident."""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model import address
from stacks.model.plan import CudnnPlan, Plan
from tasks.cuda import state as cuda_state
from tasks.layout import CUDNN
from tasks.mirrors import standing
from tasks.packages import manager as packages
from tasks.packages.transaction import Installation, Transaction
from tasks.python import uv
from tasks.steps import job
from tasks.steps.step import Commands, host_state, step, this_host
from tasks.templates import logins, render


@step
def installed(plan: Plan) -> Commands:
    """Install cuDNN's packages, or lay it out from its wheel or tarball behind the stable link."""
    state = host_state()
    if plan.cudnn is None or cuda_state.cudnn_complete(state, plan.cudnn):
        return
    title = f"cuDNN {plan.cudnn.version}"
    progress = f'echo "$(cat doing), $(du -sm {plan.cudnn.prefix}.new | cut -f1) MiB"'
    if plan.cudnn.packages:
        progress = packages.manager_for(state).progress()
    yield job.complete(job.Job("cudnn", title, _script(state, plan, plan.cudnn), progress=progress))


def _script(state: HostState, plan: Plan, cudnn: CudnnPlan) -> str:
    if cudnn.packages:
        manager = packages.manager_for(state)
        names = [manager.named(p, cudnn.versions[p]) for p in cudnn.packages]
        pins = tuple(sorted(cudnn.versions.items()))
        transaction = Transaction(ours=(*cudnn.held, *cudnn.packages), pins=pins)
        return (
            manager.refresh_if_stale()
            + "\n"
            + manager.install(Installation(names, transaction=transaction))
        )
    if cudnn.download is not None:
        manager = packages.manager_for(state)
        return "\n".join(
            [
                manager.refresh_if_stale(),
                manager.install(Installation(manager.FETCH_TOOLS)),
                *logins.for_fetch(cudnn.download.url),
                render(
                    "cudnn_tarball.sh.j2",
                    cudnn=cudnn,
                    link=CUDNN,
                    fetch_base=address.bare(cudnn.download.base).rstrip("/"),
                    elsewhere=logins.without(standing.ways(this_host()).cudnn),
                ),
            ]
        )
    return render(
        "cudnn_wheel.sh.j2",
        cudnn=cudnn,
        link=CUDNN,
        uv=uv.remote_path(state.system.arch),
        uv_environment=uv.whole(state)
        + uv.environment(state, plan, standing.ways(this_host()).indexes),
        ways=standing.ways(this_host()).indexes,
        python=interpreter(plan),
        no_index=" ${GPUWRIGHT_NO_INDEX:-}",
        major=cudnn.version.split(".")[0],
        release=".".join(cudnn.version.split(".")[:3]),
        cuda_major=plan.cuda.version.split(".")[0] if plan.cuda else "11",
    )


def interpreter(plan: Plan) -> str:
    """The Python that uv reads platform tags from."""
    return f"/usr/bin/python{plan.torch.python}" if plan.torch else "/usr/bin/python3"
