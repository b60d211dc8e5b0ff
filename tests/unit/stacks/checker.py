"""A second opinion on plans, written apart from the resolver.

It reads the catalogue's YAML itself and knows nothing of the resolver's modules but the values that
it is given. `faults` lists every constraint that a plan breaks.
"""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from packaging.version import Version

from stacks.model.host import HostProfile
from stacks.model.plan import Plan
from stacks.model.requests import Stack
from tests.unit.stacks.container_checker import faults as container_faults

FOLDER = Path(__file__).parents[3] / "stacks" / "catalog"
# Not every build of PyYAML has libyaml, which takes a tenth of the time.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _read(name: str) -> Any:
    return yaml.load((FOLDER / f"{name}.yaml").read_text(), _LOADER)


GPUS = _read("gpus")
CUDA = _read("cuda")
CUDNN = _read("cudnn")
TORCH = _read("pytorch")
DISTRIBUTIONS = _read("distributions")["distributions"]
SETS = _read("driver_sets")["sets"]
KEYS = {row["fingerprint"] for row in _read("repositories")["keys"].values()}
JETSON = _read("jetson")
PCI = {pci: key for key, row in GPUS["models"]["rows"].items() for pci in row.get("pci", ())}

UNKNOWN = {"name": "unknown", "generation": "blackwell"}
"""No list has it: a card without an id, or with one above all others, is of the newest age."""


def faults(plan: Plan, stack: Stack, profile: HostProfile) -> list[str]:
    """Every constraint of the catalogue that the plan breaks, in words."""
    keys = {
        gpu.model or PCI.get((gpu.pci_id or "").lower(), "unknown")
        for gpu in (*profile.gpus, *profile.expected_gpus)
    }
    first = GPUS["first_branches"]["rows"]
    rows = GPUS["models"]["rows"]
    cards = [{**rows.get(key, UNKNOWN), "first_branch": first.get(key, "0")} for key in keys]
    found: list[str] = []
    if not cards and profile.jetson_l4t is None:
        found.append("a plan without a GPU")
    asked = stack if stack.native else replace(stack, cuda=None, cudnn=None, torch=None)
    if (plan.cuda is None) != (asked.cuda is None):
        found.append("CUDA was dropped or added")
    if (plan.cudnn is None) != (asked.cudnn is None):
        found.append("cuDNN was dropped or added")
    if (plan.torch is None) != (asked.torch is None):
        found.append("PyTorch was dropped or added")
    if (plan.containers is None) != (stack.containers is None):
        found.append("containers were dropped or added")
    found += container_faults(plan, stack, profile)
    if profile.jetson_l4t is None:
        found += _driver(plan, stack, profile, cards)
        found += _cuda(plan, stack, profile, cards)
        found += _cudnn(plan, stack, profile)
        found += _torch(plan, stack, profile, cards)
        found += _repositories(plan, profile)
    else:
        found += _jetson(plan, profile, cards)
    return found


def _driver(plan: Plan, stack: Stack, profile: HostProfile, cards: list[Any]) -> list[str]:
    driver = plan.driver
    if driver is None:
        return ["no driver"]
    found = []
    floors = []
    if plan.cuda:
        floors.append(CUDA["floors"]["rows"][plan.cuda.version.split(".")[0]])
    if plan.torch:
        release = TORCH["releases"][".".join(plan.torch.version.split(".")[:2])]
        floors.append(release["variants"][plan.torch.variant]["floor"])
    for card in cards:
        generation = GPUS["generations"]["rows"][card["generation"]]
        if card.get("soc"):
            found.append("a Jetson's GPU outside of a Jetson")
        if driver.flavour not in generation["flavours"]:
            found.append(f"{card['name']} with the {driver.flavour} module")
        if card.get("open_required") and driver.flavour != "open":
            found.append(f"{card['name']} without the open module")
        if int(driver.branch) > int(generation.get("last_branch", "9999")):
            found.append(f"{card['name']} is dropped by {driver.branch}")
        if int(driver.branch) < int(card["first_branch"]):
            found.append(f"{card['name']} is unknown to {driver.branch}")
        floors.append(card["first_branch"])
    for floor in floors:
        if Version(driver.version) < Version(floor):
            found.append(f"driver {driver.version} below {floor}")
        if Version(driver.floor or "0") < Version(floor):
            found.append(f"the stated floor {driver.floor} is below {floor}")
    request = stack.driver
    if request.branch not in (None, driver.branch) or request.flavour not in (None, driver.flavour):
        found.append("the request for a driver is not followed")
    if request.version not in (None, driver.version):
        found.append("the request for the driver's version is not followed")
    if request.origin not in (None, driver.origin):
        found.append("the request for the driver's origin is not followed")
    offers = [
        offer
        for offer in DISTRIBUTIONS[profile.os]["drivers"]
        if (offer["branch"], _origin(offer), offer["flavour"])
        == (driver.branch, driver.origin, driver.flavour)
        and driver.version in (offer["version"], *_versions(stack, profile))
        and profile.arch in offer.get("arches", ["x86_64", "aarch64"])
    ]
    if not offers:
        return [*found, f"{driver.version} from {driver.origin} is not on offer"]
    offer = offers[0]
    security = profile.security_pocket is not False
    if offer.get("unsatisfiable_with_security") and security:
        found.append("a package that apt cannot install")
    if offer.get("pocket") == "security" and not security:
        found.append("a version of a pocket that the host does not have")
    next_boot = profile.kernel_next_boot or (profile.kernels[-1] if profile.kernels else None)
    for kernel in filter(None, [next_boot]):
        base = Version(kernel.split("-")[0].split("+")[0])
        if "kernel_refused" in offer and base >= Version(offer["kernel_refused"]):
            found.append(f"kernel {kernel} is known not to build")
    found += _move(plan, stack, profile)
    if driver.modules == "precompiled":
        if driver.headers or not any(
            p.startswith("linux-modules-nvidia-") for p in driver.packages
        ):
            found.append("signed modules with headers, or none at all")
    elif len(set(driver.headers)) != len(driver.headers):
        found.append("the same headers twice")
    elif not driver.headers and not profile.kernels and not profile.kernel_next_boot:
        found.append("no headers for a host whose kernels are not known")
    return found


