"""How far each part of a plan was carried out, and what is said where that is not all the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stacks.model.containers import ContainerPlan
from stacks.model.plan import CudaPlan, CudnnPlan, DriverPlan, TorchPlan
from stacks.model.support import Level, Part, PartSupport
from stacks.rules.case import Case

FATAL = ("PLAN-ONLY", "LOCK-MISSING")
"""Notices under which a plan is to be read, and deploys refuse the host."""
_BEFOREHAND = ("PART-DOUBLE:", "PART-UNTRIED:")
_REMEDY = (
    "Look at `pyinfra --dry` and try it on one host before the others; `python -m stacks matrix` "
    "shows what was carried out where."
)


def driver(made: DriverPlan) -> str:
    """``580.178.04 open nvidia``."""
    built = "" if made.modules == "dkms" else " signed"
    return f"{made.version} {made.flavour} {made.origin}{built}"


def cuda(made: CudaPlan) -> str:
    """``11.8 debian compile``."""
    return f"{made.version} {made.origin} {made.purpose}"


def cudnn(made: CudnnPlan) -> str:
    """``8.9.6.50 wheels``."""
    return f"{made.version} {made.origin}"


def torch(made: TorchPlan) -> str:
    """``torch-2.9.1-cu128-cp311-x86_64``: the lock's name, which says all that it depends on."""
    return made.lock.removesuffix(".txt")


def containers(made: ContainerPlan) -> Iterator[tuple[Part, str]]:
    """``docker``, ``20.10.24 distribution``, and so on; the toolkit by its version alone."""
    for engine in made.engines:
        yield engine.engine, f"{engine.version} {engine.origin}"
    yield "toolkit", made.toolkit.version


def without_forecast(notes: list[str]) -> list[str]:
    """The notes of a host that was judged: its verdict says what came of parts untried before."""
    return [note for note in notes if not note.startswith(_BEFOREHAND)]


def of_host(
    case: Case,
    driver_plan: DriverPlan | None,
    cuda_plan: CudaPlan | None,
    cudnn_plan: CudnnPlan | None,
    torch_plan: TorchPlan | None,
    container_plan: ContainerPlan | None,
) -> tuple[PartSupport, ...]:
    """How far each of these parts was carried out on such a host; says where that is not enough."""
    parts: dict[Part, str] = {}
    if driver_plan:
        parts["driver"] = driver(driver_plan)
    if cuda_plan:
        parts["cuda"] = cuda(cuda_plan)
    if cudnn_plan:
        parts["cudnn"] = cudnn(cudnn_plan)
    if torch_plan:
        parts["torch"] = torch(torch_plan)
    if container_plan:
        parts.update(containers(container_plan))
    jetson = case.profile.jetson_l4t
    found = _supported(case, f"jetson-{jetson}" if jetson else case.profile.os, parts)
    _tell(case, f"Jetson Linux {jetson}" if jetson else case.host, found)
    return found


def of_image(
    case: Case, cuda_plan: CudaPlan | None, cudnn_plan: CudnnPlan | None, torch_plan: TorchPlan
) -> tuple[PartSupport, ...]:
    """How far the image with these parts was built; says where it was not."""
    what = torch(torch_plan)
    if cuda_plan:
        what += f", CUDA {cuda(cuda_plan)}"
    if cudnn_plan:
        what += f", cuDNN {cudnn(cudnn_plan)}"
    found = _supported(case, case.profile.os, {"image": what})
    _tell(case, case.host, found)
    return found


def _supported(case: Case, release: str, parts: Mapping[Part, str]) -> tuple[PartSupport, ...]:
    rows = []
    for part, what in parts.items():
        proof = case.catalog.support.proof(release, case.profile.arch, part, what)
        level: Level = proof.level if proof else "plan"
        rows.append(PartSupport(part, what, level, proof.test if proof else ""))
    return tuple(rows)


def _tell(case: Case, where: str, found: tuple[PartSupport, ...]) -> None:
    if any(notice.code in FATAL for notice in case.notices):
        return  # no run comes, of which this would be said beforehand
    where = f"{where}, {case.profile.arch}"
    untried = [f"{row.part} {row.what}" for row in found if row.level == "plan"]
    doubles = [f"{row.part} {row.what}" for row in found if row.level == "double"]
    if untried:
        case.notice(
            "PART-UNTRIED",
            f"No test of this release has carried out on {where}: {'; '.join(untried)}.",
            "The catalogue has its names, versions and digests, and the same steps are carried out "
            "elsewhere; on such a host this run would be the first.",
            _REMEDY,
        )
    if doubles:
        case.notice(
            "PART-DOUBLE",
            f"Carried out with stand-ins only on {where}: {'; '.join(doubles)}.",
            "Where the tests run, the real repository or the real release cannot be had; names, "
            "versions and dependencies are those of the real ones (docs/sandbox.md).",
            _REMEDY,
        )
