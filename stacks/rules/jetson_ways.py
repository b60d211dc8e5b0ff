"""What a Jetson can have instead of what it cannot: CUDA alone, or PyTorch alone."""

from __future__ import annotations

from dataclasses import dataclass

from stacks.catalog.read import Catalog
from stacks.model.versions import minor
from stacks.rules.case import numbers


@dataclass(frozen=True)
class Ways:
    """The two, and what each needs. All of it is the catalogue's."""

    cuda: str
    """The CUDA that can be installed over a JetPack: ``11.8``."""
    cuda_jetpack: str
    """That JetPack's major: ``5``."""
    cuda_l4t: str
    torch: str
    """The PyTorch that runs on Jetsons, without its patch: ``2.9``."""
    torch_jetpacks: str
    """Majors of the JetPacks that it runs on, in words: ``6 or 7``."""
    torch_cudas: tuple[str, ...]
    """The CUDAs that it was built with, oldest first."""
    python: str
    """The oldest Python that it runs on."""

    @property
    def torch_alone(self) -> str:
        """The remedy that takes PyTorch."""
        return (
            f"PyTorch {self.torch} alone, on JetPack {self.torch_jetpacks}, with a CUDA of "
            f"{' or '.join(self.torch_cudas)}: stack `jetson-torch-2.9`. "
            "What that gives: `python -m stacks explain jetson-torch-2.9 --jetson 36.4.7`."
        )

    @property
    def cuda_alone(self) -> str:
        """The remedy that takes CUDA."""
        return (
            f"CUDA {self.cuda} alone, on JetPack {self.cuda_jetpack} (L4T {self.cuda_l4t}): stack "
            "`jetson-cuda-11.8`. What that gives: "
            "`python -m stacks explain jetson-cuda-11.8 --jetson 35.4.1`."
        )


def ways(catalog: Catalog) -> Ways:
    """What the catalogue knows of both."""
    lines = catalog.jetson.lines
    l4t, toolkit = next((key, line) for key, line in lines.items() if line.toolkit)
    assert toolkit.toolkit is not None
    builds = [(line.jetpack, line.torch) for line in lines.values() if line.torch]
    release = minor(builds[0][1].version)
    variants = catalog.pytorch.releases[release].variants
    return Ways(
        cuda=toolkit.toolkit.version,
        cuda_jetpack=toolkit.jetpack.partition(".")[0],
        cuda_l4t=l4t,
        torch=release,
        torch_jetpacks=" or ".join(dict.fromkeys(j.partition(".")[0] for j, _ in builds)),
        torch_cudas=tuple(sorted({variants[t.variant].cuda for _, t in builds}, key=numbers)),
        python=min(catalog.pytorch.releases[release].pythons, key=numbers),
    )