def _versions(stack: Stack, profile: HostProfile) -> list[str]:
    """What may be in the plan instead of the catalogue's version: asked for, or there."""
    there = profile.driver.version if profile.driver else None
    return [version for version in (stack.driver.version, there) if version]


def _repositories(plan: Plan, profile: HostProfile) -> list[str]:
    taken: set[str] = set()
    for part in (plan.driver, plan.cuda, plan.cudnn):
        if part is not None and part.origin == "nvidia":
            taken |= {*part.packages}
    if plan.driver is not None:
        taken |= {*plan.driver.pinning}
    sources = [r for r in plan.repositories if r.source == "nvidia"]
    if not taken:
        return ["a repository that nothing is taken from"] if sources else []
    if len(sources) != 1:
        return ["packages of NVIDIA's, and not one repository"]
    (source,) = sources
    found = [
        f"{name} may not be taken"
        for name in taken
        if not any(fnmatchcase(name, pattern) for pattern in source.packages)
    ]
    trusted = set(profile.fingerprints.get("nvidia") or KEYS)
    if not source.fingerprints or not set(source.fingerprints) <= trusted:
        found.append("a key that nobody pinned")
    if any(fnmatchcase(trap, p) for p in source.packages for trap in ("cuda", "linux-image-x")):
        found.append("more may be taken than the plan needs")
    return found


def _move(plan: Plan, stack: Stack, profile: HostProfile) -> list[str]:
    there, driver, request = profile.driver, plan.driver, stack.driver
    if there is None or driver is None:
        return []
    branch = there.version.split(".")[0]
    said = f"{branch} from {there.origin}"
    if there.origin == "unknown":
        return [] if branch == driver.branch else ["a driver of nobody knows where is replaced"]
    if (branch, there.origin) == (driver.branch, driver.origin):
        return [] if not driver.replaces else ["a driver is replaced by itself"]
    found = []
    if there.origin not in ("debian", "nvidia", "ubuntu"):
        found.append(f"a driver from {there.origin} is replaced")
    if driver.replaces != said:
        found.append("a driver from elsewhere is left on the host")
    if branch == driver.branch and not request.origin:
        found.append("an origin is changed unasked")
    if there.origin == driver.origin and not (request.branch or request.version):
        found.append("a branch is changed unasked")
    if not (request.branch or request.version or request.origin):
        found.append("a driver is moved unasked")
    return found


def _origin(offer: Any) -> str:
    return str(SETS[offer["set"]]["origin"] if "set" in offer else offer["origin"])


def _cuda(plan: Plan, stack: Stack, profile: HostProfile, cards: list[Any]) -> list[str]:
    cuda, request = plan.cuda, stack.cuda
    if cuda is None or request is None:
        return []
    found = []
    toolkit = CUDA["toolkits"]["rows"][cuda.version]
    newest = max(Version(sm) for sm in toolkit["sm"])
    for card in cards:
        if Version(card.get("sm", "0")) > newest:
            found.append(f"CUDA {cuda.version} cannot compile for {card['name']}")
    if request.version != cuda.version or request.origin not in (None, cuda.origin):
        found.append("the request for CUDA is not followed")
    if f"cuda.{cuda.origin}" in DISTRIBUTIONS[profile.os].get("refused", {}):
        found.append(f"CUDA from {cuda.origin} is refused here")
    if request.purpose == "compile" and cuda.purpose != "compile":
        found.append("compiling is a must and was dropped")
    if cuda.purpose == "compile":
        compilers = [
            row
            for row in DISTRIBUTIONS[profile.os]["compilers"]
            if row["path"] == cuda.host_compiler
        ]
        if not compilers:
            return [*found, "a host compiler that the distribution does not have"]
        low, high = toolkit[compilers[0]["kind"]]
        if not low <= compilers[0]["major"] <= high:
            found.append("a host compiler that nvcc refuses")
        if not cuda.nvcc:
            found.append("compiling without nvcc")
    elif cuda.nvcc:
        found.append("runtime only, with nvcc")
    if cuda.origin == "redist":
        known = CUDA["redist"][cuda.version]["files"][profile.arch]
        for download in cuda.downloads:
            if known[download.name]["sha256"] != download.sha256:
                found.append(f"{download.name} has another digest")
        if not cuda.downloads:
            found.append("redist without a download")
    elif not cuda.packages:
        found.append("CUDA without packages")
    return found


