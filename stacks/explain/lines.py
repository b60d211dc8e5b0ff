"""The lines of a plan: a name, what is planned, and what that consists of."""

from __future__ import annotations

from collections.abc import Iterable

from stacks.model.containers import ContainerPlan
from stacks.model.image import ImagePlan
from stacks.model.plan import CudaPlan, CudnnPlan, DriverPlan, JetsonPlan, Repository, TorchPlan
from stacks.rules.injection import CDI_ASK

Row = tuple[str, str, str]
"""Name, what, detail; the detail may be empty."""


def repository(source: Repository) -> list[Row]:
    """Where packages come from, and the key they are trusted by."""
    keys = " or ".join(source.fingerprints)
    where = " ".join(filter(None, (source.address, source.suite, source.component)))
    return [("Source", where, f"signed by {source.key_address}, trusted only as {keys}")]


def driver(made: DriverPlan) -> list[Row]:
    """The driver and what must happen before it."""
    how = "" if made.modules == "dkms" else ", built and signed by the distribution"
    rows = [
        (
            "Driver",
            f"{made.version}, {made.flavour} module, from {made.origin}{how}",
            " ".join((*made.packages, *made.headers)),
        )
    ]
    if made.replaces:
        rows.append(("", f"takes the place of {made.replaces}", ""))
    if made.pinning:
        rows.append(("", f"pinned before anything else by {' '.join(made.pinning)}", ""))
    if made.stream:
        rows.append(("", f"module stream {made.stream}", ""))
    return rows


def jetson(own: JetsonPlan) -> list[Row]:
    """What JetPack brings itself."""
    brings = f"CUDA {own.cuda}, cuDNN {own.cudnn or '?'}"
    return [("JetPack", f"{own.jetpack} brings {brings}", f"held: {' '.join(own.held)}")]


def software(cuda: CudaPlan | None, cudnn: CudnnPlan | None, torch: TorchPlan | None) -> list[Row]:
    """CUDA, cuDNN and PyTorch."""
    rows = []
    if cuda:
        what = "compiles and runs" if cuda.purpose == "compile" else "runtime only"
        files = " ".join(cuda.packages) or (
            f"{len(cuda.downloads)} component tarballs, "
            f"{sum(d.size or 0 for d in cuda.downloads) // 10**6} MB, checked by sha256"
        )
        rows.append(
            (
                "CUDA",
                f"{cuda.version} ({cuda.release}), {what}, from {cuda.origin}",
                " ".join((files, *cuda.compiler_packages)),
            )
        )
    if cudnn:
        rows.append(
            (
                "cuDNN",
                f"{cudnn.version}, from {cudnn.origin}",
                cudnn.wheel.split()[0]
                if cudnn.wheel
                else cudnn.download.path
                if cudnn.download
                else " ".join(cudnn.packages),
            )
        )
    if torch:
        locked = "hash-locked" if torch.locked else "NOT hash-locked"
        rows.append(
            (
                "PyTorch",
                f"{torch.version}+{torch.variant}, Python {torch.python}, {locked}",
                " ".join(
                    (f"from {torch.index or 'the configured package index'}",)
                    + _companions(torch)
                    + ((f"with {' '.join(torch.needs)}",) if torch.needs else ())
                ),
            )
        )
    return rows


def _companions(torch: TorchPlan) -> tuple[str, ...]:
    there = [
        f"{n} {torch.packages[n]}" for n in ("torchvision", "torchaudio") if n in torch.packages
    ]
    return (f"and with it {', '.join(there)}",) if there else ()


def containers(made: ContainerPlan) -> list[Row]:
    """Engines, toolkit, and how a container gets GPUs."""
    rows = []
    for engine in made.engines:
        origin = "Docker's repository" if engine.origin == "docker" else "the distribution"
        name = "Docker" if engine.engine == "docker" else engine.engine
        rows.append((name[:9], f"{engine.version}, from {origin}", " ".join(engine.packages)))
    rows.append(
        (
            "Toolkit",
            f"{made.toolkit.version}, all packages of one version",
            " ".join(made.toolkit.packages),
        )
    )
    switches = [f"daemon.json: features.{name}" for name, on in made.features.items() if on]
    switches += [f"nvidia-ctk cdi generate --feature-flag {flag}" for flag in made.cdi_flags]
    engines = {engine.engine for engine in made.engines}
    asks = [f"docker run {' '.join(made.ask)} …"] if "docker" in engines else []
    asks += [f"podman run {' '.join(CDI_ASK)} …"] if "podman" in engines else []
    rows.append(("GPUs", ", ".join(asks) or "by CDI names", "; ".join(switches)))
    return rows


def image(made: ImagePlan) -> list[Row]:
    """All lines of an image's plan."""
    rows = [("Base", f"{made.base} ({made.os})", "")]
    rows += [row for source in made.repositories for row in repository(source)]
    rows += software(made.cuda, made.cudnn, made.torch)
    locked = "hash-locked" if made.service.locked else "NOT hash-locked"
    what = ", ".join(f"{name} {version}" for name, version in made.service.packages.items())
    rows.append(("Services", f"{what}, {locked}", made.service.lock))
    rows.append(disk(p.disk_mb for p in (made.cuda, made.cudnn, made.torch) if p))
    what = "of the plan; the image's own exact tag is over the files of its build as well"
    rows.append(("Digest", made.digest[:12], what))
    return rows


def disk(sizes_mb: Iterable[int]) -> Row:
    """The room that all parts need together."""
    return ("Disk", f"about {sum(sizes_mb) / 1000:.1f} GB", "")
