"""The plan's exact versions beside what its repositories offer."""

from __future__ import annotations

import re

from stacks.model.change import Change, Way
from stacks.model.containers import ContainerPlan
from stacks.model.plan import CudaPlan, CudnnPlan, DriverPlan, TorchPlan
from stacks.model.versions import matches
from stacks.rules.case import Case, numbers

_WHOLE = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
"""As `docker_version` and `toolkit_version` have to be."""
_THERE = "Take a version that is there: {how}."


def check(
    case: Case,
    driver: DriverPlan | None,
    cuda: CudaPlan | None,
    cudnn: CudnnPlan | None,
    torch: TorchPlan | None = None,
    containers: ContainerPlan | None = None,
) -> None:
    """VERSION-GONE for each part that wants a version which the planned repositories lack.

    Only further repositories are asked (`HostProfile.available`); archives of distributions have
    one version, and apt names it.
    """
    offered = case.profile.available
    if offered is None:
        return
    wanted: list[tuple[str, str, str]] = []
    if driver is not None and driver.origin == "nvidia":
        wanted += [("driver", name, text) for name, text in driver.versions.items()]
        wanted += [("driver", name, "*") for name in driver.pinning]
    for part, made in (("CUDA", cuda), ("cuDNN", cudnn)):
        if made is not None and made.origin == "nvidia":
            wanted += [(part, name, text) for name, text in made.versions.items()]
    if torch is not None:
        wanted += [("PyTorch", name, text) for name, text in torch.needs.items() if text]
    if containers is not None:
        toolkit = containers.toolkit.versions
        wanted += [("container toolkit", name, text) for name, text in toolkit.items()]
        for engine in containers.engines:
            wanted += [(engine.engine, name, text) for name, text in engine.versions.items()]
    for part in dict.fromkeys(part for part, _, _ in wanted):
        gone = [
            (name, text)
            for of, name, text in wanted
            if of == part and not any(matches(v, text) for v in offered.get(name, ()))
        ]
        if gone:
            _gone(case, part, driver, gone, len([1 for of, _, _ in wanted if of == part]))


def _gone(
    case: Case, part: str, driver: DriverPlan | None, gone: list[tuple[str, str]], of: int
) -> None:
    offered = case.profile.available or {}
    listed = "; ".join(
        f"{name}: wanted {text}, there {', '.join(offered.get(name, ())[-4:]) or 'nothing'}"
        for name, text in gone[:4]
    )
    more = f"; and {len(gone) - 4} more" if len(gone) > 4 else ""
    remedies: list[str | Way] = []
    if part == "driver" and driver is not None:
        newer = _newest(offered.get(driver.packages[0], ()), driver.branch)
        if newer not in ("", driver.version):
            remedies.append(Way(_THERE, Change.of(driver_version=newer)))
    kind = {"container toolkit": "toolkit", "docker": "docker"}.get(part, "nvidia")
    owner = "Docker" if kind == "docker" else "NVIDIA"
    if kind != "nvidia":
        oldest = case.catalog.containers.toolkit.oldest if kind == "toolkit" else ""
        there = (v.split(":")[-1].split("-")[0] for v in offered.get(gone[0][0], ()))
        able = [v for v in there if _WHOLE.fullmatch(v) and numbers(v) >= numbers(oldest)]
        if newest := max(able, key=numbers, default=""):
            remedies.append(Way(_THERE, Change({f"{kind}_version": newest})))
    remedies += _elsewhere(case, part)
    remedies.append(
        f"Use a mirror that keeps old versions: `mirrors: {{{kind}: ADDRESS}}` in the host data."
    )
    case.conflict(
        "VERSION-GONE",
        f"{owner}'s repository lacks {len(gone)} of {of} packages of the planned {part}.",
        f"{listed}{more}.",
        *remedies,
    )


def _elsewhere(case: Case, part: str) -> list[Way]:
    """The part from each other origin that the distribution has; a Jetson has no other source."""
    dist = case.dist
    if dist is None or case.profile.jetson_l4t is not None:
        return []
    archive = case.catalog.containers.archives.get(case.profile.os)
    origins: dict[str, tuple[str, ...]] = {
        "driver": tuple(offer.origin for offer in dist.drivers),
        "CUDA": tuple(offer.origin for offer in dist.cuda),
        "cuDNN": dist.cudnn,
        "docker": ("distribution",) if archive and archive.docker else (),
    }
    return [
        Way(f"Take it from {origin}: {{how}}.", Change({f"{part.lower()}_origin": origin}))
        for origin in dict.fromkeys(origins.get(part, ()))
        if origin != "nvidia"
    ]


def _newest(versions: tuple[str, ...], branch: str) -> str:
    """The newest driver version of the branch among package versions, without their revision."""
    plain = {v.split(":", 1)[-1].rsplit("-", 1)[0] for v in versions}
    mine = sorted((v for v in plain if v.startswith(f"{branch}.")), key=numbers)
    return mine[-1] if mine else ""
