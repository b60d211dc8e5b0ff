"""What a Jetson can have instead of what it cannot: CUDA alone, or PyTorch alone."""

from __future__ import annotations

from dataclasses import dataclass

from stacks.catalog.hardware import JetsonLine
from stacks.catalog.read import Catalog
from stacks.model.change import Change, Way
from stacks.model.versions import minor
from stacks.rules.case import Case, numbers


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

    def torch_alone(self, l4t: str) -> Way:
        """The remedy that takes PyTorch, on this Jetson Linux; empty: on the one that is there."""
        return Way(
            f"PyTorch {self.torch} alone, on JetPack {self.torch_jetpacks}, with a CUDA of "
            f"{' or '.join(self.torch_cudas)}: {{how}}. "
            "What that gives: `python -m stacks explain jetson-torch-2.9 --jetson "
            f"{l4t or '36.4.7'}`.",
            Change({}, "jetson-torch-2.9", {"jetson_l4t": l4t} if l4t else {}),
        )

    def cuda_alone(self, l4t: str) -> Way:
        """The remedy that takes CUDA, on this Jetson Linux; empty: on the one that is there."""
        return Way(
            f"CUDA {self.cuda} alone, on JetPack {self.cuda_jetpack} (L4T {self.cuda_l4t}): "
            "{how}. What that gives: "
            f"`python -m stacks explain jetson-cuda-11.8 --jetson {l4t or '35.4.1'}`.",
            Change({}, "jetson-cuda-11.8", {"jetson_l4t": l4t} if l4t else {}),
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


def with_torch(case: Case) -> str:
    """The newest Jetson Linux of this board's chip that PyTorch runs on; else the newest of all."""
    lines = case.catalog.jetson.lines
    chips = {card.model.soc for card in case.cards} or {case.profile.jetson_soc}
    able = [
        l4t
        for l4t, release in case.catalog.jetson.releases.items()
        if (line := lines.get(l4t.split(".")[0])) and line.torch and release.torch
    ]
    mine = [l4t for l4t in able if chips & {*lines[l4t.split(".")[0]].socs}]
    return (mine or able)[-1]


def with_cuda(case: Case) -> str:
    """The newest Jetson Linux that a CUDA toolkit can be installed over."""
    lines, releases = case.catalog.jetson.lines, case.catalog.jetson.releases
    return [l4t for l4t in releases if (r := lines.get(l4t.split(".")[0])) and r.toolkit][-1]


def own_gpu(case: Case, line: JetsonLine) -> list[Way]:
    """Name a GPU that this Jetson Linux runs on; none where the chip itself is of another one."""
    if case.profile.jetson_soc not in (None, *line.socs):
        return []
    models = case.catalog.gpus.models.rows
    own = [key for key, model in models.items() if model.soc in line.socs][-1:]
    return [Way("Name the Jetson's own GPU: {how}.", Change.to(gpus=(key,))) for key in own]


def takes_cuda(case: Case) -> bool:
    """Whether the Jetson Linux that takes a toolkit runs on this board's chip."""
    socs = case.catalog.jetson.lines[with_cuda(case).split(".")[0]].socs
    return all(card.model.soc in socs for card in case.cards)


def newer(case: Case) -> list[str | Way]:
    """Flash the newest Jetson Linux of this chip that a stack serves."""
    text = (
        "Flash JetPack 5, 6 or 7 where NVIDIA has it for this board (Orin: 5, 6 and 7.2, Xavier: "
        "5, Nano and TX2: none)"
    )
    chips = {case.profile.jetson_soc}
    lines = case.catalog.jetson.lines
    able = [
        l4t
        for l4t in case.catalog.jetson.releases
        if (line := lines.get(l4t.split(".")[0])) and not line.ended and chips & {*line.socs}
    ]
    return [Way(f"{text}, {{how}}.", Change.to(jetson_l4t=able[-1]))] if able else [f"{text}."]
