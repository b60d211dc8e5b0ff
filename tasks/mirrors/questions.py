"""What a mirror is asked for: a file that the plan really wants, and where it lies there. Pure.

Where that is, the resolver says: of each mirror there is a plan that would take from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from stacks.catalog.mirrors import FLAT
from stacks.model import address
from stacks.model.image import ImagePlan
from stacks.model.plan import Plan, Repository
from tasks.hostdata.mirrors import Candidate
from tasks.templates import logins

Form = Literal["page", "apt", "dnf", "file"]
_LOCKED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==", re.MULTILINE)
_FILE = re.compile(r"^\s+# (\S+\.whl)$", re.MULTILINE)
_LARGE = ("triton", "nvidia-cublas-cu12", "sympy", "numpy", "networkx")
"""Packages whose wheels have some megabytes, the largest first."""
WHEELS = ("pypi", "pytorch", "jetson")
"""Kinds of package indexes."""
ALL = (*WHEELS, "redist", "nvidia", "toolkit", "docker")
"""Kinds that a plan may take from. Of registries Docker takes the next by itself."""
NOWHERE = "http://{kind}.invalid/"
"""Address of a mirror that there is not (RFC 2606), by which a plan shows what it takes from it."""


@dataclass(frozen=True)
class Question:
    """What one mirror is asked for, as ``facts/mirrors.sh`` reads it."""

    candidate: Candidate
    form: Form
    index: str = ""
    pattern: str = ""
    """Of the wanted file's name, for ``grep -E``."""
    file: str = ""
    root: str = ""
    wanted: str = ""
    """The file in words."""

    @property
    def line(self) -> str:
        """Its line of the fact's standard input; a login is in it, and in no address."""
        places = (self.index, self.pattern, self.file, self.root)
        login = logins.for_curl(self.candidate.address)
        words = (self.candidate.kind, self.form, *(address.bare(p) or "-" for p in places), login)
        return "\t".join(words) + "\n"

    @property
    def site(self) -> str:
        """The host that is asked, in lower case."""
        return urlsplit(self.index or self.file).hostname or ""


def marked() -> dict[str, str]:
    """``mirrors`` of host data with which a plan shows from which kinds it takes something."""
    return {kind: NOWHERE.format(kind=kind) for kind in ALL}


def wanted_kinds(plan: Plan | ImagePlan) -> frozenset[str]:
    """The kinds that a plan made with `marked` takes something from."""
    places = [repository.address for repository in plan.repositories]
    if plan.torch:
        places += [plan.torch.index or "", plan.torch.default_index or ""]
    if plan.cudnn:
        places += [plan.cudnn.index or "", plan.cudnn.download.url if plan.cudnn.download else ""]
    places += [file.url for file in plan.cuda.downloads] if plan.cuda else []
    return frozenset(kind for kind, at in marked().items() if any(p.startswith(at) for p in places))


def torch_kind(plan: Plan | ImagePlan) -> str:
    """The kind that torch itself comes from, by a plan made with `marked`."""
    at = (plan.torch.index or "") if plan.torch else ""
    return next((kind for kind, start in marked().items() if at.startswith(start)), "pypi")


def question(
    candidate: Candidate, plan: Plan | ImagePlan, lock: str, torch_from: str, default: str | None
) -> Question | None:
    """What this mirror is asked for; None where nothing can be asked.

    Args:
        candidate: The mirror.
        plan: The plan that would take from it.
        lock: Text of the plan's lock; empty where there is none.
        torch_from: The kind that torch itself comes from.
        default: The package index of the host's own settings, for pypi's `UPSTREAM`.
    """
    kind = candidate.kind
    if kind in ("pypi", "pytorch", "jetson"):
        return _wheel(candidate, plan, lock, torch_from == kind, default)
    if kind == "redist":
        files = plan.cuda.downloads if plan.cuda else ()
        only = (plan.cudnn.download,) if plan.cudnn and plan.cudnn.download else ()
        # The longest there is: short ones say little.
        found = max((*files, *only), key=lambda file: file.size or 0, default=None)
        return (
            Question(candidate, "file", file=found.url, wanted=found.path.rpartition("/")[2])
            if found
            else None
        )
    repository = next((r for r in plan.repositories if r.source == kind), None)
    return _of_repository(candidate, repository) if repository else None


def _wheel(
    candidate: Candidate, plan: Plan | ImagePlan, lock: str, has_torch: bool, default: str | None
) -> Question | None:
    torch, cudnn = plan.torch, plan.cudnn
    index: str | None
    if torch is None:
        index = (cudnn.index if cudnn else None) or default
        files: dict[str, str] = {}
        if cudnn and cudnn.wheel:
            package, _, version = cudnn.wheel.split()[0].partition("==")
            files = {package: f"{package.replace('-', '_')}-{version}-"}
    else:
        index = torch.index if has_torch else torch.default_index
        index, files = index or default, locked_files(lock)
    # What is named after torch is where torch is, in the build that is wanted.
    names = ("torch",) if has_torch else (*_LARGE, *files)
    beside = (n for n in names if n in files and (has_torch or not n.startswith("torch")))
    name = next(beside, None)
    if not index or name is None:
        return None
    flat = index.startswith(FLAT)
    base = index.removeprefix(FLAT).rstrip("/")
    end = "" if files[name].endswith(".whl") else r"[A-Za-z0-9_.-]*\.whl"
    pattern = re.escape(files[name]).replace(r"\-", "-").replace(r"\+", r"(\+|%2[Bb])") + end
    page = f"{base}/" if flat else f"{base}/{name}/"
    return Question(candidate, "page", index=page, pattern=pattern, wanted=files[name])


def locked_files(lock: str) -> dict[str, str]:
    """A wheel's file name by package, of a lock that has them below its digests."""
    found = {}
    for block in re.split(r"(?m)^(?=[A-Za-z0-9])", lock):
        name, file = _LOCKED.match(block), _FILE.search(block)
        if name and file:
            found[name[1].lower()] = file[1]
    return found


def _of_repository(candidate: Candidate, repository: Repository) -> Question:
    if repository.kind == "dnf":
        return Question(candidate, "dnf", index=repository.address, wanted="its packages")
    return Question(
        candidate,
        "apt",
        index=repository.index,
        file=repository.packages_index,
        root=repository.address,
        wanted="its packages",
    )