def _cudnn(plan: Plan, stack: Stack, profile: HostProfile) -> list[str]:
    cudnn, request = plan.cudnn, stack.cudnn
    if cudnn is None or request is None:
        return []
    found = []
    rows = {v: row for series in CUDNN["series"].values() for v, row in series["rows"].items()}
    row = rows[cudnn.version]
    if not f"{cudnn.version}.".startswith(f"{request.version}."):
        found.append("another cuDNN than asked")
    if request.origin not in (None, cudnn.origin):
        found.append("the request for cuDNN's origin is not followed")
    if cudnn.origin == "wheels" and (
        profile.arch not in row.get("wheel_arches", ()) or cudnn.wheel != row["wheel"]
    ):
        found.append("a cuDNN wheel that does not exist")
    if cudnn.origin == "redist" and (
        cudnn.download is None or cudnn.download.sha256 != row["redist"][profile.arch]["sha256"]
    ):
        found.append("a cuDNN tarball that does not exist")
    return found


def _torch(plan: Plan, stack: Stack, profile: HostProfile, cards: list[Any]) -> list[str]:
    torch, request = plan.torch, stack.torch
    if torch is None or request is None:
        return []
    found = []
    release = TORCH["releases"][".".join(torch.version.split(".")[:2])]
    dist = DISTRIBUTIONS[profile.os]
    variant = release["variants"].get(torch.variant)
    if variant is None or profile.arch not in variant["sm"]:
        return [f"no build {torch.variant} for {profile.arch}"]
    if torch.version not in release["versions"] or torch.version != request.version:
        found.append("another PyTorch than asked")
    if request.variant not in (None, torch.variant) or request.python not in (None, torch.python):
        found.append("the request for PyTorch is not followed")
    if torch.python not in release["pythons"]:
        found.append(f"no wheel for Python {torch.python}")
    if torch.python not in {*dist["pythons"], *(profile.pythons or ())}:
        found.append(f"no Python {torch.python} on the host")
    if Version(profile.glibc or dist["glibc"]) < Version(release["glibc"]):
        found.append("the C library is too old")
    serves = release["default_index"][profile.arch]
    if serves != torch.variant and not (torch.index or "").endswith(f"/{torch.variant}"):
        found.append(f"the default index serves {serves}, not {torch.variant}")
    if request.index == "pypi" and serves != torch.variant:
        found.append("the default index is asked for and does not serve it")
    if request.build != "wheel" or request.cudnn not in (None, torch.cudnn.split(".")[0]):
        found.append("a build that does not exist is planned")
    if (torch.cuda, torch.cudnn) != (variant["cuda"], variant["cudnn"]):
        found.append("another CUDA or cuDNN than the wheel's")
    for card in cards:
        if "sm" not in card:
            continue
        major, minor = card["sm"].split(".")
        codes = [sm.split(".") for sm in variant["sm"][profile.arch]]
        if not any(m == major and int(n) <= int(minor) for m, n in codes):
            found.append(f"{torch.variant} has no code for {card['name']}")
    there = (FOLDER.parent / "locks" / torch.lock).exists()
    if torch.locked != there:
        found.append("the lock is said to be there and is not, or the other way round")
    if not torch.locked and "LOCK-MISSING" not in [notice.code for notice in plan.notices]:
        found.append("the missing lock is not said")
    return found


def _jetson(plan: Plan, profile: HostProfile, cards: list[Any]) -> list[str]:
    found = []
    line = JETSON["lines"][(profile.jetson_l4t or "").split(".")[0]]
    if plan.driver is not None or plan.cudnn is not None:
        found.append("a driver or a cuDNN on a Jetson")
    if plan.cuda and (plan.torch or plan.cuda.version != line.get("toolkit", {}).get("version")):
        found.append("a CUDA that this JetPack cannot take, or beside PyTorch")
    if plan.jetson is None or "nvidia-l4t-*" not in plan.jetson.held:
        found.append("Jetson Linux is not held")
    if profile.arch != "aarch64":
        found.append("a Jetson that is not aarch64")
    if any(card.get("soc") not in line["socs"] for card in cards):
        found.append("a chip that this Jetson Linux does not run on")
    if plan.torch and plan.torch.variant != line["torch"]["variant"]:
        found.append("a PyTorch that this JetPack does not run")
    return found
