"""The plan's exact versions beside what its repositories offer."""

from __future__ import annotations

from stacks.model.containers import ContainerPlan
from stacks.model.plan import CudaPlan, CudnnPlan, DriverPlan, TorchPlan
from stacks.model.versions import matches
from stacks.rules.case import Case, numbers


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
    remedies = []
    if part == "driver" and driver is not None:
        newer = _newest(offered.get(driver.packages[0], ()), driver.branch)
        if newer not in ("", driver.version):
            remedies.append(
                f'Take a version that is there: `driver_version: "{newer}"` in the host data, '
                f"`version` in the stack's `driver`, `--driver {newer}`."
            )
    kind = {"container toolkit": "toolkit", "docker": "docker"}.get(part, "nvidia")
    owner = "Docker" if kind == "docker" else "NVIDIA"
    if kind != "nvidia":
        there = offered.get(gone[0][0], ())
        newest = max((v.split(":")[-1].split("-")[0] for v in there), key=numbers, default="")
        if newest:
            remedies.append(
                f'Take a version that is there: `{kind}_version: "{newest}"` in the host data.'
            )
    remedies.append(
        f"Use a mirror that keeps old versions: `mirrors: {{{kind}: ADDRESS}}` in the host data."
    )
    elsewhere = {
        "driver": "`--origin driver=…`.",
        "CUDA": "`cuda_origin: redist`, which has the same files by sha256.",
        "cuDNN": "`cudnn_origin: wheels`.",
        "docker": "`docker_origin: distribution`.",
    }
    if part in elsewhere and case.profile.jetson_l4t is None:  # a Jetson has no other source
        remedies.append(f"Take it from elsewhere: {elsewhere[part]}")
    case.conflict(
        "VERSION-GONE",
        f"{owner}'s repository lacks {len(gone)} of {of} packages of the planned {part}.",
        f"{listed}{more}.",
        *remedies,
    )


def _newest(versions: tuple[str, ...], branch: str) -> str:
    """The newest driver version of the branch among package versions, without their revision."""
    plain = {v.split(":", 1)[-1].rsplit("-", 1)[0] for v in versions}
    mine = sorted((v for v in plain if v.startswith(f"{branch}.")), key=numbers)
    return mine[-1] if mine else ""
