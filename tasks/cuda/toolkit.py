"""The system CUDA toolkit, with a host compiler that only nvcc is given."""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model import address
from stacks.model.plan import CudaPlan, Plan
from tasks.cuda.state import complete
from tasks.driver import initramfs
from tasks.mirrors import standing
from tasks.packages import manager as packages
from tasks.packages.transaction import Installation, Transaction
from tasks.steps import before, job
from tasks.steps.overlap import overlaps
from tasks.steps.step import Commands, host_state, step, this_host
from tasks.templates import logins, render

ARCHIVES = "/var/cache/gpuwright/cuda-packages"


QUIET_LOADER = """\
told=0
for file in /etc/ld.so.conf.d/*cuda*.conf; do
    grep -qs '^/usr/local/cuda' "$file" || continue
    sed -i 's#^/usr/local/cuda#\\# kept out by gpuwright: &#' "$file"
    told=1
done
[ $told = 0 ] || ldconfig"""
"""NVIDIA's packages show their libraries to every program of the host, so that the newest toolkit
wins there. Those who want this one load its environment file. A package manager leaves the changed
lines alone when it upgrades (they are configuration files)."""


@step
def fetched(plan: Plan) -> Commands:
    """Start fetching the toolkit's packages beside what follows."""
    state = host_state()
    if plan.cuda is None or plan.cuda.downloads or not overlaps(state):
        return
    if complete(state, plan.cuda):
        return
    yield job.start(_fetch(packages.manager_for(state), plan.cuda))


@step
def installed(plan: Plan) -> Commands:
    """Install the toolkit of the plan, from the archive or from NVIDIA's component tarballs."""
    state = host_state()
    if plan.cuda is None or complete(state, plan.cuda):
        return
    manager = packages.manager_for(state)
    if plan.cuda.downloads:
        script, progress = _from_tarballs(manager, plan.cuda), _stage_progress(plan.cuda)
    else:
        script = "\n".join(
            [manager.refresh_if_stale(), _from_archive(state, plan.cuda), QUIET_LOADER]
        )
        progress = manager.progress()
    if job.begun("cuda-fetch"):
        yield job.finish(_fetch(manager, plan.cuda))
    yield job.complete(job.Job("cuda", f"CUDA {plan.cuda.version}", script, progress=progress))


def _stage_progress(cuda: CudaPlan) -> str:
    return f'echo "$(cat doing), $(du -scm downloads {cuda.prefix}.new | tail -n 1 | cut -f1) MiB"'


def _packages(manager: packages.Manager, cuda: CudaPlan) -> list[str]:
    names = [
        manager.named(name, cuda.versions[name]) if name in cuda.versions else name
        for name in cuda.packages
    ]
    return [*names, *cuda.compiler_packages]


def _transaction(cuda: CudaPlan) -> Transaction:
    return Transaction(
        ours=(*cuda.held, *cuda.packages),
        pins=tuple(sorted(cuda.versions.items())),
        prerequisites=cuda.compiler_packages,
    )


def _fetch(manager: packages.Manager, cuda: CudaPlan) -> job.Job:
    script = (
        manager.refresh_if_stale() + "\n" + manager.download(_packages(manager, cuda), ARCHIVES)
    )
    return job.Job("cuda-fetch", f"CUDA {cuda.version}: packages", script, manager.progress())


def _from_archive(state: HostState, cuda: CudaPlan) -> str:
    manager = packages.manager_for(state)
    if not job.begun("dkms") or state.package_manager.kind != "apt":
        return manager.install(
            Installation(
                _packages(manager, cuda), archives=ARCHIVES, transaction=_transaction(cuda)
            )
        )
    return "\n".join(
        [
            initramfs.stand_in(),
            manager.install(
                Installation(
                    _packages(manager, cuda),
                    archives=ARCHIVES,
                    options=initramfs.PUT_OFF,
                    transaction=_transaction(cuda),
                )
            ),
            # One processor, beside the module build that takes longer anyway.
            initramfs.rebuild(),
        ]
    )


def _from_tarballs(manager: packages.Manager, cuda: CudaPlan) -> str:
    needed = [*manager.FETCH_TOOLS, *cuda.compiler_packages]
    return "\n".join(
        [
            manager.refresh_if_stale(),
            manager.install(Installation(needed)),
            *logins.for_fetch(cuda.downloads[0].url),
            render(
                "cuda_redist.sh.j2",
                cuda=cuda,
                noted=before.note_script("paths", cuda.prefix),
                fetch_base=address.bare(cuda.downloads[0].base).rstrip("/"),
                elsewhere=logins.without(standing.ways(this_host()).cuda),
            ),
        ]
    )
