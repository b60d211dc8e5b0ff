"""The stack that comes nearest to what a host has, and what of it no stack can say. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from stacks.catalog.read import Catalog
from stacks.model.containers import ContainerRequest
from stacks.model.host import HostProfile
from stacks.model.messages import Conflict
from stacks.model.plan import Plan, Resolution
from stacks.model.requests import DriverRequest, Stack
from stacks.resolve import resolve
from stacks.rules.release import named
from stacks.rules.support import FATAL
from tasks.adopt import requests
from tasks.host.components import OURS, Components, Torch

R = TypeVar("R")
_KINDS = (OURS, "system", "venv", "folder", "conda", "user")
"""Of several PyTorches the first of these is adopted: what serves most people."""
_CALLED = {
    OURS: "gpuwright's environment",
    "system": "the distribution's Python",
    "venv": "a virtual environment",
    "folder": "a folder of its own",
    "conda": "a conda environment",
    "user": "one user's own packages",
}


@dataclass(frozen=True)
class Left:
    """Something of the host that the stack does not bring."""

    what: str
    why: str
    loss: bool = True
    """False: good to know, and nothing that the other host would lack."""

    @property
    def text(self) -> str:
        """One sentence."""
        return f"{self.what}: {self.why}"


@dataclass(frozen=True)
class Choice:
    """What was chosen."""

    stack: Stack
    left: tuple[Left, ...]


def chosen(
    seen: Components, profile: HostProfile, catalog: Catalog
) -> Choice | tuple[Conflict, ...]:
    """The stack for another host like this one; the conflicts where even its driver has no plan.

    Each part is added in the form nearest to what is there with which there is still a plan that a
    deploy carries out.

    Args:
        seen: What the host has.
        profile: The host as if it were bare.
        catalog: What the resolver knows.
    """
    profile = named(profile, catalog)
    search = _Search(profile, catalog)
    if conflicts := search.start(requests.drivers(seen.driver, profile.os, profile.arch, catalog)):
        return conflicts
    search.cuda(seen)
    search.cudnn(seen)
    search.torch(seen)
    search.containers(seen)
    return Choice(search.stack, tuple(search.left))


class _Search:
    def __init__(self, profile: HostProfile, catalog: Catalog) -> None:
        self.profile, self.catalog = profile, catalog
        self.stack = Stack("adopted", "", DriverRequest(), None, None, None)
        self.left: list[Left] = []
        self.fatal: frozenset[str] = frozenset()
        """Notices under which deploys refuse this host whatever is asked for."""

    def start(self, asked: Iterable[DriverRequest]) -> tuple[Conflict, ...]:
        """Settle the driver. Returns the conflicts where no request leads to a plan."""
        refusals: list[tuple[Conflict, ...]] = []
        possible: list[tuple[Stack, frozenset[str]]] = []
        for request in asked:
            trial = replace(self.stack, driver=request)
            found = self._resolved(trial)
            if found.plan is None:
                refusals.append(found.conflicts)
                continue
            fatal = _fatal(found.plan)
            possible.append((trial, fatal))
            if not fatal:
                break
        if not possible:
            return refusals[-1] if refusals else ()
        self.stack, self.fatal = min(possible, key=lambda one: len(one[1]))
        return ()

    def cuda(self, seen: Components) -> None:
        """The toolkit: the first of several that fits, those that can compile first."""
        order = sorted(seen.cuda, key=lambda t: (not t.compiles, t.path.startswith("/usr/lib")))
        for found in order:
            what = f"CUDA {found.version} ({found.origin}) in {found.path}"
            if self.stack.cuda is not None:
                why = f"a host has one toolkit, and CUDA {self.stack.cuda.version} is adopted"
                self.left.append(Left(what, why))
            else:
                self._add(
                    what,
                    requests.toolkits(found),
                    lambda request: replace(self.stack, cuda=request),
                )

    def cudnn(self, seen: Components) -> None:
        """CuDNN beside the toolkit."""
        for found in sorted(seen.cudnn, key=lambda c: c.origin != OURS):
            what = f"cuDNN {found.version} ({found.origin}) in {found.path}"
            if self.stack.cudnn is not None:
                why = f"a host has one, and cuDNN {self.stack.cudnn.version} is adopted"
                self.left.append(Left(what, why))
            else:
                self._add(
                    what,
                    requests.cudnns(found),
                    lambda request: replace(self.stack, cudnn=request),
                )

    def torch(self, seen: Components) -> None:
        """PyTorch: of several the one that serves most people."""
        for found in sorted(seen.torch, key=lambda t: _KINDS.index(t.kind)):
            what = f"PyTorch {found.version} in {_CALLED[found.kind]}, {found.path}"
            if self.stack.torch is not None:
                why = (
                    f"a host has one environment, and PyTorch {self.stack.torch.version} is adopted"
                )
                self.left.append(Left(what, why))
                continue
            if why := _no_request(found):
                self.left.append(Left(what, why))
                continue
            self._add(
                what, requests.torches(found), lambda request: replace(self.stack, torch=request)
            )
            if self.stack.torch is not None and found.kind != OURS:
                self.left.append(Left(f"the environment {found.path} itself", _environment(found)))

    def containers(self, seen: Components) -> None:
        """Engines and the toolkit: only together do they make a container host."""
        engines = ", ".join(f"{e.name} {e.version}" for e in seen.engines)
        if not seen.engines:
            if seen.toolkit:
                why = "no container engine is here that could use it"
                self.left.append(Left(f"NVIDIA Container Toolkit {seen.toolkit}", why))
            return
        if seen.toolkit is None:
            why = "NVIDIA Container Toolkit is not here, so no container gets a GPU; "
            why += "deploys/container_host.py brings both"
            self.left.append(Left(engines, why))
            return
        self._add(
            f"{engines} with NVIDIA Container Toolkit {seen.toolkit}",
            requests.containers(seen.engines, seen.toolkit),
            self._with_containers,
        )

    def _with_containers(self, request: ContainerRequest) -> Stack:
        return replace(self.stack, containers=request)

    def _add(self, what: str, asked: Iterable[R], laid: Callable[[R], Stack]) -> None:
        """Take the first request with which a deploy would carry the plan out."""
        why = "no stack can ask for it"
        for trial in _limited(map(laid, asked)):
            found = self._resolved(trial)
            if found.plan is None:
                first = found.conflicts[0]
                news = f"{first.code}: {first.what} {first.why}"
            elif fatal := _fatal(found.plan) - self.fatal:
                notice = next(n for n in found.plan.notices if n.code in fatal)
                news = f"{notice.code}: {notice.what} {notice.why}"
            else:
                self.stack = trial
                return
            why = news if why.startswith("no stack") else why
        self.left.append(Left(what, why))

    def _resolved(self, stack: Stack) -> Resolution:
        return resolve(stack, self.profile, self.catalog)


def _limited(stacks: Iterable[Stack], most: int = 20) -> Iterator[Stack]:
    for number, stack in enumerate(stacks):
        if number < most:
            yield stack


def _fatal(plan: Plan) -> frozenset[str]:
    return frozenset(notice.code for notice in plan.notices if notice.code in FATAL)


def _no_request(found: Torch) -> str:
    if found.from_source:
        return (
            "it was built from source, and environments are made of published wheels alone; ask "
            "for a release by its version in the stack if one will do"
        )
    if found.variant == "cpu" or (found.variant or "").startswith("rocm"):
        return f"it is a build without CUDA ({found.variant})"
    return ""


def _environment(found: Torch) -> str:
    kind = _CALLED[found.kind]
    return (
        f"the same PyTorch comes in gpuwright's own environment and not in {kind}; of the other "
        f"packages there ({max(found.others - 1, 0)}) none is adopted"
    )
