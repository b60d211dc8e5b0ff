"""The parts of a plan, and how much of each is on a host. Pure: state and plan in, values out.

What is still missing, what a run will bring, where it needs room, what is wrong with it, and what
the report shows of it: all of one part is in one place, so that a new part is one more entry.
Containers have their own, in ``tasks/containers/engine_state.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from facts.model.host import HostState
from stacks.model.plan import CudaPlan, CudnnPlan, DriverPlan, JetsonPlan, Plan, TorchPlan
from tasks.cuda import findings as cuda_findings
from tasks.cuda import state as cuda_state
from tasks.driver import findings as driver_findings
from tasks.driver import package_set
from tasks.driver import room as driver_room
from tasks.driver import state as driver_state
from tasks.finding import Finding
from tasks.holds.findings import held
from tasks.jetson import state as jetson_state
from tasks.jetson.findings import jetpack
from tasks.python import state as python_state
from tasks.python.findings import environment


class Room(NamedTuple):
    """Room that a part still takes."""

    path: str
    """Below which it is written."""
    mb: int
    """MiB."""
    what: str
    from_wheels: bool = False
    """Whether uv's cache gets a copy of it."""


@dataclass(frozen=True)
class Part:
    """One part of a plan on one host."""

    name: str
    asks_repository: bool = False
    """Whether something of it is still to come out of a package repository."""
    to_come: tuple[str, ...] = ()
    """What a run will bring, one sentence each."""
    room: tuple[Room, ...] = ()
    findings: tuple[Finding, ...] = ()
    """In what it is not as planned."""
    seen: Mapping[str, str] = field(default_factory=dict)
    """Column of the report to what is there."""


def parts(state: HostState, plan: Plan, rollback: int = 0) -> Iterator[Part]:
    """All parts that the plan has, in the order in which a run brings them.

    Args:
        state: What the probe saw.
        plan: What should be.
        rollback: How many environments the host was sent back.
    """
    if plan.driver:
        yield _driver(state, plan, plan.driver)
    yield _holds(state, plan)
    if plan.jetson:
        yield _jetpack(state, plan.jetson)
    if plan.cuda:
        yield _cuda(state, plan, plan.cuda)
    if plan.cudnn:
        yield _cudnn(state, plan, plan.cudnn)
    if plan.torch:
        yield _torch(state, plan, plan.torch, rollback)


def _driver(state: HostState, plan: Plan, driver: DriverPlan) -> Part:
    missing = driver_state.missing_packages(state, driver)
    unserved = driver_state.unserved_kernels(state, plan)
    to_come = []
    if missing:
        what = f"{driver.version} ({driver.flavour}, from {driver.origin})"
        to_come.append(f"will install driver {what}")
    comes = driver.kernels.comes
    if comes and comes not in driver_state.bootable(state):
        brings = ", ".join(driver.kernels.packages)
        to_come.append(
            f"will install kernel {comes} ({brings}); it boots next, and the GPU is there after a "
            "reboot"
        )
    if unserved:
        to_come.append(f"will build a module for {', '.join(unserved)}")
    # Headers and another version take little that the old files do not give back.
    takes_room = not package_set.is_installed(state, driver)
    return Part(
        "driver",
        asks_repository=bool(missing),
        to_come=tuple(to_come),
        room=(
            *(
                (
                    Room("/usr", driver.disk_mb, "driver"),
                    Room("/var", driver.disk_mb // 3, "its packages"),
                )
                if takes_room
                else ()
            ),
            *(Room(path, mb, what) for path, mb, what in driver_room.needed(state, plan, driver)),
        ),
        findings=(
            *driver_findings.installed(state, plan),
            *driver_findings.fabric(state, plan),
            *driver_findings.modules(state, plan),
            *driver_findings.left(state, plan),
            *driver_findings.free_driver(state, plan),
        ),
    )


def _holds(state: HostState, plan: Plan) -> Part:
    return Part("holds", findings=tuple(held(state, plan)))


def _jetpack(state: HostState, jetson: JetsonPlan) -> Part:
    seen = {}
    if state.jetson:
        mode = f"\n{state.jetson.power_mode}" if state.jetson.power_mode else ""
        seen = {
            "driver": f"Jetson Linux {jetson.l4t}{mode}",
            "next boot": f"JetPack {jetson.jetpack}",
            "CUDA": ", ".join(t.version or "?" for t in state.cuda) or "none",
            "cuDNN": ", ".join(c.version or "?" for c in state.cudnn) or "none",
        }
    return Part("JetPack", seen=seen)


def _cuda(state: HostState, plan: Plan, cuda: CudaPlan) -> Part:
    complete = cuda_state.complete(state, cuda)
    compiler = f", nvcc with {cuda.host_compiler}" if cuda.host_compiler else ""
    downloads = sum(file.size or 0 for file in cuda.downloads) // 2**20
    toolkit = next(iter(cuda_state.toolkits(state, cuda)), None)
    release = toolkit and (toolkit.nvcc_release or toolkit.version)
    return Part(
        "CUDA",
        asks_repository=not complete,
        to_come=_unless(complete, f"will install CUDA {cuda.version} from {cuda.origin}{compiler}"),
        room=()
        if complete
        else (
            Room("/usr", cuda.disk_mb, "CUDA"),
            Room("/var", downloads or cuda.disk_mb // 3, "its packages"),
        ),
        findings=tuple(cuda_findings.toolkit(state, plan)),
        seen={"CUDA": str(release or "none")},
    )


def _cudnn(state: HostState, plan: Plan, cudnn: CudnnPlan) -> Part:
    complete = cuda_state.cudnn_complete(state, cudnn)
    there = [c.version for c in state.cudnn if c.path.startswith(cudnn.prefix)]
    return Part(
        "cuDNN",
        asks_repository=not complete,
        to_come=_unless(complete, f"will install cuDNN {cudnn.version} from {cudnn.origin}"),
        room=() if complete else (Room("/opt", cudnn.disk_mb, "cuDNN", from_wheels=True),),
        findings=tuple(cuda_findings.cudnn(state, plan)),
        seen={"cuDNN": there[0] or "?" if there else "none"},
    )


def _torch(state: HostState, plan: Plan, torch: TorchPlan, rollback: int) -> Part:
    needs = jetson_state.missing_needs(state, torch)
    complete = python_state.complete(state, plan)
    what = f"torch {torch.version}+{torch.variant}"
    venv = next((v for v in state.venvs if v.path == state.current_venv), None)
    return Part(
        "torch",
        asks_repository=bool(needs),
        to_come=(
            *_unless(not needs, f"will install {', '.join(needs)} for torch"),
            *_unless(complete, f"will build {python_state.env_of(plan)} with {what}"),
        ),
        room=() if complete else (Room("/opt", torch.disk_mb, "torch", from_wheels=True),),
        findings=(*environment(state, plan, rollback), *jetpack(state, plan)),
        seen={"torch": venv.packages.get("torch", "none") if venv else "none"},
    )


def _unless(done: bool, said: str) -> tuple[str, ...]:
    return () if done else (said,)
